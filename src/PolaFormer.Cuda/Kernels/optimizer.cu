// Updates of many arrays in one launch: AdamW, gradient descent, moving averages, clipping, and their common norm.
#include "rows.h"

struct Row {
  float *target, *source, *mean, *square;
  long long first;            // number of its first element among all
  const float* rates;         // what changes from step to step
};

// As many rows as the argument of a kernel may hold, by `first`.
struct Table {
  long long total;
  int count;
  Row rows[64];
};

DEVICE const Row& row_of(const Table& table, long long i) {
  int low = 0, high = table.count - 1;
  while (low < high) {
    int middle = (low + high + 1) / 2;
    if (table.rows[middle].first <= i) low = middle;
    else high = middle - 1;
  }
  return table.rows[low];
}

struct AdamWArguments {
  float beta2, beta2_rest, epsilon, gradient_scale;
  Table table;  // weight, gradient, mean, square; rates: rate / (1 − β₁ᵗ), 1 − rate·decay, β₁, 1 − β₁, √(1 − β₂ᵗ)
};

// w −= rate·decay·w; m = β₁·m + (1 − β₁)·g; v = β₂·v + (1 − β₂)·g²; w −= step·m/(√v/√(1 − β₂ᵗ) + ε), each in the processor's order.
KERNEL(adamw, AdamWArguments, 256, 4) {
  for (long long i = first_element(); i < a.table.total; i += all_threads()) {
    const Row& row = row_of(a.table, i);
    long long at = i - row.first;
    float g = row.source[at] * a.gradient_scale, w = row.target[at] * row.rates[1];
    float m = multiply_add(g, row.rates[3], row.mean[at] * row.rates[2]), v = multiply_add(g * g, a.beta2_rest, row.square[at] * a.beta2);
    float denominator = square_root(v) / row.rates[4] + a.epsilon;
    row.target[at] = w - row.rates[0] * (m / denominator), row.mean[at] = m, row.square[at] = v;
  }
}

struct DescentArguments {
  float gradient_scale, momentum;
  int nesterov;
  Table table;  // weight, gradient, velocity as mean; rates: rate, decay
};

// g += decay·w; u = momentum·u + g; w −= rate·u, or ahead along u.
KERNEL(descent, DescentArguments, 256, 4) {
  for (long long i = first_element(); i < a.table.total; i += all_threads()) {
    const Row& row = row_of(a.table, i);
    long long at = i - row.first;
    float w = row.target[at], g = multiply_add(w, row.rates[1], row.source[at] * a.gradient_scale);
    if (a.momentum != 0) {
      float u = multiply_add(row.mean[at], a.momentum, g);
      row.mean[at] = u;
      g = a.nesterov ? multiply_add(u, a.momentum, g) : u;
    }
    row.target[at] = w - row.rates[0] * g;
  }
}

struct AverageArguments {
  Table table;  // target, source; rates: keep, take
};

// target = keep·target + take·source, each product rounded.
KERNEL(move_average, AverageArguments, 256, 4) {
  for (long long i = first_element(); i < a.table.total; i += all_threads()) {
    const Row& row = row_of(a.table, i);
    long long at = i - row.first;
    row.target[at] = rounded_product(row.target[at], row.rates[0]) + rounded_product(row.source[at], row.rates[1]);
  }
}

struct CountAverageArguments {
  long long* target;
  const long long* source;
  const float* rates;  // keep, take
  long long count;
};

// The same of whole numbers, in float and cut.
KERNEL(move_average_of_counts, CountAverageArguments, 256, 4) {
  for (long long i = first_element(); i < a.count; i += all_threads())
    a.target[i] = (long long)(rounded_product((float)a.target[i], a.rates[0]) + rounded_product((float)a.source[i], a.rates[1]));
}

struct ClipArguments {
  const double* norm;  // null: by value
  double largest;
  float limit;
  Table table;  // target
};

// x·f with f = largest / (norm + 10⁻⁶) where that is less than 1, or x held within the limit.
KERNEL(clip, ClipArguments, 256, 4) {
  float factor = a.norm ? (float)(a.largest / (*a.norm + 1e-6)) : 1;
  if (a.norm && factor >= 1) return;
  for (long long i = first_element(); i < a.table.total; i += all_threads()) {
    const Row& row = row_of(a.table, i);
    float x = row.target[i - row.first];
    row.target[i - row.first] = a.norm ? x * factor : x > a.limit ? a.limit : x < -a.limit ? -a.limit : x;
  }
}

struct NormArguments {
  double* partial;  // a number a block
  double* norm;
  int parts;
  Table table;  // target
};

// Σ x² of a block's elements: each thread's in order, then pairs of threads.
KERNEL(squares, NormArguments, 256, 4) {
  auto* sums = (double*)shared_memory();
  double sum = 0;
  for (long long i = first_element(); i < a.table.total; i += all_threads()) {
    const Row& row = row_of(a.table, i);
    double x = row.target[i - row.first];
    sum += x * x;
  }
  sums[thread_index()] = sum;
  for (int half = block_size() / 2; half > 0; half /= 2) {
    block_barrier();
    if (thread_index() < half) sums[thread_index()] += sums[thread_index() + half];
  }
  if (thread_index() == 0) a.partial[block_index()] = sums[0];
}

// √Σ of the blocks' sums, in their order.
KERNEL(norm_of_squares, NormArguments, 32, 1) {
  if (thread_index() != 0) return;
  double sum = 0;
  for (int i = 0; i < a.parts; i++) sum += a.partial[i];
  *a.norm = square_root(sum);
}
