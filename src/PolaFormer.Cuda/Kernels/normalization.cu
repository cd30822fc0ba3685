// Layer normalisation and softmax over the last dimension, a warp a row. Sums are in float whatever the storage.
#include "rows.h"

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

// y = (x − mean)·rstd·weight + bias with rstd = 1/√(variance + eps).
template <class T>
DEVICE void layer_norm(const LayerNormArguments& a) {
  for (long long row = first_row(); row < a.rows; row += row_step()) {
    const T* x = (const T*)a.x + row * a.channels;
    T* y = (T*)a.y + row * a.channels;
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
      y[c] = from_float<T>(multiply_add(n, a.weight ? a.weight[c] : 1.f, a.bias ? a.bias[c] : 0.f));
    }
  }
}

// With g = dy·weight and n = (x − mean)·rstd: dx = rstd·(g − mean(g) − n·mean(g·n)).
template <class T>
DEVICE void layer_norm_gradient(const LayerNormArguments& a) {
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
}

// A block's share of the rows: ∂weight = Σ dy·n, ∂bias = Σ dy, a thread a channel. sum_parts adds up the blocks.
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
  KERNEL(layer_norm_##name, LayerNormArguments, 256, 4) { layer_norm<T>(a); }                                       \
  KERNEL(layer_norm_gradient_##name, LayerNormArguments, 256, 4) { layer_norm_gradient<T>(a); }                     \
  KERNEL(layer_norm_weight_gradient_##name, LayerNormArguments, 256, 4) { layer_norm_weight_gradient<T>(a); }       \
  KERNEL(softmax_##name, SoftmaxArguments, 256, 4) { softmax<T>(a); }                                               \
  KERNEL(softmax_gradient_##name, SoftmaxArguments, 256, 4) { softmax_gradient<T>(a); }

NORMALIZATION(float, float)
NORMALIZATION(bf16, bf16)
