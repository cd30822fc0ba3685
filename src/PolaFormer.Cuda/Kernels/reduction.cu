// Reductions over the middle of (outer, reduced, inner), places of the largest, and counts of what is not finite.
#include "rows.h"
#include "vectors.h"

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

// Sums of columns, four neighbouring ones a thread: a block has Runs such runs of columns in as many lines as there is room for, and
// adds the lines up in their order. outer is 1; sum_parts adds up the parts.
template <class T>
DEVICE void sum_columns(const ReduceArguments& a) {
  constexpr int Runs = 16, Lines = 16;
  auto* shared = (float*)shared_memory();
  int tiles = (int)((a.inner / 4 + Runs - 1) / Runs), tile = block_index() % tiles, part = block_index() / tiles;
  int run = thread_index() % Runs, line = thread_index() / Runs, column = 4 * (tile * Runs + run);
  int each = (a.reduced + a.parts - 1) / a.parts, from = part * each, to = least(from + each, a.reduced);
  float sums[4] = {};
  if (column < a.inner) {
    const T* x = (const T*)a.x + column;
    UNROLL_TWICE for (int n = from + line; n < to; n += Lines) {
      Four next = load_four(x + n * a.inner);
      UNROLL for (int j = 0; j < 4; j++) sums[j] += next.x[j];
    }
  }
  store_four(shared + 4 * thread_index(), {{sums[0], sums[1], sums[2], sums[3]}});
  block_barrier();
  column = tile * Runs * 4 + thread_index();
  if (thread_index() >= 4 * Runs || column >= a.inner) return;
  float sum = 0;
  UNROLL for (int n = 0; n < Lines; n++) sum += shared[4 * n * Runs + thread_index()];
  a.partial[part * a.inner + column] = sum * a.factor;
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
  KERNEL(sum_columns_##name, ReduceArguments, 256, 4) { sum_columns<T>(a); }        \
  KERNEL(reduce_parts_##name, ReduceArguments, 256, 4) { reduce_parts<T>(a); }

REDUCTION(float, float)
REDUCTION(bf16, bf16)

struct LargestArguments {
  const float *x, *dy;
  float* dx;
  long long* places;
  long long outer, inner;
  int reduced;
};

// The place of the first largest value, or of the first NaN.
DEVICE int largest_place(const LargestArguments& a, long long from) {
  float best = a.x[from];
  int place = 0;
  for (int n = 1; n < a.reduced; n++) {
    float x = a.x[from + n * a.inner];
    if (x > best || (x != x && best == best)) best = x, place = n;
  }
  return place;
}

KERNEL(largest_places, LargestArguments, 256, 4) {
  for (long long i = first_element(); i < a.outer * a.inner; i += all_threads()) {
    long long outer = i / a.inner;
    a.places[i] = largest_place(a, outer * a.reduced * a.inner + (i - outer * a.inner));
  }
}

// ∂y there and 0 elsewhere. A thread a result.
KERNEL(largest_gradient, LargestArguments, 256, 4) {
  for (long long i = first_element(); i < a.outer * a.inner; i += all_threads()) {
    long long outer = i / a.inner, from = outer * a.reduced * a.inner + (i - outer * a.inner);
    int place = largest_place(a, from);
    for (int n = 0; n < a.reduced; n++) a.dx[from + n * a.inner] = n == place ? a.dy[i] : 0;
  }
}

struct NonFiniteArguments {
  const float* x;
  long long *partial, *counts;  // NaN and ±∞: of each block, and of all
  long long rows, row;          // row: floats from one row to the next
  int width, parts;
};

KERNEL(count_non_finite, NonFiniteArguments, 256, 4) {
  auto* counts = (long long*)shared_memory();
  long long nan = 0, infinite = 0;
  for (long long i = first_element(); i < a.rows * a.width; i += all_threads()) {
    long long row = i / a.width;
    float x = a.x[row * a.row + (i - row * a.width)];
    nan += x != x, infinite += magnitude(x) == float_of(0x7f800000u);
  }
  counts[2 * thread_index()] = nan, counts[2 * thread_index() + 1] = infinite;
  for (int half = block_size() / 2; half > 0; half /= 2) {
    block_barrier();
    if (thread_index() >= half) continue;
    UNROLL for (int n = 0; n < 2; n++) counts[2 * thread_index() + n] += counts[2 * (thread_index() + half) + n];
  }
  if (thread_index() == 0) a.partial[2 * block_index()] = counts[0], a.partial[2 * block_index() + 1] = counts[1];
}

KERNEL(sum_counts, NonFiniteArguments, 32, 1) {
  if (thread_index() >= 2) return;
  long long sum = 0;
  for (int part = 0; part < a.parts; part++) sum += a.partial[2 * part + thread_index()];
  a.counts[thread_index()] = sum;
}
