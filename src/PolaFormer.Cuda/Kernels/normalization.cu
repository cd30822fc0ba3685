// Layer normalisation and softmax over the last dimension, a warp or a part of one a row, and batch normalisation of channels. Sums are in float whatever the storage.
#include "rows.h"
#include "vectors.h"

struct LayerNormArguments {
  const void *x, *dy;
  const float *weight, *bias;  // may be null: 1 and 0
  void *y, *dx;
  float *mean, *rstd;          // a row each; written by the forward pass unless null
  float* partial;              // backward: per block, ∂weight and ∂bias
  long long rows;
  int channels;
  float eps;
};

// Rows whose channels stay in registers: Lanes lanes of a warp have a row, each four channels in each of Turns turns.
template <class T, int Lanes, int Turns>
struct RowInRegisters {
  static constexpr int Rows = 32 / Lanes;  // of a warp
  float x[Turns][4];

  DEVICE static int channel(int turn) { return 4 * (turn * Lanes + lane_index() % Lanes); }

  // Zeros behind the channels.
  DEVICE void load(const T* row, int channels) {
    UNROLL for (int t = 0; t < Turns; t++) {
      Four f{};
      if (channel(t) < channels) f = load_four(row + channel(t));
      UNROLL for (int j = 0; j < 4; j++) x[t][j] = f.x[j];
    }
  }

  DEVICE static float sum(float value) {
    UNROLL for (int mask = Lanes / 2; mask > 0; mask /= 2) value += shuffle_xor(value, mask);
    return value;
  }
};

// y = (x − mean)·rstd·weight + bias with rstd = 1/√(variance + eps).
template <class T, class Y, int Lanes, int Turns>
DEVICE void layer_norm_in_registers(const LayerNormArguments& a) {
  using Row = RowInRegisters<T, Lanes, Turns>;
  for (long long first = first_row() * Row::Rows; first < a.rows; first += row_step() * Row::Rows) {
    long long row = first + lane_index() / Lanes;
    bool is_inside = row < a.rows;
    Row x;
    x.load((const T*)a.x + (is_inside ? row : a.rows - 1) * a.channels, a.channels);
    float sum = 0, square = 0;
    UNROLL for (int t = 0; t < Turns; t++) {
      UNROLL for (int j = 0; j < 4; j++) sum += x.x[t][j];
    }
    float mean = Row::sum(sum) / a.channels;
    UNROLL for (int t = 0; t < Turns; t++) {
      UNROLL for (int j = 0; j < 4; j++) {
        x.x[t][j] -= mean;
        if (Row::channel(t) < a.channels) square = multiply_add(x.x[t][j], x.x[t][j], square);
      }
    }
    float rstd = 1 / square_root(Row::sum(square) / a.channels + a.eps);
    if (!is_inside) continue;
    if (a.mean && lane_index() % Lanes == 0) a.mean[row] = mean, a.rstd[row] = rstd;
    UNROLL for (int t = 0; t < Turns; t++) {
      int c = Row::channel(t);
      if (c >= a.channels) continue;
      Four weight = load_four_or(a.weight, c, 1), bias = load_four_or(a.bias, c, 0), y;
      UNROLL for (int j = 0; j < 4; j++) y.x[j] = multiply_add(x.x[t][j] * rstd, weight.x[j], bias.x[j]);
      store_four((Y*)a.y + row * a.channels + c, y);
    }
  }
}

template <class T, class Y>
DEVICE void layer_norm(const LayerNormArguments& a) {
  if (a.channels % 4 == 0 && are_aligned<T>(a.x) && are_aligned<Y>(a.y) && are_aligned<float>(a.weight, a.bias) && a.channels <= 512) {
    if (a.channels <= 64) layer_norm_in_registers<T, Y, 16, 1>(a);
    else if (a.channels <= 128) layer_norm_in_registers<T, Y, 32, 1>(a);
    else if (a.channels <= 256) layer_norm_in_registers<T, Y, 32, 2>(a);
    else layer_norm_in_registers<T, Y, 32, 4>(a);
    return;
  }
  for (long long row = first_row(); row < a.rows; row += row_step()) {
    const T* x = (const T*)a.x + row * a.channels;
    Y* y = (Y*)a.y + row * a.channels;
    float sum = 0, square = 0;
    for (int c = lane_index(); c < a.channels; c += 32) sum += to_float(x[c]);
    float mean = warp_sum(sum) / a.channels;
    for (int c = lane_index(); c < a.channels; c += 32) {
      float d = to_float(x[c]) - mean;
      square = multiply_add(d, d, square);
    }
    float rstd = 1 / square_root(warp_sum(square) / a.channels + a.eps);
    if (a.mean && lane_index() == 0) a.mean[row] = mean, a.rstd[row] = rstd;
    for (int c = lane_index(); c < a.channels; c += 32) {
      float n = (to_float(x[c]) - mean) * rstd;
      y[c] = from_float<Y>(multiply_add(n, a.weight ? a.weight[c] : 1.f, a.bias ? a.bias[c] : 0.f));
    }
  }
}

// With g = dy·weight and n = (x − mean)·rstd: dx = rstd·(g − mean(g) − n·mean(g·n)), ∂weight = Σ dy·n, ∂bias = Σ dy. A lane sums
// up its channels of the rows that it meets, and the block its lanes in their order; sum_parts adds up the blocks.
template <class T, int Lanes, int Turns>
DEVICE void layer_norm_gradient_in_registers(const LayerNormArguments& a) {
  using Row = RowInRegisters<T, Lanes, Turns>;
  float weights[Turns][4] = {}, biases[Turns][4] = {};
  for (long long first = first_row() * Row::Rows; first < a.rows; first += row_step() * Row::Rows) {
    long long row = first + lane_index() / Lanes;
    bool is_inside = row < a.rows;
    if (!is_inside) row = a.rows - 1;
    Row n, dy;
    n.load((const T*)a.x + row * a.channels, a.channels);
    dy.load((const T*)a.dy + row * a.channels, a.channels);
    float mean = a.mean[row], rstd = a.rstd[row], sum = 0, dot = 0;
    UNROLL for (int t = 0; t < Turns; t++) {
      int c = Row::channel(t);
      Four weight = c < a.channels ? load_four_or(a.weight, c, 1) : Four{};
      UNROLL for (int j = 0; j < 4; j++) {
        n.x[t][j] = (n.x[t][j] - mean) * rstd;
        if (is_inside) weights[t][j] = multiply_add(dy.x[t][j], n.x[t][j], weights[t][j]), biases[t][j] += dy.x[t][j];
        dy.x[t][j] *= weight.x[j];
        sum += dy.x[t][j];
        dot = multiply_add(dy.x[t][j], n.x[t][j], dot);
      }
    }
    sum = Row::sum(sum) / a.channels;
    dot = Row::sum(dot) / a.channels;
    if (!is_inside) continue;
    UNROLL for (int t = 0; t < Turns; t++) {
      int c = Row::channel(t);
      if (c >= a.channels) continue;
      Four dx;
      UNROLL for (int j = 0; j < 4; j++) dx.x[j] = rstd * (dy.x[t][j] - sum - n.x[t][j] * dot);
      store_four((T*)a.dx + row * a.channels + c, dx);
    }
  }
  if (!a.partial) return;
  auto* sums = (float*)shared_memory() + (warp_index() * Row::Rows + lane_index() / Lanes) * 2 * a.channels;
  UNROLL for (int t = 0; t < Turns; t++) {
    int c = Row::channel(t);
    if (c >= a.channels) continue;
    UNROLL for (int j = 0; j < 4; j++) sums[c + j] = weights[t][j], sums[a.channels + c + j] = biases[t][j];
  }
  block_barrier();
  for (int c = thread_index(); c < 2 * a.channels; c += block_size()) {
    float sum = 0;
    for (int part = 0; part < block_size() / Lanes; part++) sum += ((float*)shared_memory())[part * 2 * a.channels + c];
    a.partial[(long long)block_index() * 2 * a.channels + c] = sum;
  }
}

// A block's share of the rows, a thread a channel.
template <class T>
DEVICE void layer_norm_weight_gradient(const LayerNormArguments& a) {
  long long each = (a.rows + block_count() - 1) / block_count(), from = each * block_index();
  long long to = from + each < a.rows ? from + each : a.rows;
  float* out = a.partial + (long long)block_index() * 2 * a.channels;
  for (int c = thread_index(); c < a.channels; c += block_size()) {
    float weight = 0, bias = 0;
    for (long long row = from; row < to; row++) {
      float g = to_float(((const T*)a.dy)[row * a.channels + c]);
      bias += g;
      weight = multiply_add(g, (to_float(((const T*)a.x)[row * a.channels + c]) - a.mean[row]) * a.rstd[row], weight);
    }
    out[c] = weight;
    out[a.channels + c] = bias;
  }
}

template <class T>
DEVICE void layer_norm_gradient(const LayerNormArguments& a) {
  if (a.channels % 4 == 0 && are_aligned<T>(a.x, a.dy, a.dx) && are_aligned<float>(a.weight) && a.channels <= 512) {
    if (a.channels <= 64) layer_norm_gradient_in_registers<T, 16, 1>(a);
    else if (a.channels <= 128) layer_norm_gradient_in_registers<T, 32, 1>(a);
    else if (a.channels <= 256) layer_norm_gradient_in_registers<T, 32, 2>(a);
    else layer_norm_gradient_in_registers<T, 32, 4>(a);
    return;
  }
  for (long long row = first_row(); row < a.rows; row += row_step()) {
    const T *x = (const T*)a.x + row * a.channels, *dy = (const T*)a.dy + row * a.channels;
    T* dx = (T*)a.dx + row * a.channels;
    float mean = a.mean[row], rstd = a.rstd[row], sum = 0, dot = 0;
    for (int c = lane_index(); c < a.channels; c += 32) {
      float g = to_float(dy[c]) * (a.weight ? a.weight[c] : 1.f);
      sum += g;
      dot = multiply_add(g, (to_float(x[c]) - mean) * rstd, dot);
    }
    sum = warp_sum(sum) / a.channels;
    dot = warp_sum(dot) / a.channels;
    for (int c = lane_index(); c < a.channels; c += 32) {
      float g = to_float(dy[c]) * (a.weight ? a.weight[c] : 1.f), n = (to_float(x[c]) - mean) * rstd;
      dx[c] = from_float<T>(rstd * (g - sum - n * dot));
    }
  }
  if (a.partial) layer_norm_weight_gradient<T>(a);
}

struct SoftmaxArguments {
  const void *x, *dy;  // backward: x is the result of the forward pass
  void* y;             // backward: dx
  long long rows;
  int columns, logarithm;
};

template <class T>
DEVICE void softmax(const SoftmaxArguments& a) {
  for (long long row = first_row(); row < a.rows; row += row_step()) {
    const T* x = (const T*)a.x + row * a.columns;
    T* y = (T*)a.y + row * a.columns;
    float most = float_of(0xff800000u), sum = 0;
    for (int c = lane_index(); c < a.columns; c += 32) most = larger_or_nan(most, to_float(x[c]));
    most = warp_largest(most);
    for (int c = lane_index(); c < a.columns; c += 32) sum += exact_exp(to_float(x[c]) - most);
    sum = warp_sum(sum);
    float shift = a.logarithm ? exact_log(sum) : 1 / sum;
    for (int c = lane_index(); c < a.columns; c += 32) {
      float d = to_float(x[c]) - most;
      y[c] = from_float<T>(a.logarithm ? d - shift : exact_exp(d) * shift);
    }
  }
}

// dx = y·(dy − Σ y·dy); for the logarithm dx = dy − exp(y)·Σ dy.
template <class T>
DEVICE void softmax_gradient(const SoftmaxArguments& a) {
  for (long long row = first_row(); row < a.rows; row += row_step()) {
    const T *y = (const T*)a.x + row * a.columns, *dy = (const T*)a.dy + row * a.columns;
    T* dx = (T*)a.y + row * a.columns;
    float sum = 0;
    for (int c = lane_index(); c < a.columns; c += 32) sum = multiply_add(to_float(dy[c]), a.logarithm ? 1.f : to_float(y[c]), sum);
    sum = warp_sum(sum);
    for (int c = lane_index(); c < a.columns; c += 32) {
      float p = to_float(y[c]), g = to_float(dy[c]);
      dx[c] = from_float<T>(a.logarithm ? g - exact_exp(p) * sum : p * (g - sum));
    }
  }
}

#define NORMALIZATION(name, T)                                                                                      \
  KERNEL(layer_norm_##name, LayerNormArguments, 256, 4) { layer_norm<T, T>(a); }                                    \
  KERNEL(layer_norm_gradient_##name, LayerNormArguments, 256, 2) { layer_norm_gradient<T>(a); }                     \
  KERNEL(softmax_##name, SoftmaxArguments, 256, 4) { softmax<T>(a); }                                               \
  KERNEL(softmax_gradient_##name, SoftmaxArguments, 256, 4) { softmax_gradient<T>(a); }

NORMALIZATION(float, float)
NORMALIZATION(bf16, bf16)
KERNEL(layer_norm_float_to_bf16, LayerNormArguments, 256, 4) { layer_norm<float, bf16>(a); }

struct BatchNormArguments {
  const float *x, *dy, *weight, *bias;
  float *y;                                 // backward: dx
  float *mean, *rstd, *unbiased;
  float *partial, *dweight, *dbias;         // partial: parts × 2 × channels
  long long rows;
  int channels, parts, batch_statistics;
  float eps;
};

DEVICE void rows_of_part(const BatchNormArguments& a, long long part, long long& from, long long& to) {
  from = a.rows * part / a.parts, to = a.rows * (part + 1) / a.parts;
}

// A thread a channel of a part of the rows: their mean, and the sum of squared differences from it.
KERNEL(batch_statistics, BatchNormArguments, 256, 4) {
  long long i = first_element(), part = i / a.channels, c = i - part * a.channels, from, to;
  if (part >= a.parts) return;
  rows_of_part(a, part, from, to);
  float sum = 0, squares = 0;
  for (long long row = from; row < to; row++) sum += a.x[row * a.channels + c];
  float mean = sum / (to - from);
  for (long long row = from; row < to; row++) {
    float d = a.x[row * a.channels + c] - mean;
    squares = multiply_add(d, d, squares);
  }
  a.partial[2 * part * a.channels + c] = mean;
  a.partial[(2 * part + 1) * a.channels + c] = squares;
}

// Of rows the mean, the sum of squared differences from it and the number, joined with those of later rows (Chan, Golub and LeVeque).
struct Moments {
  float mean, squares, count;

  DEVICE void join(const Moments& later) {
    if (later.count == 0) return;
    float all = count + later.count, difference = later.mean - mean, share = later.count / all;
    mean = multiply_add(difference, share, mean);
    squares += later.squares + difference * difference * share * count;
    count = all;
  }
};

// The parts of a channel joined in their order: 32 channels a block, whose parts are joined in eight runs. Without rows all is NaN.
KERNEL(join_batch_statistics, BatchNormArguments, 256, 4) {
  auto* joined = (Moments*)shared_memory();
  int c = block_index() * 32 + thread_index() % 32, run = thread_index() / 32, each = (a.parts + 7) / 8;
  Moments all{0, 0, 0};
  if (c < a.channels) {
    for (int part = run * each; part < least(a.parts, (run + 1) * each); part++) {
      long long from, to;
      rows_of_part(a, part, from, to);
      all.join({a.partial[2ll * part * a.channels + c], a.partial[(2ll * part + 1) * a.channels + c], (float)(to - from)});
    }
  }
  joined[thread_index()] = all;
  block_barrier();
  if (run != 0 || c >= a.channels) return;
  UNROLL for (int n = 1; n < 8; n++) all.join(joined[32 * n + thread_index()]);
  if (a.rows == 0) all.mean = all.squares = float_of(0x7fc00000u);
  a.mean[c] = all.mean;
  a.rstd[c] = 1 / square_root(all.squares / a.rows + a.eps);
  a.unbiased[c] = all.squares / (a.rows - 1);
}

// Four of the channels from c on.
struct ChannelFactors {
  Four mean, rstd, weight;

  DEVICE ChannelFactors(const BatchNormArguments& a, int c) : mean(load_four(a.mean + c)), rstd(load_four(a.rstd + c)), weight(load_four(a.weight + c)) {}
};

DEVICE bool takes_four_channels(const BatchNormArguments& a) {
  return a.channels % 4 == 0 && are_aligned<float>(a.x, a.dy, a.y, a.mean, a.rstd, a.weight, a.bias, a.dweight, a.dbias);
}

// y = (x − mean)·rstd·weight + bias.
KERNEL(batch_norm, BatchNormArguments, 256, 4) {
  if (takes_four_channels(a)) {
    int packs = a.channels / 4;
    for (long long i = first_element(); i < a.rows * packs; i += all_threads()) {
      int c = 4 * (int)(i - quotient(i, packs) * packs);
      ChannelFactors f(a, c);
      Four x = load_four(a.x + 4 * i), bias = load_four(a.bias + c);
      UNROLL for (int j = 0; j < 4; j++) x.x[j] = multiply_add((x.x[j] - f.mean.x[j]) * f.rstd.x[j], f.weight.x[j], bias.x[j]);
      store_four(a.y + 4 * i, x);
    }
    return;
  }
  for (long long i = first_element(); i < a.rows * a.channels; i += all_threads()) {
    int c = (int)(i % a.channels);
    a.y[i] = multiply_add((a.x[i] - a.mean[c]) * a.rstd[c], a.weight[c], a.bias[c]);
  }
}

// A thread a channel of a part of the rows: Σ dy·x̂ and Σ dy, which sum_parts adds up.
KERNEL(batch_norm_sums, BatchNormArguments, 256, 4) {
  long long i = first_element(), part = i / a.channels, c = i - part * a.channels, from, to;
  if (part >= a.parts) return;
  rows_of_part(a, part, from, to);
  float product = 0, sum = 0;
  for (long long row = from; row < to; row++) {
    float dy = a.dy[row * a.channels + c];
    sum += dy;
    product = multiply_add(dy, (a.x[row * a.channels + c] - a.mean[c]) * a.rstd[c], product);
  }
  a.partial[2 * part * a.channels + c] = product;
  a.partial[(2 * part + 1) * a.channels + c] = sum;
}

// With the statistics of the batch dx = weight·rstd·(dy − mean(dy) − x̂·mean(dy·x̂)), with constant ones weight·rstd·dy.
KERNEL(batch_norm_gradient, BatchNormArguments, 256, 4) {
  if (takes_four_channels(a)) {
    int packs = a.channels / 4;
    for (long long i = first_element(); i < a.rows * packs; i += all_threads()) {
      int c = 4 * (int)(i - quotient(i, packs) * packs);
      ChannelFactors f(a, c);
      Four g = load_four(a.dy + 4 * i);
      if (a.batch_statistics) {
        Four x = load_four(a.x + 4 * i), sum = load_four(a.dbias + c), product = load_four(a.dweight + c);
        UNROLL for (int j = 0; j < 4; j++)
          g.x[j] -= sum.x[j] / a.rows + (x.x[j] - f.mean.x[j]) * f.rstd.x[j] * (product.x[j] / a.rows);
      }
      UNROLL for (int j = 0; j < 4; j++) g.x[j] *= f.weight.x[j] * f.rstd.x[j];
      store_four(a.y + 4 * i, g);
    }
    return;
  }
  for (long long i = first_element(); i < a.rows * a.channels; i += all_threads()) {
    int c = (int)(i % a.channels);
    float g = a.dy[i];
    if (a.batch_statistics) g -= a.dbias[c] / a.rows + (a.x[i] - a.mean[c]) * a.rstd[c] * (a.dweight[c] / a.rows);
    a.y[i] = a.weight[c] * a.rstd[c] * g;
  }
}
