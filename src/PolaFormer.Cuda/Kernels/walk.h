// A walk over up to six dimensions of two arrays, each with strides of its own: 0 where one is repeated.
#pragma once
#include "device.h"

struct Walk {
  long long count;  // elements, the product of the extents
  int rank;
  int extents[6];
  long long x[6], y[6];  // from one element of a dimension to the next
};

// Where element i lies in both arrays.
DEVICE void locate(const Walk& w, long long i, long long& x, long long& y) {
  long long rest = i;
  x = 0, y = 0;
  UNROLL for (int d = 5; d > 0; d--) {
    if (d >= w.rank) continue;
    long long next = quotient(rest, w.extents[d]);
    long long at = rest - next * w.extents[d];
    x += at * w.x[d], y += at * w.y[d];
    rest = next;
  }
  x += rest * w.x[0], y += rest * w.y[0];
}
