// Kernels with the faults that the fibres are there to find.
#include "device.h"

struct FaultyArguments {
  float* out;
};

// Lane i reads what lane i + 1 writes, without a barrier between.
KERNEL(missing_barrier, FaultyArguments, 64, 1) {
  auto* shared = (float*)shared_memory();
  shared[thread_index()] = (float)thread_index();
  a.out[thread_index()] = shared[(thread_index() + 1) % 64];
}

KERNEL(one_thread_leaves, FaultyArguments, 64, 1) {
  if (thread_index() == 5) return;
  block_barrier();
  a.out[thread_index()] = 0;
}

KERNEL(half_a_warp_shuffles, FaultyArguments, 64, 1) {
  if (thread_index() % 32 < 16) a.out[thread_index()] = shuffle_xor(1, 1);
}
