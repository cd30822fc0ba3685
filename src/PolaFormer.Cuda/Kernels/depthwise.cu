// Depthwise convolution of channels-last images: y = x ∗ W + bias (+ x), and its fused form y = (x ∗ W + bias + addend)·gate.
// Channel c takes kernel c mod (channels of W). Pixels outside the image are 0.
#include "vectors.h"

struct DepthwiseArguments {
  const void *x, *dy, *addend, *gate;
  const float *weight, *bias;  // (kernels, kernel_height, kernel_width), kernels
  const float* mask;           // a factor of each pixel of x that the convolution reads, or null
  void *y, *sum;               // sum: what the gate multiplies, or null
  float* partial;              // weight gradient: per part (taps + 1) × channels, the bias last
  long long x_row, dy_row, y_row, gate_row;  // elements from one pixel to the next
  int batch, height, width, out_height, out_width, channels, kernels, kernel_height, kernel_width;
  int stride_height, stride_width, pad_height, pad_width, dilation_height, dilation_width, add_input, parts, is_quick;  // is_quick: of the weight gradient
};

// Whether the quick forms below take a convolution: squares of 3 or 5 and lines of 5 taps, without stride, four channels at a time.
template <class T>
DEVICE bool is_plain(const DepthwiseArguments& a) {
  bool has_no_stride = a.stride_height == 1 && a.stride_width == 1 && a.dilation_height == 1 && a.dilation_width == 1;
  bool is_square = a.kernel_height == a.kernel_width && (a.kernel_width == 3 || a.kernel_width == 5);
  bool is_line = a.kernel_height == 1 && a.kernel_width == 5;
  bool is_wide = ((a.channels | a.kernels | (int)a.x_row | (int)a.dy_row | (int)a.y_row | (int)a.gate_row) & 3) == 0;
  return has_no_stride && (is_square || is_line) && is_wide && are_aligned<T>(a.x, a.dy, a.addend, a.gate, a.y, a.sum);
}

// Four channels of Places neighbouring results of a line a thread: a line of inputs is read once for all taps. The gradient of the
// input is the same sum of ∂y with the taps in reverse order.
template <class T, int H, int K, bool Back, bool Masked>
DEVICE void depthwise_strips(const DepthwiseArguments& a) {
  constexpr int Places = 7, Taps = H * K;
  int height = Back ? a.height : a.out_height, width = Back ? a.width : a.out_width;
  int in_height = Back ? a.out_height : a.height, in_width = Back ? a.out_width : a.width;
  int pad_top = Back ? H - 1 - a.pad_height : a.pad_height, pad_left = Back ? K - 1 - a.pad_width : a.pad_width;
  auto* in = (const T*)(Back ? a.dy : a.x);
  long long in_row = Back ? a.dy_row : a.x_row;
  int packs = a.channels / 4, strips = (width + Places - 1) / Places;
  long long total = (long long)a.batch * height * strips * packs;
  for (long long i = first_element(); i < total; i += all_threads()) {
    long long rest = quotient(i, packs), line = quotient(rest, strips), image = quotient(line, height);
    int c = 4 * (int)(i - rest * packs), first = (int)(rest - line * strips) * Places, top = (int)(line - image * height) - pad_top;
    const float* weight = a.weight + (c % a.kernels) * Taps;
    float sums[Places][4] = {};
    if (!Back && a.bias) {
      Four bias = {{a.bias[c % a.kernels], a.bias[c % a.kernels + 1], a.bias[c % a.kernels + 2], a.bias[c % a.kernels + 3]}};
      UNROLL for (int p = 0; p < Places; p++) {
        UNROLL for (int j = 0; j < 4; j++) sums[p][j] = bias.x[j];
      }
    }
    UNROLL for (int r = 0; r < H; r++) {
      int row = top + r;
      if (row < 0 || row >= in_height) continue;
      long long start = (image * in_height + row) * in_width;
      Four x[Places + K - 1];
      UNROLL for (int s = 0; s < Places + K - 1; s++) {
        int column = first - pad_left + s;
        x[s] = Four{};
        if (column < 0 || column >= in_width) continue;
        x[s] = load_four(in + (start + column) * in_row + c);
        if (Back || !Masked) continue;
        float mask = a.mask[start + column];
        UNROLL for (int j = 0; j < 4; j++) x[s].x[j] *= mask;
      }
      UNROLL for (int s = 0; s < K; s++) {
        int tap = Back ? Taps - 1 - (r * K + s) : r * K + s;
        UNROLL for (int j = 0; j < 4; j++) {
          float w = weight[j * Taps + tap];
          UNROLL for (int p = 0; p < Places; p++) sums[p][j] = multiply_add(x[p + s].x[j], w, sums[p][j]);
        }
      }
    }
    UNROLL for (int p = 0; p < Places; p++) {
      if (first + p >= width) continue;
      long long pixel = line * width + first + p;
      Four y, add{}, gate{};
      if (a.add_input) add = load_four(in + pixel * in_row + c);
      if (!Back && a.addend) add = load_four((const T*)a.addend + pixel * a.channels + c);
      if (!Back && a.gate) gate = load_four((const T*)a.gate + pixel * a.gate_row + c);
      float mask = Back && Masked ? a.mask[pixel] : 1;
      UNROLL for (int j = 0; j < 4; j++) y.x[j] = multiply_add(sums[p][j], mask, add.x[j]);
      if (!Back && a.sum) store_four((T*)a.sum + pixel * a.channels + c, y);
      UNROLL for (int j = 0; j < 4; j++) y.x[j] = !Back && a.gate ? y.x[j] * gate.x[j] : y.x[j];
      store_four((T*)a.y + pixel * a.y_row + c, y);
    }
  }
}

template <class T, bool Back>
DEVICE void depthwise_strips(const DepthwiseArguments& a) {
  if (a.kernel_height == 1) {
    if (a.mask) depthwise_strips<T, 1, 5, Back, true>(a);
    else depthwise_strips<T, 1, 5, Back, false>(a);
  } else if (a.kernel_width == 3) {
    if (a.mask) depthwise_strips<T, 3, 3, Back, true>(a);
    else depthwise_strips<T, 3, 3, Back, false>(a);
  } else {
    if (a.mask) depthwise_strips<T, 5, 5, Back, true>(a);
    else depthwise_strips<T, 5, 5, Back, false>(a);
  }
}

// A thread a pixel of the result and channel.
template <class T>
DEVICE void depthwise(const DepthwiseArguments& a) {
  if (is_plain<T>(a) && !(a.add_input && a.addend)) {
    depthwise_strips<T, false>(a);
    return;
  }
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
  if (is_plain<T>(a)) {
    depthwise_strips<T, true>(a);
    return;
  }
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

// Neighbouring channels.
template <class T>
DEVICE void load_run(const T* p, float (&x)[4]) {
  Four f = load_four(p);
  UNROLL for (int j = 0; j < 4; j++) x[j] = f.x[j];
}
DEVICE void load_run(const float* p, float (&x)[2]) {
  uint2v u = *(const uint2v*)p;
  x[0] = float_of(u[0]), x[1] = float_of(u[1]);
}
DEVICE void load_run(const bf16* p, float (&x)[2]) {
  unsigned u = *(const unsigned*)p;
  x[0] = low_of(u), x[1] = high_of(u);
}

// Of a pixel of an image, whose first pixel is known; zeros outside.
template <class T, int V>
DEVICE void load_pixel_as(const DepthwiseArguments& a, long long first, int row, int column, int c, float (&x)[V]) {
  UNROLL for (int j = 0; j < V; j++) x[j] = 0;
  if (row < 0 || row >= a.height || column < 0 || column >= a.width) return;
  long long at = first + (long long)row * a.width + column;
  load_run((const T*)a.x + at * a.x_row + c, x);
  if (!a.mask) return;
  UNROLL for (int j = 0; j < V; j++) x[j] *= a.mask[at];
}

// A thread's V channels of one of the parts into which the images' lines, in pieces of 64 places, are cut, all taps and the bias (the last tap) in registers;
// a block has 16 such runs of channels in 16 parts and adds those up. sum_parts adds up the blocks, and then the channels that share
// a kernel.
template <class T, int H, int K, int V>
DEVICE void depthwise_weight_gradient_in_registers(const DepthwiseArguments& a) {
  constexpr int Runs = 16, Taps = H * K, Warps = 8, Piece = 64;
  int tiles = (a.channels / V + Runs - 1) / Runs, tile = block_index() % tiles, part = block_index() / tiles;
  int c = V * (tile * Runs + thread_index() % Runs), pieces = (a.out_width + Piece - 1) / Piece, units = a.batch * a.out_height * pieces, all = a.parts * (block_size() / Runs);
  int each = (units + all - 1) / all, from = (part * (block_size() / Runs) + thread_index() / Runs) * each, to = least(units, from + each);
  float sums[Taps + 1][V] = {};
  if (c >= a.channels) to = from;
  NO_UNROLL for (int unit = from; unit < to; unit++) {
    int line = unit / pieces, begin = (unit - line * pieces) * Piece, end = least(a.out_width, begin + Piece);
    int image = line / a.out_height, top = line - image * a.out_height - a.pad_height;
    const T* dy = (const T*)a.dy + (long long)line * a.out_width * a.dy_row + c;
    long long first = (long long)image * a.height * a.width;
    float x[H][K][V];
    UNROLL for (int s = 0; s < K - 1; s++) {
      UNROLL for (int r = 0; r < H; r++) load_pixel_as<T>(a, first, top + r, begin + s - a.pad_width, c, x[r][s + 1]);
    }
    NO_UNROLL for (int place = begin; place < end; place++) {
      float g[V];
      load_run(dy + place * a.dy_row, g);
      UNROLL for (int r = 0; r < H; r++) {
        UNROLL for (int s = 0; s < K - 1; s++) {
          UNROLL for (int j = 0; j < V; j++) x[r][s][j] = x[r][s + 1][j];
        }
        load_pixel_as<T>(a, first, top + r, place + K - 1 - a.pad_width, c, x[r][K - 1]);
        UNROLL for (int s = 0; s < K; s++) {
          UNROLL for (int j = 0; j < V; j++) sums[r * K + s][j] = multiply_add(g[j], x[r][s][j], sums[r * K + s][j]);
        }
      }
      UNROLL for (int j = 0; j < V; j++) sums[Taps][j] += g[j];
    }
  }
  // The two halves of a warp have the same channels.
  auto* shared = (float*)shared_memory();
  int warp = thread_index() / 32, lane = thread_index() % 32;
  UNROLL for (int t = 0; t <= Taps; t++) {
    UNROLL for (int j = 0; j < V; j++) {
      float sum = sums[t][j] + shuffle_xor(sums[t][j], 16);
      if (lane < Runs) shared[(warp * (Taps + 1) + t) * Runs * V + lane * V + j] = sum;
    }
  }
  block_barrier();
  for (int i = thread_index(); i < (Taps + 1) * Runs * V; i += block_size()) {
    int t = i / (Runs * V), channel = tile * Runs * V + i - t * Runs * V;
    if (channel >= a.channels) continue;
    float sum = 0;
    UNROLL for (int w = 0; w < Warps; w++) sum += shared[w * (Taps + 1) * Runs * V + i];
    a.partial[((long long)part * (Taps + 1) + t) * a.channels + channel] = sum;
  }
}

// Any other: a thread a channel and tap of a part.
template <class T>
DEVICE void depthwise_weight_gradient(const DepthwiseArguments& a) {
  if (a.is_quick) {
    if (a.kernel_height == 1) depthwise_weight_gradient_in_registers<T, 1, 5, 4>(a);
    else if (a.kernel_width == 3) depthwise_weight_gradient_in_registers<T, 3, 3, 4>(a);
    else depthwise_weight_gradient_in_registers<T, 5, 5, 2>(a);
    return;
  }
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
  KERNEL(depthwise_##name, DepthwiseArguments, 256, 2) { depthwise<T>(a); }                      \
  KERNEL(depthwise_gradient_##name, DepthwiseArguments, 256, 2) { depthwise_gradient<T>(a); }    \
  KERNEL(depthwise_weight_gradient_##name, DepthwiseArguments, 256, 2) { depthwise_weight_gradient<T>(a); }

DEPTHWISE(float, float)
DEPTHWISE(bf16, bf16)
