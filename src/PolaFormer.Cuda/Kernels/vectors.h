// Elements four at a time, 16 bytes of floats or 8 of bfloat16: as many loads under way as memory needs to keep busy.
#pragma once
#include "math.h"

struct Four {
  float x[4];
};

DEVICE Four load_four(const float* p) {
  uint4v u = *(const uint4v*)p;
  return {{float_of(u[0]), float_of(u[1]), float_of(u[2]), float_of(u[3])}};
}
DEVICE Four load_four(const bf16* p) {
  uint2v u = *(const uint2v*)p;
  return {{low_of(u[0]), high_of(u[0]), low_of(u[1]), high_of(u[1])}};
}

DEVICE void store_four(float* p, const Four& f) { *(uint4v*)p = uint4v{bits_of(f.x[0]), bits_of(f.x[1]), bits_of(f.x[2]), bits_of(f.x[3])}; }
DEVICE void store_four(bf16* p, const Four& f) { *(uint2v*)p = uint2v{pack_bf16(f.x[0], f.x[1]), pack_bf16(f.x[2], f.x[3])}; }

// Four of an array that may be null: zeros.
template <class T>
DEVICE Four load_four_or(const T* p, long long at, float otherwise) {
  if (p) return load_four(p + at);
  return {{otherwise, otherwise, otherwise, otherwise}};
}

// Whether four elements from each of the addresses on can be read at once; null can.
template <class T, class... Pointers>
DEVICE bool are_aligned(Pointers... p) {
  return ((0ull | ... | (unsigned long long)p) & (4 * sizeof(T) - 1)) == 0;
}
