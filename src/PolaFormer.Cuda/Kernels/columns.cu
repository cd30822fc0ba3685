// Rows of channels, some of them runs of a wider array's columns: sums, gates, rotary encoding, and branches with factors.
#include "vectors.h"

struct ColumnsArguments {
  const float *x, *other, *gate;
  float *y, *gate_gradient;
  long long rows, y_row, gate_row, gate_gradient_row;  // elements from one row to the next
  int width;
};

// y += x.
KERNEL(add_to_columns, ColumnsArguments, 256, 4) {
  if (((a.width | a.y_row) & 3) == 0 && are_aligned<float>(a.x, a.y)) {
    int packs = a.width / 4;
    for (long long i = first_element(); i < a.rows * packs; i += all_threads()) {
      long long row = quotient(i, packs);
      float* at = a.y + row * a.y_row + 4 * (i - row * packs);
      Four x = load_four(a.x + 4 * i), y = load_four(at);
      UNROLL for (int j = 0; j < 4; j++) y.x[j] += x.x[j];
      store_four(at, y);
    }
    return;
  }
  for (long long i = first_element(); i < a.rows * a.width; i += all_threads()) {
    long long row = i / a.width;
    a.y[row * a.y_row + (i - row * a.width)] += a.x[i];
  }
}

// y = x, which is bfloat16.
KERNEL(widen_columns, ColumnsArguments, 256, 4) {
  auto* x = (const bf16*)a.x;
  if (((a.width | a.y_row) & 3) == 0 && are_aligned<bf16>(x) && are_aligned<float>(a.y)) {
    int packs = a.width / 4;
    for (long long i = first_element(); i < a.rows * packs; i += all_threads()) {
      long long row = quotient(i, packs);
      store_four(a.y + row * a.y_row + 4 * (i - row * packs), load_four(x + 4 * i));
    }
    return;
  }
  for (long long i = first_element(); i < a.rows * a.width; i += all_threads()) {
    long long row = i / a.width;
    a.y[row * a.y_row + (i - row * a.width)] = to_float(x[i]);
  }
}

// Of y = other·gate with x = ∂y: ∂other to y, ∂gate.
KERNEL(gate_gradient, ColumnsArguments, 256, 4) {
  if (((a.width | a.gate_row | a.gate_gradient_row) & 3) == 0 && are_aligned<float>(a.x, a.other, a.gate, a.y, a.gate_gradient)) {
    int packs = a.width / 4;
    for (long long i = first_element(); i < a.rows * packs; i += all_threads()) {
      long long row = quotient(i, packs), c = 4 * (i - row * packs);
      Four dy = load_four(a.x + 4 * i), other = load_four(a.other + 4 * i), gate = load_four(a.gate + row * a.gate_row + c);
      UNROLL for (int j = 0; j < 4; j++) gate.x[j] *= dy.x[j], other.x[j] *= dy.x[j];
      store_four(a.y + 4 * i, gate);
      store_four(a.gate_gradient + row * a.gate_gradient_row + c, other);
    }
    return;
  }
  for (long long i = first_element(); i < a.rows * a.width; i += all_threads()) {
    long long row = i / a.width, c = i - row * a.width;
    float dy = a.x[i], other = a.other[i];
    a.y[i] = dy * a.gate[row * a.gate_row + c];
    a.gate_gradient[row * a.gate_gradient_row + c] = dy * other;
  }
}

struct RotateArguments {
  const float *x, *sin, *cos;  // tables: tokens × head_dim
  float* y;
  long long rows, x_row, y_row;
  int tokens, width, head_dim, back;
};

// y = x·cos + rotate(x)·sin with rotate(x₀, x₁) = (−x₁, x₀) of neighbouring channels, or back x·cos − rotate(x·sin).
KERNEL(rotate, RotateArguments, 256, 4) {
  for (long long i = first_element(); i < a.rows * a.width; i += all_threads()) {
    long long row = quotient(i, a.width);
    int c = (int)(i - row * a.width), at = (int)(row - quotient(row, a.tokens) * a.tokens) * a.head_dim + c % a.head_dim;
    const float* x = a.x + row * a.x_row;
    float partner = c & 1 ? x[c - 1] : -x[c + 1];
    a.y[row * a.y_row + c] = a.back ? multiply_add(x[c], a.cos[at], -(partner * a.sin[at ^ 1])) : multiply_add(partner, a.sin[at], x[c] * a.cos[at]);
  }
}

struct BranchArguments {
  const float* residual;
  const void* branch;
  const float *channel_factors, *sample_factors;  // may be null: 1
  float* y;
  float* partial;  // parts × channels
  long long rows, rows_per_sample;
  int channels, parts;
};

DEVICE float factor(const BranchArguments& a, long long row) { return a.sample_factors ? a.sample_factors[a.rows_per_sample >> 31 ? row / a.rows_per_sample : quotient(row, (int)a.rows_per_sample)] : 1.f; }

// y = residual + f·γ·branch; without a residual the last term alone.
template <class T>
DEVICE void add_branch(const BranchArguments& a) {
  auto* branches = (const T*)a.branch;
  if ((a.channels & 3) == 0 && are_aligned<T>(branches) && are_aligned<float>(a.residual, a.channel_factors, a.y)) {
    int packs = a.channels / 4;
    for (long long i = first_element(); i < a.rows * packs; i += all_threads()) {
      long long row = quotient(i, packs);
      float scale = factor(a, row);
      Four branch = load_four(branches + 4 * i), factors = load_four_or(a.channel_factors, 4 * (i - row * packs), 1), y = load_four_or(a.residual, 4 * i, 0);
      UNROLL for (int j = 0; j < 4; j++)
        y.x[j] = a.residual ? multiply_add(branch.x[j], scale * factors.x[j], y.x[j]) : branch.x[j] * (scale * factors.x[j]);
      store_four(a.y + 4 * i, y);
    }
    return;
  }
  for (long long i = first_element(); i < a.rows * a.channels; i += all_threads()) {
    long long row = i / a.channels;
    float scale = factor(a, row) * (a.channel_factors ? a.channel_factors[i - row * a.channels] : 1.f);
    float branch = to_float(branches[i]);
    a.y[i] = a.residual ? multiply_add(branch, scale, a.residual[i]) : branch * scale;
  }
}

KERNEL(add_branch_float, BranchArguments, 256, 4) { add_branch<float>(a); }
KERNEL(add_branch_bf16, BranchArguments, 256, 4) { add_branch<bf16>(a); }

// A thread a channel of a part of the rows: Σ f·branch·∂y, with ∂y in `residual`. sum_parts adds up the parts.
KERNEL(branch_channel_gradient, BranchArguments, 256, 4) {
  long long i = first_element();
  if (i >= (long long)a.parts * a.channels) return;
  long long part = i / a.channels, each = (a.rows + a.parts - 1) / a.parts, from = part * each, to = from + each < a.rows ? from + each : a.rows;
  float sum = 0;
  for (long long row = from; row < to; row++) {
    long long at = row * a.channels + (i - part * a.channels);
    sum = multiply_add(factor(a, row) * ((const float*)a.branch)[at], a.residual[at], sum);
  }
  a.partial[i] = sum;
}
