// Reductions over the middle of (outer, reduced, inner).
#include "rows.h"

struct ReduceArguments {
  const void* x;
  float* partial;  // parts × outer × inner, when there are several parts
  void* y;         // outer × inner, when there is one
  long long outer, inner;
  int reduced, parts, largest;  // largest: the maximum instead of the sum
  float factor;
};

// The last dimension: a warp a row, or one of the parts into which rows are cut.
template <class T>
DEVICE void reduce_rows(const ReduceArguments& a) {
  for (long long unit = first_row(); unit < a.outer * a.parts; unit += row_step()) {
    long long part = unit / a.outer, row = unit - part * a.outer;
    const T* x = (const T*)a.x + row * a.reduced;
    int each = (a.reduced + a.parts - 1) / a.parts, from = (int)part * each, to = least(from + each, a.reduced);
    float value = a.largest ? float_of(0xff800000u) : 0;
    for (int i = from + lane_index(); i < to; i += 32) value = a.largest ? larger_or_nan(value, to_float(x[i])) : value + to_float(x[i]);
    value = a.largest ? warp_largest(value) : warp_sum(value);
    if (lane_index() != 0) continue;
    if (a.parts == 1) ((T*)a.y)[row] = from_float<T>(value * a.factor);
    else a.partial[unit] = value;
  }
}

// Any other: a thread a result, of one of the parts into which the dimension is cut.
template <class T>
DEVICE void reduce_columns(const ReduceArguments& a) {
  long long i = (long long)block_index() * block_size() + thread_index(), results = a.outer * a.inner;
  if (i >= results * a.parts) return;
  long long part = i / results, at = i - part * results, outer = at / a.inner;
  const T* x = (const T*)a.x + outer * a.reduced * a.inner + (at - outer * a.inner);
  int each = (a.reduced + a.parts - 1) / a.parts, from = (int)part * each, to = least(from + each, a.reduced);
  float value = a.largest ? float_of(0xff800000u) : 0;
  for (int n = from; n < to; n++) {
    float next = to_float(x[n * a.inner]);
    value = a.largest ? larger_or_nan(value, next) : value + next;
  }
  if (a.parts == 1) ((T*)a.y)[at] = from_float<T>(value * a.factor);
  else a.partial[i] = value;
}

// The parts of results, in their order.
template <class T>
DEVICE void reduce_parts(const ReduceArguments& a) {
  long long at = (long long)block_index() * block_size() + thread_index(), results = a.outer * a.inner;
  if (at >= results) return;
  float value = a.partial[at];
  for (int part = 1; part < a.parts; part++) {
    float next = a.partial[part * results + at];
    value = a.largest ? larger_or_nan(value, next) : value + next;
  }
  ((T*)a.y)[at] = from_float<T>(value * a.factor);
}

#define REDUCTION(name, T)                                                          \
  KERNEL(reduce_rows_##name, ReduceArguments, 256, 4) { reduce_rows<T>(a); }        \
  KERNEL(reduce_columns_##name, ReduceArguments, 256, 4) { reduce_columns<T>(a); }  \
  KERNEL(reduce_parts_##name, ReduceArguments, 256, 4) { reduce_parts<T>(a); }

REDUCTION(float, float)
REDUCTION(bf16, bf16)

struct LargestGradientArguments {
  const float *x, *dy;
  float* dx;
  long long outer, inner;
  int reduced;
};

// ∂y at the first largest value, or the first NaN, and 0 at the others. A thread a result.
KERNEL(largest_gradient, LargestGradientArguments, 256, 4) {
  for (long long i = first_element(); i < a.outer * a.inner; i += all_threads()) {
    long long outer = i / a.inner, from = outer * a.reduced * a.inner + (i - outer * a.inner);
    float best = a.x[from];
    int place = 0;
    for (int n = 0; n < a.reduced; n++) {
      float x = a.x[from + n * a.inner];
      if (x > best || (x != x && best == best)) best = x, place = n;
      a.dx[from + n * a.inner] = 0;
    }
    a.dx[from + place * a.inner] = a.dy[i];
  }
}
