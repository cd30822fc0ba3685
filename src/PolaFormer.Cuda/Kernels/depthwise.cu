// Depthwise convolution of channels-last images, stride 1, size kept: y = x ∗ W + bias (+ x), and its fused form
// y = (x ∗ W + bias + addend)·gate. Channel c takes kernel c mod (channels of W). Pixels outside the image are 0.
#include "math.h"

struct DepthwiseArguments {
  const void *x, *dy, *addend, *gate;
  const float *weight, *bias;  // (kernels, size, size), kernels
  void *y, *sum;               // sum: what the gate multiplies, or null
  float* partial;              // weight gradient: per part (size² + 1) × channels, the bias last
  long long x_row, dy_row, y_row, gate_row;  // elements from one pixel to the next
  int batch, height, width, channels, kernels, size, add_input, parts;
};

// A thread a pixel and channel. Backward, dy is x, the kernel is turned round, and adding x adds dy.
template <class T, bool Flip>
DEVICE void depthwise(const DepthwiseArguments& a) {
  long long pixels = (long long)a.batch * a.height * a.width, total = pixels * a.channels;
  int half = a.size / 2;
  for (long long i = (long long)block_index() * block_size() + thread_index(); i < total; i += (long long)block_count() * block_size()) {
    long long pixel = i / a.channels, line = pixel / a.width;
    int c = (int)(i - pixel * a.channels), column = (int)(pixel - line * a.width), row = (int)(line % a.height), kernel = c % a.kernels;
    const float* w = a.weight + kernel * a.size * a.size;
    float sum = a.bias && !Flip ? a.bias[kernel] : 0;
    for (int dr = -half; dr <= half; dr++) {
      if (row + dr < 0 || row + dr >= a.height) continue;
      for (int dc = -half; dc <= half; dc++) {
        if (column + dc < 0 || column + dc >= a.width) continue;
        int tap = (dr + half) * a.size + dc + half;
        float x = to_float(((const T*)a.x)[(pixel + dr * a.width + dc) * a.x_row + c]);
        sum = multiply_add(x, w[Flip ? a.size * a.size - 1 - tap : tap], sum);
      }
    }
    if (a.add_input) sum += to_float(((const T*)a.x)[pixel * a.x_row + c]);
    if (a.addend) sum += to_float(((const T*)a.addend)[i]);
    if (a.sum) ((T*)a.sum)[i] = from_float<T>(sum);
    if (a.gate) sum *= to_float(((const T*)a.gate)[pixel * a.gate_row + c]);
    ((T*)a.y)[pixel * a.y_row + c] = from_float<T>(sum);
  }
}

// A thread a channel and tap (the last tap is the bias), of one of the parts into which the images' lines are cut. sum_parts adds
// up the parts, and then the channels that share a kernel.
template <class T>
DEVICE void depthwise_weight_gradient(const DepthwiseArguments& a) {
  int taps = a.size * a.size, half = a.size / 2;
  long long i = (long long)block_index() * block_size() + thread_index();
  if (i >= (long long)a.parts * (taps + 1) * a.channels) return;
  int c = (int)(i % a.channels), tap = (int)(i / a.channels % (taps + 1)), part = (int)(i / a.channels / (taps + 1));
  int lines = a.batch * a.height, each = (lines + a.parts - 1) / a.parts, dr = tap / a.size - half, dc = tap % a.size - half;
  float sum = 0;
  for (int line = part * each; line < least(lines, (part + 1) * each); line++) {
    int row = line % a.height;
    if (tap < taps && (row + dr < 0 || row + dr >= a.height)) continue;
    int from = tap < taps ? most(0, -dc) : 0, to = tap < taps ? least(a.width, a.width - dc) : a.width;
    for (int column = from; column < to; column++) {
      long long pixel = (long long)line * a.width + column;
      float g = to_float(((const T*)a.dy)[pixel * a.dy_row + c]);
      sum = tap < taps ? multiply_add(g, to_float(((const T*)a.x)[(pixel + dr * a.width + dc) * a.x_row + c]), sum) : sum + g;
    }
  }
  a.partial[i] = sum;
}

#define DEPTHWISE(name, T)                                                                       \
  KERNEL(depthwise_##name, DepthwiseArguments, 256, 4) { depthwise<T, false>(a); }               \
  KERNEL(depthwise_gradient_##name, DepthwiseArguments, 256, 4) { depthwise<T, true>(a); }       \
  KERNEL(depthwise_weight_gradient_##name, DepthwiseArguments, 256, 4) { depthwise_weight_gradient<T>(a); }

DEPTHWISE(float, float)
DEPTHWISE(bf16, bf16)
