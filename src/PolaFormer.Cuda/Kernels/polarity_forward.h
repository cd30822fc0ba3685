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
  Planes<P> features{(bf16*)(channels.scale + 4 * D), L::FeatureStride, L::Tile * L::FeatureStride};
  Planes<P> values{features.data + P * features.size, L::ValueStride, L::Tile * L::ValueStride};
  channels.load(a, unit.channel);
  float sums[L::MT][L::NT][4] = {}, extras[L::MT][4] = {};
  for (int token = unit.from; token < unit.to; token += L::Tile) {
    block_barrier();
    if (token + 16 * lane.warp < unit.to) {
      UNROLL for (int h = 0; h < 2; h++) {
        int row = 16 * lane.warp + 8 * h + lane.g, at = token + row;
        bool valid = at < unit.to;
        UNROLL for (int b = 0; b < L::Blocks; b++) {
          int first = b * L::Block + lane.t * Own;
          float x[Own], v[Own], positive[Own], negative[Own];
          L::template load<false>(a, unit.row(a.k, at), first, valid, x);
          L::template load<true>(a, unit.row(a.v, at), first, valid, v);
          if (a.position && valid) {
            const float* position = a.position + (long long)at * a.heads * a.d + unit.channel + first;
            UNROLL for (int r = 0; r < Own; r++) x[r] += first + r < a.d ? position[r] : 0;
          }
          UNROLL for (int r = 0; r < Own; r++) {
            typename L::Feature f(x[r] * channels.scale[first + r], channels.power[first + r]);
            positive[r] = f.positive, negative[r] = f.negative;
          }
          L::store_shared(features, row, first, positive);
          L::store_shared(features, row, D + first, negative);
          L::store_shared(values, row, first, v);
        }
      }
    }
    block_barrier();
    L::template accumulate<true>(lane, least(L::Tile, unit.to - token), features, values, sums, extras);
  }
  L::store_sums(lane, a.partial + (long long)unit.number * L::State, sums, extras);
}

// One pass over the queries. Shared memory: channels (4·D floats), W (Features × ValueStride) by planes.
template <class L>
DEVICE void polarity_queries(const PolarityArguments& a) {
  constexpr int D = L::D, P = L::P, Own = L::Own;
  typename L::Lane lane;
  typename L::Unit unit(a, a.query_chunks, a.queries);
  typename L::Channels channels((float*)shared_memory());
  Planes<P> w{(bf16*)(channels.scale + 4 * D), L::ValueStride, L::Features * L::ValueStride};
  channels.load(a, unit.channel);
  L::load_state(a, unit.pair, w, channels.mean);
  block_barrier();
  NO_UNROLL for (int token = unit.from + 16 * lane.warp; token < unit.to; token += L::Tile) {
    float sums[D / 8][4] = {}, same[2] = {}, opposite[2] = {};
    UNROLL for (int b = 0; b < L::Blocks; b++) {
      int first = b * L::Block + lane.t * Own;
      float positive[2][Own], negative[2][Own];
      UNROLL for (int h = 0; h < 2; h++) {
        int at = token + 8 * h + lane.g;
        float x[Own];
        L::template load<false>(a, unit.row(a.q, at), first, at < unit.to, x);
        UNROLL for (int r = 0; r < Own; r++) {
          typename L::Feature f(x[r] * channels.scale[first + r], channels.power[first + r]);
          positive[h][r] = f.positive, negative[h][r] = f.negative;
          float up = channels.mean[first + r], down = channels.mean[D + first + r];
          same[h] += f.positive * up + f.negative * down;
          opposite[h] += f.negative * up + f.positive * down;
        }
      }
      UNROLL for (int s = 0; s < L::Steps; s++) {
        unsigned left[2][P][4];
        L::left(positive, s, left[0]);
        L::left(negative, s, left[1]);
        UNROLL for (int sign = 0; sign < 2; sign++) {
          UNROLL for (int j = 0; j < D / 8; j += 2) {
            unsigned b0[P][2], b1[P][2];
            w.load_right(sign * D + b * L::Block + 16 * s, 8 * j, b0, b1);
            multiply(sums[j], left[sign], b0);
            multiply(sums[j + 1], left[sign], b1);
          }
        }
      }
    }
    UNROLL for (int h = 0; h < 2; h++) {
      float z = 1 / (sum_over_channels(same[h]) + epsilon), opposite_z = 1 / (sum_over_channels(opposite[h]) + epsilon);
      int at = token + 8 * h + lane.g;
      if (at >= unit.to) continue;
      UNROLL for (int b = 0; b < L::Blocks; b++) {
        int first = b * L::Block + lane.t * Own;
        float factor = first < D / 2 ? z : opposite_z, y[Own];
        UNROLL for (int r = 0; r < Own; r++) y[r] = sums[b * (Own / 2) + r / 2][2 * h + r % 2] * factor;
        L::template store<true>(a, unit.row(a.out, at), first, y);
      }
    }
  }
}
