// The kernels of one storage type and head size. Smaller heads are padded with zeros. For each pass: the warps of a block, and the
// blocks that shall fit on a multiprocessor, which bounds registers. What a host must know of it is in PolarityProblem.cs.
#pragma once
#include "polarity_backward.h"
#include "polarity_forward.h"

#define POLARITY_KEYS(T, D, warps, blocks) KERNEL(keys, PolarityArguments, 32 * warps, blocks) { polarity_keys<Polarity<T, D, warps>>(a); }
#define POLARITY_QUERIES(T, D, warps, blocks) \
  KERNEL(queries, PolarityArguments, 32 * warps, blocks) { polarity_queries<Polarity<T, D, warps>>(a); }
#define POLARITY_QUERY_GRADIENTS(T, D, warps, blocks) \
  KERNEL(query_gradients, PolarityArguments, 32 * warps, blocks) { polarity_query_gradients<Polarity<T, D, warps>>(a); }
#define POLARITY_KEY_GRADIENTS(T, D, warps, blocks) \
  KERNEL(key_gradients, PolarityArguments, 32 * warps, blocks) { polarity_key_gradients<Polarity<T, D, warps>>(a); }
#define POLARITY_CHANNEL_GRADIENTS(D) KERNEL(channel_gradients, PolarityArguments, 1024, 1) { polarity_channel_gradients<D>(a); }
