// Channels-last images: resampling (interpolation and average pooling), maximum pooling, and the patches under a convolution's kernel.
#include "vectors.h"

// How each output position of an axis weighs input positions.
struct Axis {
  int kind;  // 0 linear, 1 cubic, 2 linear with corners in place, 3 nearest, 4 adaptive average, 5 average of windows
  int inputs, outputs, kernel, stride, padding;
};

// The place of output o between the inputs, (2·o + 1)·inputs/(2·outputs) − 1/2 or o·(inputs − 1)/(outputs − 1): whole part and
// fraction, exactly.
DEVICE int source_of(const Axis& a, int o, float& fraction) {
  long long n = (2ll * o + 1) * a.inputs - a.outputs, d = 2ll * a.outputs;
  if (a.kind == 2) n = (long long)o * (a.inputs - 1), d = most(1, a.outputs - 1);
  if (a.kind == 0 && n < 0) n = 0;
  long long left = n >= 0 ? n / d : -1;  // n is above −d
  fraction = (float)(n - left * d) / (float)d;
  return (int)left;
}

// Inputs from … to − 1 of output o; both grow with o.
DEVICE void taps_of(const Axis& a, int o, int& from, int& to) {
  float fraction;
  switch (a.kind) {
    case 0:
    case 2:
      from = source_of(a, o, fraction), to = least(from + 2, a.inputs);
      break;
    case 1: {
      int left = source_of(a, o, fraction);
      from = most(0, left - 1), to = least(a.inputs - 1, left + 2) + 1;
      break;
    }
    case 3:
      from = (int)((long long)o * a.inputs / a.outputs), to = from + 1;
      break;
    case 4:
      from = (int)((long long)o * a.inputs / a.outputs), to = (int)(((o + 1ll) * a.inputs + a.outputs - 1) / a.outputs);
      break;
    default:
      from = most(0, o * a.stride - a.padding), to = least(a.inputs, o * a.stride - a.padding + a.kernel);
  }
}

// Cubic convolution (Keys, a = −¾).
DEVICE float cubic(float x) {
  x = magnitude(x);
  return x <= 1 ? (1.25f * x - 2.25f) * x * x + 1 : ((-0.75f * x + 3.75f) * x - 6.f) * x + 3.f;
}

// The weight of input i, one of the taps, for output o.
DEVICE float weight_of(const Axis& a, int o, int i) {
  float fraction, weight = 0;
  int left, from, to;
  switch (a.kind) {
    case 0:
    case 2:
      left = source_of(a, o, fraction);
      if (i == left) weight += 1 - fraction;
      if (i == least(left + 1, a.inputs - 1)) weight += fraction;
      return weight;
    case 1:
      left = source_of(a, o, fraction);
      for (int tap = -1; tap <= 2; tap++)
        if (i == most(0, least(left + tap, a.inputs - 1))) weight += cubic(fraction - tap);
      return weight;
    case 3:
      return 1;
    case 4:
      taps_of(a, o, from, to);
      return 1.f / (to - from);
    default:
      return 1.f / a.kernel;
  }
}

// Outputs from … to − 1 that weigh input i.
DEVICE void outputs_of(const Axis& a, int i, int& from, int& to) {
  int low = 0, high = a.outputs, first, last;
  while (low < high) {
    int middle = (low + high) / 2;
    taps_of(a, middle, first, last);
    if (last > i) high = middle;
    else low = middle + 1;
  }
  from = low;
  for (to = from; to < a.outputs; to++) {
    taps_of(a, to, first, last);
    if (first > i) break;
  }
}

struct ResampleArguments {
  const float* x;
  float* y;
  Axis rows, columns;
  int batch, channels;
};

// y(b, i, j, c) = Σ rows(i, k)·columns(j, l)·x(b, k, l, c), or for Back ∂x of ∂y, the transposed sum. A thread a result.
template <bool Back>
DEVICE void resample(const ResampleArguments& a) {
  int height = Back ? a.rows.inputs : a.rows.outputs, width = Back ? a.columns.inputs : a.columns.outputs;
  int x_height = Back ? a.rows.outputs : a.rows.inputs, x_width = Back ? a.columns.outputs : a.columns.inputs;
  long long total = (long long)a.batch * height * width * a.channels;
  for (long long n = first_element(); n < total; n += all_threads()) {
    long long pixel = n / a.channels, line = pixel / width, image = line / height;
    int c = (int)(n - pixel * a.channels), i = (int)(line - image * height), j = (int)(pixel - line * width), top, bottom, left, right;
    if (Back) outputs_of(a.rows, i, top, bottom), outputs_of(a.columns, j, left, right);
    else taps_of(a.rows, i, top, bottom), taps_of(a.columns, j, left, right);
    float sum = 0;
    for (int k = top; k < bottom; k++) {
      float row_weight = Back ? weight_of(a.rows, k, i) : weight_of(a.rows, i, k);
      for (int l = left; l < right; l++) {
        float weight = row_weight * (Back ? weight_of(a.columns, l, j) : weight_of(a.columns, j, l));
        if (weight != 0) sum = multiply_add(a.x[((image * x_height + k) * x_width + l) * a.channels + c], weight, sum);
      }
    }
    a.y[n] = sum;
  }
}

KERNEL(resample, ResampleArguments, 256, 4) { resample<false>(a); }
KERNEL(resample_gradient, ResampleArguments, 256, 4) { resample<true>(a); }

struct MaxPoolArguments {
  const float *x, *dy;
  float* y;  // backward: dx
  int batch, height, width, channels, out_height, out_width, kernel, stride, padding;
};

// The largest value of a window and its place in the image, the first of equals; the first NaN wins.
DEVICE float largest_of_window(const MaxPoolArguments& a, long long image, int i, int j, int c, int& place) {
  float best = float_of(0xff800000u);
  int top = i * a.stride - a.padding, left = j * a.stride - a.padding;
  place = most(0, top) * a.width + most(0, left);
  for (int row = most(0, top); row < least(a.height, top + a.kernel); row++)
    for (int column = most(0, left); column < least(a.width, left + a.kernel); column++) {
      float x = a.x[((image * a.height + row) * a.width + column) * a.channels + c];
      if (x > best || (x != x && best == best)) best = x, place = row * a.width + column;
    }
  return best;
}

KERNEL(max_pool, MaxPoolArguments, 256, 4) {
  for (long long n = first_element(); n < (long long)a.batch * a.out_height * a.out_width * a.channels; n += all_threads()) {
    long long pixel = n / a.channels, line = pixel / a.out_width, image = line / a.out_height;
    int place;
    a.y[n] = largest_of_window(a, image, (int)(line - image * a.out_height), (int)(pixel - line * a.out_width), (int)(n - pixel * a.channels), place);
  }
}

// Each input gathers ∂y of the windows whose largest value it is.
KERNEL(max_pool_gradient, MaxPoolArguments, 256, 4) {
  for (long long n = first_element(); n < (long long)a.batch * a.height * a.width * a.channels; n += all_threads()) {
    long long pixel = n / a.channels, line = pixel / a.width, image = line / a.height;
    int c = (int)(n - pixel * a.channels), row = (int)(line - image * a.height), column = (int)(pixel - line * a.width), place;
    int top = most(0, row + a.padding - a.kernel + a.stride) / a.stride, left = most(0, column + a.padding - a.kernel + a.stride) / a.stride;
    float sum = 0;
    for (int i = top; i < least(a.out_height, (row + a.padding) / a.stride + 1); i++)
      for (int j = left; j < least(a.out_width, (column + a.padding) / a.stride + 1); j++) {
        largest_of_window(a, image, i, j, c, place);
        if (place == row * a.width + column) sum += a.dy[((image * a.out_height + i) * a.out_width + j) * a.channels + c];
      }
    a.y[n] = sum;
  }
}

struct PatchArguments {
  const float* x;
  float* y;
  int batch, height, width, channels, out_height, out_width, kernel_height, kernel_width;
  int stride_height, stride_width, pad_height, pad_width, dilation_height, dilation_width, groups;
};

// For each place of the result its patches: (places, groups, kernel_height, kernel_width, channels of a group).
KERNEL(patches, PatchArguments, 256, 4) {
  int group_channels = a.channels / a.groups, taps = a.kernel_height * a.kernel_width;
  // Four channels of a pixel lie side by side in both.
  bool is_wide = (group_channels & 3) == 0 && are_aligned<float>(a.x, a.y);
  int packs = is_wide ? group_channels / 4 : group_channels, size = is_wide ? 4 : 1;
  long long total = (long long)a.batch * a.out_height * a.out_width * taps * a.groups * packs;
  for (long long n = first_element(); n < total; n += all_threads()) {
    long long rest = quotient(n, packs), c = (n - rest * packs) * size, next = quotient(rest, taps);
    int tap = (int)(rest - next * taps);
    long long place = quotient(next, a.groups), line = quotient(place, a.out_width), image = quotient(line, a.out_height);
    int group = (int)(next - place * a.groups);
    int row = (int)(line - image * a.out_height) * a.stride_height - a.pad_height + tap / a.kernel_width * a.dilation_height;
    int column = (int)(place - line * a.out_width) * a.stride_width - a.pad_width + tap % a.kernel_width * a.dilation_width;
    bool is_inside = row >= 0 && row < a.height && column >= 0 && column < a.width;
    const float* from = is_inside ? a.x + ((image * a.height + row) * a.width + column) * a.channels + group * group_channels + c : nullptr;
    if (is_wide) store_four(a.y + 4 * n, load_four_or(from, 0, 0));
    else a.y[n] = from ? *from : 0;
  }
}

// ∂x of the patches' gradients: each pixel gathers the patches that it is in.
KERNEL(patches_gradient, PatchArguments, 256, 4) {
  int group_channels = a.channels / a.groups, taps = a.kernel_height * a.kernel_width;
  bool is_wide = (group_channels & 3) == 0 && are_aligned<float>(a.x, a.y);
  int packs = is_wide ? a.channels / 4 : a.channels, size = is_wide ? 4 : 1;
  for (long long n = first_element(); n < (long long)a.batch * a.height * a.width * packs; n += all_threads()) {
    long long pixel = quotient(n, packs), line = quotient(pixel, a.width), image = quotient(line, a.height);
    int channel = (int)(n - pixel * packs) * size, group = channel / group_channels, c = channel - group * group_channels;
    int top = (int)(line - image * a.height) + a.pad_height, left = (int)(pixel - line * a.width) + a.pad_width;
    Four sum{};
    for (int r = 0; r < a.kernel_height; r++) {
      int row = top - r * a.dilation_height;
      if (row < 0 || row % a.stride_height != 0 || (row /= a.stride_height) >= a.out_height) continue;
      for (int s = 0; s < a.kernel_width; s++) {
        int column = left - s * a.dilation_width;
        if (column < 0 || column % a.stride_width != 0 || (column /= a.stride_width) >= a.out_width) continue;
        long long place = (image * a.out_height + row) * a.out_width + column;
        const float* from = a.x + ((place * a.groups + group) * taps + r * a.kernel_width + s) * group_channels + c;
        if (is_wide) {
          Four next = load_four(from);
          UNROLL for (int j = 0; j < 4; j++) sum.x[j] += next.x[j];
        } else {
          sum.x[0] += *from;
        }
      }
    }
    if (is_wide) store_four(a.y + 4 * n, sum);
    else a.y[n] = sum.x[0];
  }
}
