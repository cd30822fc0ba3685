// Depthwise convolution, stride 1, size kept, whose taps are moved by offsets (batch, height, width, taps, 2), rows before columns;
// the image is read bilinear between pixels and is 0 outside. Channel c takes kernel c mod (channels of W).
#include "rows.h"

struct DeformableArguments {
  const float *x, *offsets, *weight, *bias, *dy;  // weight (kernels, size, size)
  float *y, *doffsets;
  float* partial;         // parts of ∂x, or of the weight's gradient: per part (taps + 1) × channels, the bias last
  long long x_row;        // floats from one pixel to the next
  int batch, height, width, channels, kernels, size, parts;
};

// One of the four pixels that a tap reads: its share of the value, and how the share changes with the tap's place.
struct Corner {
  long long pixel;
  bool is_inside;
  float share, row_slope, column_slope;
};

// Integers are found of places held two pixels outside at most, where nothing is read; a NaN becomes the first pixel with NaN for a share.
DEVICE Corner corner_of(const DeformableArguments& a, int row, int column, int tap, const float* offset, int corner) {
  float y = row + tap / a.size - a.size / 2 + offset[0], x = column + tap % a.size - a.size / 2 + offset[1];
  y = y < -2.f ? -2.f : y > a.height + 1.f ? a.height + 1.f : y;
  x = x < -2.f ? -2.f : x > a.width + 1.f ? a.width + 1.f : x;
  int top = y == y ? (int)(y + 2) - 2 : 0, left = x == x ? (int)(x + 2) - 2 : 0;
  int pixel_row = top + corner / 2, pixel_column = left + corner % 2;
  float row_share = corner / 2 ? y - top : 1 - (y - top), column_share = corner % 2 ? x - left : 1 - (x - left);
  bool is_inside = pixel_row >= 0 && pixel_row < a.height && pixel_column >= 0 && pixel_column < a.width;
  return {(long long)pixel_row * a.width + pixel_column, is_inside, row_share * column_share,
          corner / 2 ? column_share : -column_share, corner % 2 ? row_share : -row_share};
}

// A thread a pixel and channel.
KERNEL(deformable, DeformableArguments, 256, 4) {
  long long pixels = (long long)a.height * a.width, total = a.batch * pixels * a.channels;
  int taps = a.size * a.size;
  for (long long i = first_element(); i < total; i += all_threads()) {
    long long pixel = i / a.channels, image = pixel / pixels;
    int c = (int)(i - pixel * a.channels), at = (int)(pixel - image * pixels), kernel = c % a.kernels;
    float sum = a.bias ? a.bias[kernel] : 0;
    for (int tap = 0; tap < taps; tap++)
      for (int k = 0; k < 4; k++) {
        Corner corner = corner_of(a, at / a.width, at % a.width, tap, a.offsets + 2 * (pixel * taps + tap), k);
        if (corner.is_inside)
          sum = multiply_add(a.weight[kernel * taps + tap] * corner.share, a.x[(image * pixels + corner.pixel) * a.x_row + c], sum);
      }
    a.y[i] = sum;
  }
}

// ∂offsets: a warp a pixel and tap.
KERNEL(deformable_offset_gradient, DeformableArguments, 256, 4) {
  long long pixels = (long long)a.height * a.width;
  int taps = a.size * a.size;
  for (long long unit = first_row(); unit < a.batch * pixels * taps; unit += row_step()) {
    long long pixel = unit / taps, image = pixel / pixels;
    int tap = (int)(unit - pixel * taps), at = (int)(pixel - image * pixels);
    float down = 0, right = 0;
    for (int k = 0; k < 4; k++) {
      Corner corner = corner_of(a, at / a.width, at % a.width, tap, a.offsets + 2 * unit, k);
      if (!corner.is_inside) continue;
      float sum = 0;
      for (int c = lane_index(); c < a.channels; c += 32)
        sum = multiply_add(a.weight[c % a.kernels * taps + tap] * a.dy[pixel * a.channels + c], a.x[(image * pixels + corner.pixel) * a.x_row + c], sum);
      sum = warp_sum(sum);
      down = multiply_add(corner.row_slope, sum, down), right = multiply_add(corner.column_slope, sum, right);
    }
    if (lane_index() == 0) a.doffsets[2 * unit] = down, a.doffsets[2 * unit + 1] = right;
  }
}

// ∂x may be anywhere: a thread an image's channel of one of the parts into which its pixels are cut, each with a ∂x of its own, so
// that no two threads write one element. sum_parts adds up the parts.
KERNEL(deformable_gradient, DeformableArguments, 256, 4) {
  long long i = first_element(), pixels = (long long)a.height * a.width;
  if (i >= (long long)a.batch * a.parts * a.channels) return;
  int c = (int)(i % a.channels), part = (int)(i / a.channels % a.parts), image = (int)(i / a.channels / a.parts), taps = a.size * a.size;
  float* dx = a.partial + ((long long)image * a.parts + part) * pixels * a.channels + c;
  for (long long pixel = 0; pixel < pixels; pixel++) dx[pixel * a.channels] = 0;
  for (int at = (int)(pixels * part / a.parts); at < pixels * (part + 1) / a.parts; at++) {
    long long pixel = image * pixels + at;
    for (int tap = 0; tap < taps; tap++) {
      float g = a.weight[c % a.kernels * taps + tap] * a.dy[pixel * a.channels + c];
      for (int k = 0; k < 4; k++) {
        Corner corner = corner_of(a, at / a.width, at % a.width, tap, a.offsets + 2 * (pixel * taps + tap), k);
        if (corner.is_inside) dx[corner.pixel * a.channels] = multiply_add(corner.share, g, dx[corner.pixel * a.channels]);
      }
    }
  }
}

// A thread a channel and tap (the last tap is the bias) of one of the parts of all pixels.
KERNEL(deformable_weight_gradient, DeformableArguments, 256, 4) {
  int taps = a.size * a.size;
  long long i = first_element(), pixels = (long long)a.height * a.width, total = a.batch * pixels;
  if (i >= (long long)a.parts * (taps + 1) * a.channels) return;
  int c = (int)(i % a.channels), tap = (int)(i / a.channels % (taps + 1)), part = (int)(i / a.channels / (taps + 1));
  float sum = 0;
  for (long long pixel = total * part / a.parts; pixel < total * (part + 1) / a.parts; pixel++) {
    float dy = a.dy[pixel * a.channels + c];
    if (tap == taps) {
      sum += dy;
      continue;
    }
    long long image = pixel / pixels;
    int at = (int)(pixel - image * pixels);
    for (int k = 0; k < 4; k++) {
      Corner corner = corner_of(a, at / a.width, at % a.width, tap, a.offsets + 2 * (pixel * taps + tap), k);
      if (corner.is_inside) sum = multiply_add(corner.share * a.x[(image * pixels + corner.pixel) * a.x_row + c], dy, sum);
    }
  }
  a.partial[i] = sum;
}
