// The kernels of one storage type and head size. Smaller heads are padded with zeros.
#pragma once
#include "polarity_backward.h"
#include "polarity_forward.h"

#define POLARITY(T, D, warps)                                                                                     \
  KERNEL(keys, PolarityArguments, 32 * warps, 2) { polarity_keys<Polarity<T, D, warps>>(a); }                     \
  KERNEL(queries, PolarityArguments, 32 * warps, 2) { polarity_queries<Polarity<T, D, warps>>(a); }               \
  KERNEL(query_gradients, PolarityArguments, 32 * warps, 1) { polarity_query_gradients<Polarity<T, D, warps>>(a); } \
  KERNEL(key_gradients, PolarityArguments, 32 * warps, 1) { polarity_key_gradients<Polarity<T, D, warps>>(a); }   \
  KERNEL(channel_gradients, PolarityArguments, 1024, 1) { polarity_channel_gradients<D>(a); }
