// Adding up partial results, random numbers and what is dropped by them, counters and tables of positions.
#include "random.h"

struct SumArguments {
  const float* parts;  // units × count × length
  float* sums;         // units × length
  long long total;     // units · length
  int length, count;
};

// Sums of `count` vectors of each unit, in their order.
KERNEL(sum_parts, SumArguments, 256, 4) {
  long long i = (long long)block_index() * block_size() + thread_index();
  if (i >= a.total) return;
  long long unit = i / a.length;
  const float* at = a.parts + unit * a.length * a.count + (i - unit * a.length);
  float sum = at[0];
  for (int n = 1; n < a.count; n++) sum += at[(long long)n * a.length];
  a.sums[i] = sum;
}

// The same of many vectors: 32 elements a block, whose parts are added up in eight runs.
KERNEL(sum_many_parts, SumArguments, 256, 4) {
  auto* sums = (float*)shared_memory();
  long long i = (long long)block_index() * 32 + thread_index() % 32;
  int run = thread_index() / 32, each = (a.count + 7) / 8, from = run * each, to = least(a.count, from + each);
  float sum = 0;
  if (i < a.total) {
    long long unit = i / a.length;
    const float* at = a.parts + unit * a.length * a.count + (i - unit * a.length);
    UNROLL_TWICE for (int n = from; n < to; n++) sum += at[(long long)n * a.length];
  }
  sums[thread_index()] = sum;
  block_barrier();
  if (run != 0 || i >= a.total) return;
  UNROLL for (int n = 1; n < 8; n++) sum += sums[32 * n + thread_index()];
  a.sums[i] = sum;
}

struct RandomArguments {
  void* values;
  long long count;
  Generator generator;
  unsigned long long start;                // values[i] is number start + i, start a multiple of 4
  float scale, offset;                     // factor on a number and what is added then
};

// Four numbers a thread.
template <class T, bool Normal>
DEVICE void fill_random(const RandomArguments& a) {
  long long i = ((long long)block_index() * block_size() + thread_index()) * 4;
  if (i >= a.count) return;
  unsigned bits[4];
  philox((a.start + i) >> 2, a.generator, bits);
  float x[4];
  UNROLL for (int j = 0; j < 4; j++) x[j] = uniform(bits[j]);
  if (Normal) {
    UNROLL for (int j = 0; j < 4; j += 2) normal_pair(x[j], x[j + 1]);
  }
  UNROLL for (int j = 0; j < 4; j++)
    if (i + j < a.count) ((T*)a.values)[i + j] = from_float<T>(multiply_add(x[j], a.scale, a.offset));
}

KERNEL(uniform_float, RandomArguments, 256, 4) { fill_random<float, false>(a); }
KERNEL(uniform_bf16, RandomArguments, 256, 4) { fill_random<bf16, false>(a); }
KERNEL(normal_float, RandomArguments, 256, 4) { fill_random<float, true>(a); }
KERNEL(normal_bf16, RandomArguments, 256, 4) { fill_random<bf16, true>(a); }

struct DropoutArguments {
  const float* x;
  float* y;
  long long count;
  Generator generator;
  float probability, kept;
};

// y = x·f with f = 0 where the uniform number of an element is below the probability. Four elements a thread.
KERNEL(dropout, DropoutArguments, 256, 4) {
  for (long long i = first_element() * 4; i < a.count; i += all_threads() * 4) {
    unsigned bits[4];
    philox((unsigned long long)i >> 2, a.generator, bits);
    UNROLL for (int j = 0; j < 4; j++)
      if (i + j < a.count) a.y[i + j] = a.x[i + j] * (uniform(bits[j]) < a.probability ? 0.f : a.kept);
  }
}

struct CountArguments {
  float* y;
  long long* counts;
  long long count, value;
  float start, step;
};

// start + i·step.
KERNEL(arange, CountArguments, 256, 4) {
  for (long long i = first_element(); i < a.count; i += all_threads()) a.y[i] = multiply_add((float)i, a.step, a.start);
}

KERNEL(increment, CountArguments, 256, 4) {
  for (long long i = first_element(); i < a.count; i += all_threads()) a.counts[i] += a.value;
}

struct RotaryArguments {
  const float* angle;
  float *sin, *cos;  // height·width × 2·count
  int count, height, width;
};

// Sines and cosines of a token's row on a grid times the angles, and then of its column.
KERNEL(rotary_tables, RotaryArguments, 256, 4) {
  for (long long i = first_element(); i < 2ll * a.height * a.width * a.count; i += all_threads()) {
    long long token = i / (2 * a.count);
    int c = (int)(i - token * 2 * a.count), place = (int)(c < a.count ? token / a.width : token % a.width);
    float x = place * a.angle[c % a.count];
    a.sin[i] = exact_sin(x), a.cos[i] = exact_cos(x);
  }
}
