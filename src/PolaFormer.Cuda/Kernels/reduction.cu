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

// The last dimension: a warp a row.
template <class T>
DEVICE void reduce_rows(const ReduceArguments& a) {
  for (long long row = first_row(); row < a.outer; row += row_step()) {
    const T* x = (const T*)a.x + row * a.reduced;
    float value = a.largest ? float_of(0xff800000u) : 0;
    for (int i = lane_index(); i < a.reduced; i += 32) value = a.largest ? larger_or_nan(value, to_float(x[i])) : value + to_float(x[i]);
    value = a.largest ? warp_largest(value) : warp_sum(value);
    if (lane_index() == 0) ((T*)a.y)[row] = from_float<T>(value * a.factor);
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
