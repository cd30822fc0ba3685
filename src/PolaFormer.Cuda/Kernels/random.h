// Philox4x32-10: the numbers of the processor's generator.
#pragma once
#include "math.h"

DEVICE void philox(unsigned long long index, unsigned long long seed, unsigned long long stream, unsigned (&words)[4]) {
  unsigned c0 = (unsigned)index, c1 = (unsigned)(index >> 32), c2 = (unsigned)stream, c3 = (unsigned)(stream >> 32);
  unsigned k0 = (unsigned)seed, k1 = (unsigned)(seed >> 32);
  UNROLL for (int round = 0; round < 10; round++) {
    unsigned high0 = high_product(0xD2511F53u, c0), low0 = 0xD2511F53u * c0;
    unsigned high1 = high_product(0xCD9E8D57u, c2), low1 = 0xCD9E8D57u * c2;
    c0 = high1 ^ c1 ^ k0, c1 = low1, c2 = high0 ^ c3 ^ k1, c3 = low0;
    k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
  }
  words[0] = c0, words[1] = c1, words[2] = c2, words[3] = c3;
}

// A sequence of numbers; where work is captured, one that follows from the number of the step that it is run for.
struct Generator {
  unsigned long long seed, stream, offset;
  const unsigned long long* step;  // or null
};

DEVICE void philox(unsigned long long index, const Generator& g, unsigned (&words)[4]) {
  philox(index, g.seed, g.step ? g.stream ^ (load_constant(g.step) + g.offset) : g.stream, words);
}

// In [0, 1), a multiple of 2⁻²⁴.
DEVICE float uniform(unsigned bits) { return (float)(bits >> 8) * 5.9604644775390625e-8f; }

// Two uniform numbers become two normal ones (Box and Muller).
DEVICE void normal_pair(float& u, float& v) {
  float radius = square_root(-2.f * exact_log(1 - u)), angle = v * 6.28318531f;
  u = radius * exact_cos(angle);
  v = radius * exact_sin(angle);
}
