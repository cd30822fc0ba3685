// A row of a tensor, worked on by the lanes of a warp in turns.
#pragma once
#include "math.h"

DEVICE int warp_index() { return thread_index() / 32; }
DEVICE int lane_index() { return thread_index() % 32; }

DEVICE float warp_sum(float x) {
  UNROLL for (int mask = 16; mask > 0; mask /= 2) x += shuffle_xor(x, mask);
  return x;
}

DEVICE float warp_largest(float x) {
  UNROLL for (int mask = 16; mask > 0; mask /= 2) x = larger_or_nan(x, shuffle_xor(x, mask));
  return x;
}

// Rows of this warp: one a warp, and on by all warps of the grid.
DEVICE long long first_row() { return (long long)block_index() * (block_size() / 32) + warp_index(); }
DEVICE long long row_step() { return (long long)block_count() * (block_size() / 32); }
