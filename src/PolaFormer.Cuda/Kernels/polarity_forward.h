#pragma once
#include "polarity.h"

// One pass over the keys: sums of φ(k̃)ᵀ·v and of φ(k̃), a partial state for each chunk.
// Shared memory: channels (4·D floats), features (Tile × FeatureStride), values (Tile × ValueStride), by planes.
template <class L>
DEVICE void polarity_keys(const PolarityArguments& a) {
  constexpr int D = L::D, P = L::P, Own = L::Own;
  typename L::Lane lane;
  typename L::Unit unit(a, a.key_chunks, a.keys);
  typename L::Channels channels((float*)shared_memory());
  Planes<P> features{(bf16*)(channels.power + 4 * D), L::FeatureStride, L::Tile * L::FeatureStride};
  Planes<P> values{features.data + P * features.size, L::ValueStride, L::Tile * L::ValueStride};
  channels.load(a, unit.channel);
  float sums[L::MT][L::NT][4] = {}, extras[L::MT][4] = {};
  int begin = unit.from + 16 * lane.warp, row = 16 * lane.warp + lane.g;
  block_barrier();
  NO_UNROLL for (int token = unit.from; token < unit.to; token += L::Tile, begin += L::Tile) {
    if (begin < unit.to) {
      typename L::Raw k, v, position;
      L::template load<false, true>(a, a.k, unit, lane, begin, k);
      L::template load<true, true>(a, a.v, unit, lane, begin, v);
      L::load_positions(a, unit, lane, begin, position);
      L::leave_out(a, unit, lane, begin, k, v, position);
      UNROLL for (int b = 0; b < L::Blocks; b++) {
        int first = b * L::Block + lane.t * Own;
        float x[2][Own];
        typename L::Pairs pairs[2], value;
        L::keys(k, position, b, x);
        L::features(channels, first, x, pairs);
        pairs[0].store(features, row, first);
        pairs[1].store(features, row, D + first);
        value.set(v, b);
        value.store(values, row, first);
      }
    }
    block_barrier();
    L::template accumulate<true>(lane, least(L::Tile, unit.to - token), features, values, sums, extras);
    block_barrier();
  }
  L::template store_sums<true>(lane, a.partial + (long long)unit.number * L::State, sums, extras);
}

// One pass over the queries. Shared memory: channels (4·D floats), W (Features × ValueStride) by planes.
template <class L>
DEVICE void polarity_queries(const PolarityArguments& a) {
  constexpr int D = L::D, P = L::P, Own = L::Own;
  typename L::Lane lane;
  typename L::Unit unit(a, a.query_chunks, a.queries);
  typename L::Channels channels((float*)shared_memory());
  Planes<P> w{(bf16*)(channels.power + 4 * D), L::ValueStride, L::Features * L::ValueStride};
  channels.load(a, unit.channel);
  L::load_state(a, unit.pair, w, channels.mean);
  block_barrier();
  typename L::Raw next;
  int begin = unit.from + 16 * lane.warp;
  L::template load<false, false>(a, a.q, unit, lane, begin, next);
  NO_UNROLL for (int token = begin; token < unit.to; token += L::Tile) {
    typename L::Raw q = next;
    L::template load<false, false>(a, a.q, unit, lane, token + L::Tile, next);
    float sums[D / 8][4] = {}, denominators[4] = {}, z[2], opposite_z[2];
    UNROLL for (int b = 0; b < L::Blocks; b++) {
      float x[2][Own];
      typename L::Pairs pairs[2];
      q.get(b, 0, x[0]);
      q.get(b, 1, x[1]);
      L::features(channels, b * L::Block + lane.t * Own, x, pairs);
      L::multiply_by_state(w, b, pairs, sums);
      L::multiply_by_means(w, b, pairs, denominators);
    }
    L::normalizers(denominators, z, opposite_z);
    UNROLL for (int h = 0; h < 2; h++) {
      int at = token + 8 * h + lane.g;
      if (at >= unit.to) continue;
      UNROLL for (int b = 0; b < L::Blocks; b++) {
        int first = b * L::Block + lane.t * Own;
        float factor = first < D / 2 ? z[h] : opposite_z[h], y[Own];
        UNROLL for (int r = 0; r < Own; r++) y[r] = sums[b * (Own / 2) + r / 2][2 * h + r % 2] * factor;
        L::template store<true>(a, unit.row(a.out, at), first, y);
      }
    }
  }
}
