// Depthwise convolution of channels-last images: y = x ∗ W + bias (+ x), and its fused form y = (x ∗ W + bias + addend)·gate.
// Channel c takes kernel c mod (channels of W). Pixels outside the image are 0.
#include "math.h"

struct DepthwiseArguments {
  const void *x, *dy, *addend, *gate;
  const float *weight, *bias;  // (kernels, kernel_height, kernel_width), kernels
  const float* mask;           // a factor of each pixel of x that the convolution reads, or null
  void *y, *sum;               // sum: what the gate multiplies, or null
  float* partial;              // weight gradient: per part (taps + 1) × channels, the bias last
  long long x_row, dy_row, y_row, gate_row;  // elements from one pixel to the next
  int batch, height, width, out_height, out_width, channels, kernels, kernel_height, kernel_width;
  int stride_height, stride_width, pad_height, pad_width, dilation_height, dilation_width, add_input, parts;
};

// A thread a pixel of the result and channel.
template <class T>
DEVICE void depthwise(const DepthwiseArguments& a) {
  long long total = (long long)a.batch * a.out_height * a.out_width * a.channels;
  for (long long i = first_element(); i < total; i += all_threads()) {
    long long pixel = i / a.channels, line = pixel / a.out_width, image = line / a.out_height;
    int c = (int)(i - pixel * a.channels), kernel = c % a.kernels;
    int left = (int)(pixel - line * a.out_width) * a.stride_width - a.pad_width, top = (int)(line - image * a.out_height) * a.stride_height - a.pad_height;
    const float* w = a.weight + kernel * a.kernel_height * a.kernel_width;
    float sum = a.bias ? a.bias[kernel] : 0;
    for (int r = 0; r < a.kernel_height; r++) {
      int row = top + r * a.dilation_height;
      if (row < 0 || row >= a.height) continue;
      for (int s = 0; s < a.kernel_width; s++) {
        int column = left + s * a.dilation_width;
        if (column < 0 || column >= a.width) continue;
        long long at = (image * a.height + row) * a.width + column;
        float x = to_float(((const T*)a.x)[at * a.x_row + c]) * (a.mask ? a.mask[at] : 1.f);
        sum = multiply_add(x, w[r * a.kernel_width + s], sum);
      }
    }
    if (a.add_input) sum += to_float(((const T*)a.x)[pixel * a.x_row + c]);
    if (a.addend) sum += to_float(((const T*)a.addend)[i]);
    if (a.sum) ((T*)a.sum)[i] = from_float<T>(sum);
    if (a.gate) sum *= to_float(((const T*)a.gate)[pixel * a.gate_row + c]);
    ((T*)a.y)[pixel * a.y_row + c] = from_float<T>(sum);
  }
}

// ∂x, to y: a thread a pixel of x and channel gathers ∂y of the places that read it.
template <class T>
DEVICE void depthwise_gradient(const DepthwiseArguments& a) {
  long long total = (long long)a.batch * a.height * a.width * a.channels;
  for (long long i = first_element(); i < total; i += all_threads()) {
    long long pixel = i / a.channels, line = pixel / a.width, image = line / a.height;
    int c = (int)(i - pixel * a.channels);
    int left = (int)(pixel - line * a.width) + a.pad_width, top = (int)(line - image * a.height) + a.pad_height;
    const float* w = a.weight + c % a.kernels * a.kernel_height * a.kernel_width;
    float sum = 0;
    for (int r = 0; r < a.kernel_height; r++) {
      int row = top - r * a.dilation_height;
      if (row < 0 || row % a.stride_height != 0 || (row /= a.stride_height) >= a.out_height) continue;
      for (int s = 0; s < a.kernel_width; s++) {
        int column = left - s * a.dilation_width;
        if (column < 0 || column % a.stride_width != 0 || (column /= a.stride_width) >= a.out_width) continue;
        float dy = to_float(((const T*)a.dy)[((image * a.out_height + row) * a.out_width + column) * a.dy_row + c]);
        sum = multiply_add(dy, w[r * a.kernel_width + s], sum);
      }
    }
    if (a.mask) sum *= a.mask[pixel];
    if (a.add_input) sum += to_float(((const T*)a.dy)[pixel * a.dy_row + c]);
    ((T*)a.y)[pixel * a.y_row + c] = from_float<T>(sum);
  }
}

// A thread a channel and tap (the last tap is the bias), of one of the parts into which the images' lines are cut. sum_parts adds
// up the parts, and then the channels that share a kernel.
template <class T>
DEVICE void depthwise_weight_gradient(const DepthwiseArguments& a) {
  int taps = a.kernel_height * a.kernel_width;
  long long i = first_element();
  if (i >= (long long)a.parts * (taps + 1) * a.channels) return;
  int c = (int)(i % a.channels), tap = (int)(i / a.channels % (taps + 1)), part = (int)(i / a.channels / (taps + 1));
  int lines = a.batch * a.out_height, each = (lines + a.parts - 1) / a.parts;
  int down = tap / a.kernel_width * a.dilation_height - a.pad_height, right = tap % a.kernel_width * a.dilation_width - a.pad_width;
  float sum = 0;
  for (int line = part * each; line < least(lines, (part + 1) * each); line++) {
    int image = line / a.out_height, row = (line - image * a.out_height) * a.stride_height + down;
    if (tap < taps && (row < 0 || row >= a.height)) continue;
    for (int place = 0; place < a.out_width; place++) {
      int column = place * a.stride_width + right;
      if (tap < taps && (column < 0 || column >= a.width)) continue;
      float dy = to_float(((const T*)a.dy)[((long long)line * a.out_width + place) * a.dy_row + c]);
      if (tap == taps) {
        sum += dy;
        continue;
      }
      long long at = ((long long)image * a.height + row) * a.width + column;
      sum = multiply_add(a.mask ? dy * a.mask[at] : dy, to_float(((const T*)a.x)[at * a.x_row + c]), sum);
    }
  }
  a.partial[i] = sum;
}

#define DEPTHWISE(name, T)                                                                       \
  KERNEL(depthwise_##name, DepthwiseArguments, 256, 4) { depthwise<T>(a); }                      \
  KERNEL(depthwise_gradient_##name, DepthwiseArguments, 256, 4) { depthwise_gradient<T>(a); }    \
  KERNEL(depthwise_weight_gradient_##name, DepthwiseArguments, 256, 4) { depthwise_weight_gradient<T>(a); }

DEPTHWISE(float, float)
DEPTHWISE(bf16, bf16)
