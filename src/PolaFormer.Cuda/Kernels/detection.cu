// What dense prediction adds: losses of elements, boxes, and regions of maps.
#include "math.h"

struct LossArguments {
  const float *x, *targets, *dy;  // dy null: the losses, else their gradient times dy
  const long long* labels;        // focal: a class a row
  float* y;
  long long count;
  int classes;
  float gamma, alpha;             // gamma: beta of smooth L1
};

DEVICE float log_one_plus(float e) {
  float sum = 1 + e;
  return exact_log(sum) + (e - (sum - 1)) / sum;
}

// Binary cross-entropy of logits.
KERNEL(sigmoid_cross_entropy, LossArguments, 256, 4) {
  for (long long i = first_element(); i < a.count; i += all_threads()) {
    float x = a.x[i];
    a.y[i] = a.dy ? a.dy[i] * (exact_sigmoid(x) - a.targets[i]) : larger_or_nan(x, 0) - x * a.targets[i] + log_one_plus(exact_exp(-magnitude(x)));
  }
}

// L1, below beta squared.
KERNEL(smooth_l1, LossArguments, 256, 4) {
  for (long long i = first_element(); i < a.count; i += all_threads()) {
    float d = a.x[i] - a.targets[i], distance = magnitude(d);
    if (a.dy) a.y[i] = a.dy[i] * (distance < a.gamma ? d / a.gamma : d > 0 ? 1 : d < 0 ? -1 : d);
    else a.y[i] = distance < a.gamma ? 0.5f * distance * distance / a.gamma : distance - 0.5f * a.gamma;
  }
}

// With z = x for the label's own logit and −x for the others, q = sigmoid(−z) and H = softplus(−z): α·q^γ·H.
KERNEL(focal_loss, LossArguments, 256, 4) {
  for (long long i = first_element(); i < a.count; i += all_threads()) {
    long long row = i / a.classes;
    bool own = a.labels[row] == i - row * a.classes;
    float z = own ? a.x[i] : -a.x[i], q = exact_sigmoid(-z), entropy = larger_or_nan(-z, 0) + log_one_plus(exact_exp(-magnitude(z)));
    float weight = (own ? a.alpha : 1 - a.alpha) * (a.gamma == 2 ? q * q : exact_pow(q, a.gamma));
    float slope = -weight * (a.gamma * (1 - q) * entropy + q);
    a.y[i] = a.dy ? a.dy[i] * (own ? slope : -slope) : weight * entropy;
  }
}

struct BoxDecodeArguments {
  const float *boxes, *deltas, *dy;  // boxes: count × 4; deltas and y: count × groups × 4
  float *y, *dboxes, *ddeltas;
  int count, groups;
  float deviation[4], mean[4], limit[2];  // x, y, width, height; +∞ for no limit
};

// One direction of a box: its ends after decoding, and what the gradient needs.
struct BoxSide {
  float low, high, size, shift, growth;
  bool is_inside;
};

DEVICE BoxSide decode(const BoxDecodeArguments& a, const float* box, const float* delta, int side) {
  constexpr float most = 4.135166556742356f;  // |ln(16 / 1000)|
  BoxSide s;
  s.shift = delta[side] * a.deviation[side] + a.mean[side];
  float scaled = delta[side + 2] * a.deviation[side + 2] + a.mean[side + 2];
  s.is_inside = scaled >= -most && scaled <= most;
  s.growth = exact_exp(scaled < -most ? -most : scaled > most ? most : scaled);
  s.size = box[side + 2] - box[side];
  float centre = (box[side] + box[side + 2]) * 0.5f + s.size * s.shift, half = s.size * s.growth * 0.5f;
  s.low = centre - half, s.high = centre + half;
  return s;
}

DEVICE bool is_unlimited(float limit) { return limit == float_of(0x7f800000u); }

KERNEL(decode_boxes, BoxDecodeArguments, 256, 4) {
  for (long long i = first_element(); i < (long long)a.count * a.groups; i += all_threads()) {
    UNROLL for (int side = 0; side < 2; side++) {
      BoxSide s = decode(a, a.boxes + 4 * (i / a.groups), a.deltas + 4 * i, side);
      float limit = a.limit[side];
      a.y[4 * i + side] = is_unlimited(limit) ? s.low : smaller(larger(s.low, 0), limit);
      a.y[4 * i + side + 2] = is_unlimited(limit) ? s.high : smaller(larger(s.high, 0), limit);
    }
  }
}

// A thread a box.
KERNEL(decode_boxes_gradient, BoxDecodeArguments, 256, 4) {
  for (long long box = first_element(); box < a.count; box += all_threads()) {
    UNROLL for (int side = 0; side < 2; side++) {
      float low = 0, high = 0, limit = a.limit[side];
      for (int group = 0; group < a.groups; group++) {
        long long i = box * a.groups + group;
        BoxSide s = decode(a, a.boxes + 4 * box, a.deltas + 4 * i, side);
        float dlow = is_unlimited(limit) || (s.low >= 0 && s.low <= limit) ? a.dy[4 * i + side] : 0;
        float dhigh = is_unlimited(limit) || (s.high >= 0 && s.high <= limit) ? a.dy[4 * i + side + 2] : 0;
        float dcentre = dlow + dhigh, dlength = (dhigh - dlow) * 0.5f, dsize = dcentre * s.shift + dlength * s.growth;
        low += dcentre * 0.5f - dsize, high += dcentre * 0.5f + dsize;
        a.ddeltas[4 * i + side] = dcentre * s.size * a.deviation[side];
        a.ddeltas[4 * i + side + 2] = s.is_inside ? dlength * s.size * s.growth * a.deviation[side + 2] : 0;
      }
      a.dboxes[4 * box + side] = low, a.dboxes[4 * box + side + 2] = high;
    }
  }
}

struct OverlapArguments {
  const float *a, *b, *dy;
  float* y;               // overlaps; backward: the gradient of a, or of b
  int count, others, mode, aligned, of_second;  // mode: as in the enumeration OverlapMode
};

// The overlap of two boxes and, where `gradient` is given, the gradient of the first or second one times dy. Products are rounded
// by themselves, for equal overlaps decide about anchors.
DEVICE float overlap(const float* a, const float* b, int mode, float dy, int of_second, float* gradient) {
  constexpr float eps = 1e-6f;
  float width_a = a[2] - a[0], height_a = a[3] - a[1], width_b = b[2] - b[0], height_b = b[3] - b[1];
  float area_a = rounded_product(width_a, height_a), area_b = rounded_product(width_b, height_b);
  float wide = smaller(a[2], b[2]) - larger(a[0], b[0]), high = smaller(a[3], b[3]) - larger(a[1], b[1]);
  float width = larger(wide, 0), height = larger(high, 0), shared = rounded_product(width, height);
  float all = mode == 1 ? area_a : area_a + area_b - shared, bounded = larger(all, eps), value = shared / bounded;
  float around_width = larger(larger(a[2], b[2]) - smaller(a[0], b[0]), 0), around_height = larger(larger(a[3], b[3]) - smaller(a[1], b[1]), 0);
  float around = rounded_product(around_width, around_height), around_bounded = larger(around, eps);
  if (mode == 2) value -= (around_bounded - bounded) / around_bounded;
  if (!gradient) return value;
  float dshared = dy / bounded, dall = -dy * shared / (bounded * bounded), daround = 0;
  if (mode == 2) {
    dall += dy / around_bounded;
    daround = around > eps ? -dy * bounded / (around_bounded * around_bounded) : 0;
  }
  if (!(all > eps)) dall = 0;
  if (mode != 1) dshared -= dall;
  float darea = of_second && mode == 1 ? 0 : dall;
  float dwidth = wide >= 0 ? dshared * height : 0, dheight = high >= 0 ? dshared * width : 0;
  const float *own = of_second ? b : a, *other = of_second ? a : b;
  UNROLL for (int side = 0; side < 2; side++) {
    float low = own[side] > other[side] ? 1 : own[side] < other[side] ? 0 : 0.5f;  // share of the larger low end
    float top = own[side + 2] < other[side + 2] ? 1 : own[side + 2] > other[side + 2] ? 0 : 0.5f;
    float length = side == 0 ? dwidth : dheight, outer = daround * (side == 0 ? around_height : around_width);
    float across = darea * (side == 0 ? own[3] - own[1] : own[2] - own[0]);
    gradient[side] += -across - low * length - (1 - low) * outer;
    gradient[side + 2] += across + top * length + (1 - top) * outer;
  }
  return value;
}

KERNEL(box_overlaps, OverlapArguments, 256, 4) {
  int columns = a.aligned ? 1 : a.others;
  for (long long i = first_element(); i < (long long)a.count * columns; i += all_threads()) {
    long long first = i / columns, second = a.aligned ? first : i - first * columns;
    a.y[i] = overlap(a.a + 4 * first, a.b + 4 * second, a.mode, 0, 0, nullptr);
  }
}

// A thread a box, over all others.
KERNEL(box_overlaps_gradient, OverlapArguments, 256, 4) {
  int own = a.of_second ? a.others : a.count, others = a.of_second ? a.count : a.others;
  for (long long i = first_element(); i < own; i += all_threads()) {
    float gradient[4] = {};
    for (long long j = a.aligned ? i : 0; j < (a.aligned ? i + 1 : others); j++) {
      long long first = a.of_second ? j : i, second = a.of_second ? i : j;
      overlap(a.a + 4 * first, a.b + 4 * second, a.mode, a.dy[a.aligned ? i : first * a.others + second], a.of_second, gradient);
    }
    UNROLL for (int n = 0; n < 4; n++) a.y[4 * i + n] = gradient[n];
  }
}

struct RegionArguments {
  const float *x, *regions;  // regions: image, left, top, right, bottom; backward x is ∂y
  float* y;
  int batch, height, width, channels, count, rows, columns, sampling, aligned;
  float scale;
};

// A region on the map: its start, the extents of a bin, and the sample points of a bin.
struct Region {
  int image, down, along;
  float top, left, bin_height, bin_width;
};

DEVICE int rounded_up(float x) {
  int whole = (int)x;
  return whole < x ? whole + 1 : whole;
}

DEVICE Region region_of(const RegionArguments& a, int number) {
  const float* r = a.regions + 5ll * number;
  float offset = a.aligned ? 0.5f : 0;
  Region region;
  region.image = r[0] >= 0 && r[0] < a.batch ? (int)r[0] : -1;
  region.left = rounded_product(r[1], a.scale) - offset, region.top = rounded_product(r[2], a.scale) - offset;
  float width = rounded_product(r[3], a.scale) - offset - region.left, height = rounded_product(r[4], a.scale) - offset - region.top;
  if (!a.aligned) width = larger(width, 1), height = larger(height, 1);
  region.bin_height = height / a.rows, region.bin_width = width / a.columns;
  region.down = a.sampling > 0 ? a.sampling : rounded_up(region.bin_height);
  region.along = a.sampling > 0 ? a.sampling : rounded_up(region.bin_width);
  return region;
}

// The two pixels around a place of an axis and the share of the second; nothing farther than a pixel outside.
DEVICE bool pixels_around(float place, int extent, int& low, int& high, float& share) {
  if (!(place >= -1 && place <= extent)) return false;
  place = larger(place, 0);
  low = least((int)place, extent - 1), high = least(low + 1, extent - 1);
  share = high > low ? place - low : 0;
  return true;
}

DEVICE float place_of(float start, int bin, float extent, int point, int points) {
  return start + rounded_product(bin, extent) + rounded_product(point + 0.5f, extent) / points;
}

// A thread a bin's channel. A region of no image gives NaN.
KERNEL(pool_regions, RegionArguments, 256, 4) {
  for (long long i = first_element(); i < (long long)a.count * a.rows * a.columns * a.channels; i += all_threads()) {
    long long bin = i / a.channels;
    int c = (int)(i - bin * a.channels), number = (int)(bin / (a.rows * a.columns)), at = (int)(bin - (long long)number * a.rows * a.columns);
    Region region = region_of(a, number);
    const float* x = a.x + (long long)most(region.image, 0) * a.height * a.width * a.channels + c;
    float sum = 0;
    for (int n = 0; n < region.down; n++) {
      int top, bottom, left, right;
      float down, along;
      if (!pixels_around(place_of(region.top, at / a.columns, region.bin_height, n, region.down), a.height, top, bottom, down)) continue;
      for (int m = 0; m < region.along; m++) {
        if (!pixels_around(place_of(region.left, at % a.columns, region.bin_width, m, region.along), a.width, left, right, along)) continue;
        float upper = x[((long long)top * a.width + left) * a.channels] * (1 - along) + x[((long long)top * a.width + right) * a.channels] * along;
        float lower = x[((long long)bottom * a.width + left) * a.channels] * (1 - along) + x[((long long)bottom * a.width + right) * a.channels] * along;
        sum += upper * (1 - down) + lower * down;
      }
    }
    a.y[i] = region.image < 0 ? float_of(0x7fc00000u) : sum / most(region.down * region.along, 1);
  }
}

// The share of a pixel in the points of a bin along one axis.
DEVICE float share_of(float start, int bin, float extent, int points, int pixels, int pixel) {
  float sum = 0, share;
  int low, high;
  for (int n = 0; n < points; n++) {
    if (!pixels_around(place_of(start, bin, extent, n, points), pixels, low, high, share)) continue;
    if (low == pixel) sum += 1 - share;
    if (high == pixel) sum += share;
  }
  return sum;
}

// Whether no place of a region along an axis reads a pixel: it is a pixel away, and not at the border, to which places outside are moved.
DEVICE bool is_far(float start, float extent, int pixel, int pixels) {
  float low = smaller(start, start + extent), high = larger(start, start + extent);
  return (pixel < low - 1 && pixel < pixels - 1) || (pixel > high + 1 && pixel > 0);
}

// A thread a pixel's channel gathers the bins that read it, region by region.
KERNEL(pool_regions_gradient, RegionArguments, 256, 4) {
  for (long long i = first_element(); i < (long long)a.batch * a.height * a.width * a.channels; i += all_threads()) {
    long long pixel = i / a.channels, line = pixel / a.width;
    int c = (int)(i - pixel * a.channels), column = (int)(pixel - line * a.width), image = (int)(line / a.height), row = (int)(line - (long long)image * a.height);
    float sum = 0;
    for (int number = 0; number < a.count; number++) {
      Region region = region_of(a, number);
      if (region.image != image) continue;
      if (is_far(region.top, a.rows * region.bin_height, row, a.height) || is_far(region.left, a.columns * region.bin_width, column, a.width)) continue;
      for (int n = 0; n < a.rows; n++) {
        float down = share_of(region.top, n, region.bin_height, region.down, a.height, row);
        if (down == 0) continue;
        for (int m = 0; m < a.columns; m++) {
          float along = share_of(region.left, m, region.bin_width, region.along, a.width, column);
          if (along != 0) sum += down * along / most(region.down * region.along, 1) * a.x[(((long long)number * a.rows + n) * a.columns + m) * a.channels + c];
        }
      }
    }
    a.y[i] = sum;
  }
}
