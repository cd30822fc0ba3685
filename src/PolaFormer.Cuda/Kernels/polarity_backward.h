// With [y, y'] = out and [g, g'] = ∂L/∂out by halves, z = 1/(φ·m + ε), z' = 1/(ψ·m + ε), γ = [z·g, z'·g']:
//   c = −z·(g·y), c' = −z'·(g'·y')                                   ∂L/∂(φ·m), ∂L/∂(ψ·m)
//   ∂L/∂φ(q̃) = γ·Wᵀ + c·m + c'·exchanged(m)
//   ∂L/∂W = Σ φᵀ·γ,  ∂L/∂m = Σ c·φ + c'·ψ
//   ∂L/∂φ(k̃) = (v·∂L/∂Sᵀ + ∂L/∂m) / n,  ∂L/∂v = φ(k̃)·∂L/∂S / n
//   e = ∂L/∂φ·p·φ:  ∂L/∂x = e / x,  ∂L/∂s = Σ e / s,  ∂L/∂p = Σ e·ln|x̃| / p
// Of a feature and its opposite one is 0 and needs no gradient.
#pragma once
#include "polarity.h"

// A warp's sums over its tokens of e and of e·log₂|x|, one each for the channels of a lane. The eight lanes that have the same
// channels share them out: of each block, lane g keeps an eighth.
template <class L>
struct ChannelSums {
  static constexpr int All = 2 * L::Own, Kept = All / 8;
  float kept[L::Blocks][Kept] = {};

  // Sums over a lane's two tokens: e of the block's channels, then e·log₂|x|.
  DEVICE void add(const typename L::Lane& lane, int b, float (&values)[All]) {
    int count = All;
    UNROLL for (int bit = 4; bit > 0; bit /= 2) {
      count /= 2;
      bool upper = lane.g & bit;
      UNROLL for (int i = 0; i < All / 2; i++) {
        if (i >= count) break;
        float keep = upper ? values[i + count] : values[i], give = upper ? values[i] : values[i + count];
        values[i] = keep + shuffle_xor(give, 4 * bit);
      }
    }
    UNROLL for (int i = 0; i < Kept; i++) kept[b][i] += values[i];
  }

  // Adds up the warps in `scratch` (Warps × 2·D floats of shared memory) and writes 2·D floats: e, then e·log₂|x|.
  DEVICE void store(const typename L::Lane& lane, float* scratch, float* sums) {
    block_barrier();
    UNROLL for (int b = 0; b < L::Blocks; b++) {
      UNROLL for (int i = 0; i < Kept; i++) {
        int n = lane.g * Kept + i, which = n / L::Own, r = n % L::Own;
        scratch[lane.warp * 2 * L::D + which * L::D + b * L::Block + lane.t * L::Own + r] = kept[b][i];
      }
    }
    block_barrier();
    for (int i = thread_index(); i < 2 * L::D; i += L::Threads) {
      float sum = 0;
      for (int warp = 0; warp < L::Warps; warp++) sum += scratch[warp * 2 * L::D + i];
      sums[i] = sum;
    }
  }
};

// The product of 16 tokens' values (γ or v) with the transposed state, of block b: ∂L/∂φ of the features that are not 0, but for
// the means' part.
template <class L>
DEVICE void polarity_feature_gradients(
    const Planes<L::P>& w, int b, const unsigned (&values)[L::D / 16][L::P][4], const float (&x)[2][L::Own], float (&d_feature)[2][L::Own]) {
  constexpr int Own = L::Own;
  UNROLL for (int sign = 0; sign < 2; sign++) {
    float h[Own / 2][4];
    L::multiply_by_transposed_state(w, b, sign, values, h);
    UNROLL for (int i = 0; i < 2; i++) {
      UNROLL for (int r = 0; r < Own; r++)
        d_feature[i][r] = sign == 0 || x[i][r] < 0 ? h[r / 2][2 * i + r % 2] : d_feature[i][r];
    }
  }
}

// ∂L/∂x of a block of both tokens into memory, and the sums of channels. In ∂L/∂φ stand c·m + c'·exchanged(m); for keys, c is 1
// and c' is 0.
template <class L, bool Keys>
DEVICE void polarity_input_gradients(
    const PolarityArguments& a, const Rows& rows, const typename L::Unit& unit, const typename L::Lane& lane, int token, int b,
    const float (&x)[2][L::Own], const float (&d_feature)[2][L::Own], const float (&c)[2][2], const typename L::Channels& channels,
    ChannelSums<L>& channel_sums) {
  constexpr int D = L::D, Own = L::Own;
  int first = b * L::Block + lane.t * Own;
  float dx[2][Own], sums[2 * Own];
  UNROLL for (int r = 0; r < Own; r += 4) {
    float power[4], offset[4], up[4], down[4];
    L::Channels::get(channels.power, first + r, power);
    L::Channels::get(channels.offset, first + r, offset);
    L::Channels::get(channels.mean, first + r, up);
    L::Channels::get(channels.mean + D, first + r, down);
    UNROLL for (int i = 0; i < 4; i++) {
      float e[2], logarithmic = 0;
      UNROLL for (int h = 0; h < 2; h++) {
        float value = x[h][r + i], d = d_feature[h][r + i], same = value < 0 ? down[i] : up[i], exchanged = value < 0 ? up[i] : down[i];
        typename L::Feature f(value, power[i], offset[i]);
        d = Keys ? d + same : multiply_add(c[0][h], same, multiply_add(c[1][h], exchanged, d));
        e[h] = d * power[i] * f.value;
        logarithmic = multiply_add(e[h], larger(f.log, -200.f), logarithmic);
        dx[h][r + i] = value == 0 ? 0 : L::P == 1 ? e[h] * quick_reciprocal(value) : e[h] / value;
      }
      sums[r + i] = e[0] + e[1];
      sums[Own + r + i] = logarithmic;
    }
  }
  UNROLL for (int h = 0; h < 2; h++) {
    int at = token + 8 * h + lane.g;
    if (at < unit.to) L::template store<false>(a, unit.row(rows, at), first, dx[h]);
  }
  channel_sums.add(lane, b, sums);
}

// What the pass over the queries reads of 16 tokens.
template <class L>
DEVICE void polarity_load_queries(
    const PolarityArguments& a, const typename L::Unit& unit, const typename L::Lane& lane, int token, typename L::Raw& q, typename L::Raw& g,
    typename L::Raw& y) {
  L::template load<false, true>(a, a.q, unit, lane, token, q);
  L::template load<true, false>(a, a.d_out, unit, lane, token, g);
  L::template load<true, false>(a, a.out, unit, lane, token, y);
}

// One pass over the queries. A tile's tokens are asked for while the sums of the one before run. Shared memory: channels (4·D floats), W (Features × ValueStride), features (Tile × FeatureStride)
// and γ (Tile × ValueStride) by planes; the sums of channels go over the features at the end.
template <class L>
DEVICE void polarity_query_gradients(const PolarityArguments& a) {
  constexpr int D = L::D, P = L::P, Own = L::Own, Steps = L::Steps;
  typename L::Lane lane;
  typename L::Unit unit(a, a.query_chunks, a.queries);
  typename L::Channels channels((float*)shared_memory());
  Planes<P> w{(bf16*)(channels.power + 4 * D), L::ValueStride, L::Features * L::ValueStride};
  Planes<P> features{w.data + P * w.size, L::FeatureStride, L::Tile * L::FeatureStride};
  Planes<P> outputs{features.data + P * features.size, L::ValueStride, L::Tile * L::ValueStride};
  channels.load(a, unit.channel);
  L::load_state(a, unit.pair, w, channels.mean);
  float sums[L::MT][L::NT][4] = {}, extras[L::MT][4] = {};
  ChannelSums<L> channel_sums;
  typename L::Raw q, g, y;
  int begin = unit.from + 16 * lane.warp, row = 16 * lane.warp + lane.g;
  polarity_load_queries<L>(a, unit, lane, begin, q, g, y);
  block_barrier();
  NO_UNROLL for (int token = unit.from; token < unit.to; token += L::Tile, begin += L::Tile) {
    if (begin < unit.to) {
      float denominators[4] = {}, z[2], opposite_z[2], c[2][2];
      UNROLL for (int b = 0; b < L::Blocks; b++) {
        int first = b * L::Block + lane.t * Own;
        float x[2][Own];
        typename L::Pairs pairs[2];
        q.get(b, 0, x[0]);
        q.get(b, 1, x[1]);
        L::features(channels, first, x, pairs);
        pairs[0].store(features, row, first);
        pairs[1].store(features, row, D + first);
        L::multiply_by_means(w, b, pairs, denominators);
      }
      L::normalizers(denominators, z, opposite_z);

      unsigned values[D / 16][P][4];
      float dot[2] = {}, opposite_dot[2] = {};
      UNROLL for (int b = 0; b < L::Blocks; b++) {
        int first = b * L::Block + lane.t * Own;
        bool left = first < D / 2;
        typename L::Pairs value;
        UNROLL for (int h = 0; h < 2; h++) {
          float x[Own], out[Own], sum = 0, factor = left ? z[h] : opposite_z[h];
          g.get(b, h, x);
          y.get(b, h, out);
          UNROLL for (int r = 0; r < Own; r += 2) {
            sum = multiply_add(x[r + 1], out[r + 1], multiply_add(x[r], out[r], sum));
            value.set(h, r / 2, x[r] * factor, x[r + 1] * factor);
          }
          dot[h] += left ? sum : 0;
          opposite_dot[h] += left ? 0 : sum;
        }
        value.store(outputs, row, first);
        UNROLL for (int s = 0; s < Steps; s++) value.left(s, values[b * Steps + s]);
      }
      UNROLL for (int h = 0; h < 2; h++) {
        c[0][h] = -z[h] * sum_over_channels(dot[h]);
        c[1][h] = -opposite_z[h] * sum_over_channels(opposite_dot[h]);
        if (lane.t == 0) L::store_extras(outputs, row + 8 * h, c[0][h], c[1][h]);
      }

      UNROLL for (int b = 0; b < L::Blocks; b++) {
        float x[2][Own], d_feature[2][Own];
        q.get(b, 0, x[0]);
        q.get(b, 1, x[1]);
        polarity_feature_gradients<L>(w, b, values, x, d_feature);
        polarity_input_gradients<L, false>(a, a.dq, unit, lane, begin, b, x, d_feature, c, channels, channel_sums);
      }
    }
    block_barrier();
    polarity_load_queries<L>(a, unit, lane, begin + L::Tile, q, g, y);
    L::template accumulate<false>(lane, least(L::Tile, unit.to - token), features, outputs, sums, extras);
    block_barrier();
  }
  L::template store_sums<true>(lane, a.partial + (long long)unit.number * L::State, sums, extras);
  channel_sums.store(lane, (float*)features.data, a.query_sums + (long long)unit.number * 2 * D);
}

// One pass over the keys; the state is the sum of the partial gradients. Shared memory: channels (4·D floats), ∂L/∂S
// (Features × ValueStride) by planes; the sums of channels go over it at the end.
template <class L>
DEVICE void polarity_key_gradients(const PolarityArguments& a) {
  constexpr int D = L::D, P = L::P, Own = L::Own;
  typename L::Lane lane;
  typename L::Unit unit(a, a.key_chunks, a.keys);
  typename L::Channels channels((float*)shared_memory());
  Planes<P> w{(bf16*)(channels.power + 4 * D), L::ValueStride, L::Features * L::ValueStride};
  channels.load(a, unit.channel);
  L::load_state(a, unit.pair, w, channels.mean);
  block_barrier();
  ChannelSums<L> channel_sums;
  const float c[2][2] = {};
  typename L::Raw next_k, next_v;
  int begin = unit.from + 16 * lane.warp;
  L::template load<false, true>(a, a.k, unit, lane, begin, next_k);
  L::template load<true, false>(a, a.v, unit, lane, begin, next_v);
  NO_UNROLL for (int token = begin; token < unit.to; token += L::Tile) {
    typename L::Raw k = next_k, v = next_v, position;
    L::load_positions(a, unit, lane, token, position);
    L::leave_out(a, unit, lane, token, k, v, position);
    L::template load<false, true>(a, a.k, unit, lane, token + L::Tile, next_k);
    L::template load<true, false>(a, a.v, unit, lane, token + L::Tile, next_v);
    unsigned values[D / 16][P][4];
    L::lefts(v, values);
    float dv[D / 8][4] = {};
    UNROLL for (int b = 0; b < L::Blocks; b++) {
      float x[2][Own], d_feature[2][Own];
      typename L::Pairs pairs[2];
      L::keys(k, position, b, x);
      L::features(channels, b * L::Block + lane.t * Own, x, pairs);
      L::multiply_by_state(w, b, pairs, dv);
      polarity_feature_gradients<L>(w, b, values, x, d_feature);
      polarity_input_gradients<L, true>(a, a.dk, unit, lane, token, b, x, d_feature, c, channels, channel_sums);
    }
    L::store_products(a, a.dv, unit, lane, token, dv);
  }
  channel_sums.store(lane, (float*)w.data, a.key_sums + (long long)unit.number * 2 * D);
}

// A block a head: ∂s and ∂p from the sums of all units, in the order of images and chunks.
template <int D>
DEVICE void polarity_channel_gradients(const PolarityArguments& a) {
  int head = block_index(), i = thread_index();
  auto* scratch = (float*)shared_memory();
  float sum = sum_of_units<D>(a.query_sums, a.batch, a.heads, a.query_chunks, head) + sum_of_units<D>(a.key_sums, a.batch, a.heads, a.key_chunks, head);
  sum = sum_of_groups<D>(scratch, sum);
  if (i < 2 * D) scratch[i] = sum;
  block_barrier();
  if (i >= a.d) return;
  int at = head * a.d + i;
  float s = a.inverse_scale[at], logarithmic = scratch[D + i] + sum * exact_log2(s);
  a.d_inverse_scale[at] = sum / s;
  a.d_power[at] = logarithmic * ln2 / a.power[at];
}
