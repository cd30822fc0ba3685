// With [g, g'] = ∂L/∂out by halves, z = 1/(φ·m + ε), z' = 1/(ψ·m + ε):
//   h = g·W₁ᵀ, h' = g'·W₂ᵀ;  c = −z²·(φ·h), c' = −z'²·(φ·h')           ∂L/∂(φ·m), ∂L/∂(ψ·m)
//   ∂L/∂φ(q̃) = z·h + z'·h' + c·m + c'·exchanged(m)
//   ∂L/∂W = Σ φᵀ·[z·g, z'·g'],  ∂L/∂m = Σ c·φ + c'·ψ
//   ∂L/∂φ(k̃) = (v·∂L/∂Sᵀ + ∂L/∂m) / n,  ∂L/∂v = φ(k̃)·∂L/∂S / n
//   x̃ = x·s:  ∂L/∂x = ∂L/∂φ·φ'·s;  with e = ∂L/∂x̃·x̃:  ∂L/∂s = Σ e / s,  ∂L/∂p = Σ e·ln|x̃| / p
// Of a feature and its opposite one is 0 and needs no gradient.
#pragma once
#include "polarity.h"

template <class L>
struct ChannelSums {
  float scaled[L::Blocks][L::Own] = {}, logarithmic[L::Blocks][L::Own] = {};

  DEVICE void add(int b, int r, float x, float dx, float log) {
    float e = dx * x;
    scaled[b][r] += e;
    logarithmic[b][r] = multiply_add(e, log, logarithmic[b][r]);
  }

  // Adds up the warps in `scratch` (Warps × 2·D floats of shared memory) and writes 2·D floats.
  DEVICE void store(const typename L::Lane& lane, float* scratch, float* sums) {
    block_barrier();
    UNROLL for (int b = 0; b < L::Blocks; b++) {
      UNROLL for (int r = 0; r < L::Own; r++) {
        float s = sum_over_tokens(scaled[b][r]), l = sum_over_tokens(logarithmic[b][r]);
        if (lane.g != 0) continue;
        float* at = scratch + lane.warp * 2 * L::D + b * L::Block + lane.t * L::Own + r;
        at[0] = s;
        at[L::D] = l;
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

// One pass over the queries. Shared memory: channels (4·D floats), W (Features × ValueStride), features (Tile × FeatureStride)
// and scaled output gradients (Tile × ValueStride) by planes; the sums of channels go over the features at the end.
template <class L>
DEVICE void polarity_query_gradients(const PolarityArguments& a) {
  constexpr int D = L::D, P = L::P, Own = L::Own, Steps = L::Steps, AllSteps = D / 16;
  typename L::Lane lane;
  typename L::Unit unit(a, a.query_chunks, a.queries);
  typename L::Channels channels((float*)shared_memory());
  Planes<P> w{(bf16*)(channels.scale + 4 * D), L::ValueStride, L::Features * L::ValueStride};
  Planes<P> features{w.data + P * w.size, L::FeatureStride, L::Tile * L::FeatureStride};
  Planes<P> outputs{features.data + P * features.size, L::ValueStride, L::Tile * L::ValueStride};
  channels.load(a, unit.channel);
  L::load_state(a, unit.pair, w, channels.mean);
  float sums[L::MT][L::NT][4] = {}, extras[L::MT][4] = {};
  ChannelSums<L> channel_sums;
  NO_UNROLL for (int token = unit.from; token < unit.to; token += L::Tile) {
    block_barrier();
    int row = 16 * lane.warp + lane.g;
    if (token + 16 * lane.warp < unit.to) {
      float x[L::Blocks][2][Own], z[2], opposite_z[2];
      UNROLL for (int h = 0; h < 2; h++) {
        int at = token + row + 8 * h;
        float same = 0, opposite = 0;
        UNROLL for (int b = 0; b < L::Blocks; b++) {
          int first = b * L::Block + lane.t * Own;
          float positive[Own], negative[Own];
          L::template load<false>(a, unit.row(a.q, at), first, at < unit.to, x[b][h]);
          UNROLL for (int r = 0; r < Own; r++) {
            x[b][h][r] *= channels.scale[first + r];
            typename L::Feature f(x[b][h][r], channels.power[first + r]);
            positive[r] = f.positive, negative[r] = f.negative;
            float up = channels.mean[first + r], down = channels.mean[D + first + r];
            same += f.positive * up + f.negative * down;
            opposite += f.negative * up + f.positive * down;
          }
          L::store_shared(features, row + 8 * h, first, positive);
          L::store_shared(features, row + 8 * h, D + first, negative);
        }
        z[h] = 1 / (sum_over_channels(same) + epsilon);
        opposite_z[h] = 1 / (sum_over_channels(opposite) + epsilon);
      }

      unsigned g[AllSteps][P][4];
      UNROLL for (int b = 0; b < L::Blocks; b++) {
        int first = b * L::Block + lane.t * Own;
        float value[2][Own];
        UNROLL for (int h = 0; h < 2; h++) {
          int at = token + row + 8 * h;
          L::template load<true>(a, unit.row(a.out, at), first, at < unit.to, value[h]);
        }
        UNROLL for (int s = 0; s < Steps; s++) L::left(value, s, g[b * Steps + s]);
        UNROLL for (int h = 0; h < 2; h++) {
          float factor = first < D / 2 ? z[h] : opposite_z[h];
          UNROLL for (int r = 0; r < Own; r++) value[h][r] *= factor;
          L::store_shared(outputs, row + 8 * h, first, value[h]);
        }
      }

      // z·h + z'·h' of the features that are not 0, and φ·h, φ·h'.
      float through[L::Blocks][2][Own] = {}, dot[2][2] = {};
      UNROLL for (int b = 0; b < L::Blocks; b++) {
        UNROLL for (int sign = 0; sign < 2; sign++) {
          UNROLL for (int side = 0; side < 2; side++) {
            float h[Own / 2][4] = {};
            UNROLL for (int step = 0; step < AllSteps; step++) {
              // A block of 32 columns or fewer has both halves, the left one in lanes with t < 2.
              if (L::Blocks > 1 && (step >= AllSteps / 2) != (side == 1)) continue;
              unsigned left[P][4];
              UNROLL for (int p = 0; p < P; p++) {
                UNROLL for (int i = 0; i < 4; i++) left[p][i] = L::Blocks > 1 || (lane.t >= 2) == (side == 1) ? g[step][p][i] : 0;
              }
              UNROLL for (int j = 0; j < Own / 2; j += 2) {
                unsigned b0[P][2], b1[P][2];
                w.load_right_of_transposed(16 * step, sign * D + b * L::Block + 8 * j, b0, b1);
                multiply(h[j], left, b0);
                multiply(h[j + 1], left, b1);
              }
            }
            UNROLL for (int i = 0; i < 2; i++) {
              float factor = side == 0 ? z[i] : opposite_z[i];
              UNROLL for (int r = 0; r < Own; r += 2) {
                const int at = sign * D + b * L::Block + lane.t * Own + r;
                float low = 0, high = 0;
                UNROLL for (int p = 0; p < P; p++) {
                  unsigned pair = *(unsigned*)features.at(row + 8 * i, at, p);
                  low += low_of(pair), high += high_of(pair);
                }
                float h0 = h[r / 2][2 * i], h1 = h[r / 2][2 * i + 1];
                dot[side][i] += low * h0 + high * h1;
                through[b][i][r] += (sign == 0) == (x[b][i][r] > 0) ? factor * h0 : 0;
                through[b][i][r + 1] += (sign == 0) == (x[b][i][r + 1] > 0) ? factor * h1 : 0;
              }
            }
          }
        }
      }

      UNROLL for (int h = 0; h < 2; h++) {
        int at = token + row + 8 * h;
        float c = -z[h] * (z[h] * sum_over_channels(dot[0][h]));
        float opposite_c = -opposite_z[h] * (opposite_z[h] * sum_over_channels(dot[1][h]));
        if (lane.t == 0) {
          // In two parts, whatever the planes: the sums for the mean keep more than a bfloat16.
          float rough = low_of(pack_bf16(c, 0)), opposite_rough = low_of(pack_bf16(opposite_c, 0));
          outputs.store_pair(row + 8 * h, D, rough, c - rough);
          outputs.store_pair(row + 8 * h, D + 2, opposite_rough, opposite_c - opposite_rough);
          outputs.store_pair(row + 8 * h, D + 4, 0, 0);
          outputs.store_pair(row + 8 * h, D + 6, 0, 0);
        }
        UNROLL for (int b = 0; b < L::Blocks; b++) {
          int first = b * L::Block + lane.t * Own;
          float dx[Own];
          UNROLL for (int r = 0; r < Own; r++) {
            float value = x[b][h][r], up = channels.mean[first + r], down = channels.mean[D + first + r];
            typename L::Feature f(value, channels.power[first + r]);
            float d_feature = through[b][h][r] + (value > 0 ? c * up + opposite_c * down : c * down + opposite_c * up);
            float d_scaled = d_feature * f.slope(value, channels.power[first + r]);
            channel_sums.add(b, r, value, d_scaled, f.log);
            dx[r] = d_scaled * channels.scale[first + r];
          }
          if (at < unit.to) L::template store<false>(a, unit.row(a.dq, at), first, dx);
        }
      }
    }
    block_barrier();
    L::template accumulate<false>(lane, least(L::Tile, unit.to - token), features, outputs, sums, extras);
  }
  L::store_sums(lane, a.partial + (long long)unit.number * L::State, sums, extras);
  channel_sums.store(lane, (float*)features.data, a.query_sums + (long long)unit.number * 2 * D);
}

// One pass over the keys; the state is the sum of the partial gradients. Shared memory: channels (4·D floats), ∂L/∂S
// (Features × ValueStride) by planes; the sums of channels go over it at the end.
template <class L>
DEVICE void polarity_key_gradients(const PolarityArguments& a) {
  constexpr int D = L::D, P = L::P, Own = L::Own, Steps = L::Steps, AllSteps = D / 16;
  typename L::Lane lane;
  typename L::Unit unit(a, a.key_chunks, a.keys);
  typename L::Channels channels((float*)shared_memory());
  Planes<P> w{(bf16*)(channels.scale + 4 * D), L::ValueStride, L::Features * L::ValueStride};
  channels.load(a, unit.channel);
  L::load_state(a, unit.pair, w, channels.mean);
  block_barrier();
  ChannelSums<L> channel_sums;
  NO_UNROLL for (int token = unit.from + 16 * lane.warp; token < unit.to; token += L::Tile) {
    unsigned v[AllSteps][P][4];
    UNROLL for (int b = 0; b < L::Blocks; b++) {
      float value[2][Own];
      UNROLL for (int h = 0; h < 2; h++) {
        int at = token + 8 * h + lane.g;
        L::template load<true>(a, unit.row(a.v, at), b * L::Block + lane.t * Own, at < unit.to, value[h]);
      }
      UNROLL for (int s = 0; s < Steps; s++) L::left(value, s, v[b * Steps + s]);
    }
    float dv[D / 8][4] = {};
    UNROLL for (int b = 0; b < L::Blocks; b++) {
      int first = b * L::Block + lane.t * Own;
      float x[2][Own], positive[2][Own], negative[2][Own], slope[2][Own], log[2][Own];
      UNROLL for (int h = 0; h < 2; h++) {
        int at = token + 8 * h + lane.g;
        bool valid = at < unit.to;
        L::template load<false>(a, unit.row(a.k, at), first, valid, x[h]);
        if (a.position && valid) {
          const float* position = a.position + (long long)at * a.heads * a.d + unit.channel + first;
          UNROLL for (int r = 0; r < Own; r++) x[h][r] += first + r < a.d ? position[r] : 0;
        }
        UNROLL for (int r = 0; r < Own; r++) {
          float p = channels.power[first + r];
          x[h][r] *= channels.scale[first + r];
          typename L::Feature f(x[h][r], p);
          positive[h][r] = f.positive, negative[h][r] = f.negative, slope[h][r] = f.slope(x[h][r], p), log[h][r] = f.log;
        }
      }

      UNROLL for (int s = 0; s < Steps; s++) {
        unsigned left[2][P][4];
        L::left(positive, s, left[0]);
        L::left(negative, s, left[1]);
        UNROLL for (int sign = 0; sign < 2; sign++) {
          UNROLL for (int j = 0; j < D / 8; j += 2) {
            unsigned b0[P][2], b1[P][2];
            w.load_right(sign * D + b * L::Block + 16 * s, 8 * j, b0, b1);
            multiply(dv[j], left[sign], b0);
            multiply(dv[j + 1], left[sign], b1);
          }
        }
      }

      float d_feature[2][Own] = {};
      UNROLL for (int sign = 0; sign < 2; sign++) {
        float h[Own / 2][4] = {};
        UNROLL for (int step = 0; step < AllSteps; step++) {
          UNROLL for (int j = 0; j < Own / 2; j += 2) {
            unsigned b0[P][2], b1[P][2];
            w.load_right_of_transposed(16 * step, sign * D + b * L::Block + 8 * j, b0, b1);
            multiply(h[j], v[step], b0);
            multiply(h[j + 1], v[step], b1);
          }
        }
        UNROLL for (int i = 0; i < 2; i++) {
          UNROLL for (int r = 0; r < Own; r++) {
            if ((sign == 0) == (x[i][r] > 0)) d_feature[i][r] = h[r / 2][2 * i + r % 2] + channels.mean[sign * D + first + r];
          }
        }
      }
      UNROLL for (int h = 0; h < 2; h++) {
        int at = token + 8 * h + lane.g;
        float dx[Own];
        UNROLL for (int r = 0; r < Own; r++) {
          float d_scaled = d_feature[h][r] * slope[h][r];
          channel_sums.add(b, r, x[h][r], d_scaled, log[h][r]);
          dx[r] = d_scaled * channels.scale[first + r];
        }
        if (at < unit.to) L::template store<false>(a, unit.row(a.dk, at), first, dx);
      }
    }
    UNROLL for (int h = 0; h < 2; h++) {
      int at = token + 8 * h + lane.g;
      if (at >= unit.to) continue;
      UNROLL for (int b = 0; b < L::Blocks; b++) {
        float y[Own];
        UNROLL for (int r = 0; r < Own; r++) y[r] = dv[b * (Own / 2) + r / 2][2 * h + r % 2];
        L::template store<true>(a, unit.row(a.dv, at), b * L::Block + lane.t * Own, y);
      }
    }
  }
  channel_sums.store(lane, (float*)w.data, a.key_sums + (long long)unit.number * 2 * D);
}

// A block a head: ∂s and ∂p from the sums of all units, in the order of images and chunks.
template <int D>
DEVICE void polarity_channel_gradients(const PolarityArguments& a) {
  int head = block_index(), groups = block_size() / (2 * D), group = thread_index() / (2 * D), i = thread_index() % (2 * D);
  auto* scratch = (float*)shared_memory();
  float sum = 0;
  for (int pass = 0; pass < 2; pass++) {
    int chunks = pass == 0 ? a.query_chunks : a.key_chunks;
    const float* sums = pass == 0 ? a.query_sums : a.key_sums;
    for (int n = group; n < a.batch * chunks; n += groups) {
      int image = n / chunks, chunk = n - image * chunks;
      sum += sums[((long long)(image * a.heads + head) * chunks + chunk) * 2 * D + i];
    }
  }
  scratch[thread_index()] = sum;
  block_barrier();
  int channel = i % D;
  if (group != 0 || channel >= a.d) return;
  for (int g = 1; g < groups; g++) sum += scratch[g * 2 * D + i];
  int at = head * a.d + channel;
  if (i < D) a.d_inverse_scale[at] = sum / a.inverse_scale[at];
  else a.d_power[at] = sum * ln2 / a.power[at];
}
