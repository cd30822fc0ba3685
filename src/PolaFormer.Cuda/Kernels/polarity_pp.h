// The linear attention of PolaFormer++, forward and backward, on tensor cores. Per image and head, R the rotary encoding:
//   f = exp([q₊, q₋]·t) − 1,  f' = exp([q₋, q₊]·t') − 1,  κ = exp([k₊, k₋]) − 1          front and back features, 2d wide
//   S = (R κ)ᵀ·v / n,  m = mean of κ
//   out = [(R f)·S₁ / (f·m + 1e-6), (R f')·S₂ / (f'·m + 1e-6)]                            S₁, S₂: left and right half of the columns
// Lanes and channels are those of polarity.h; a state is S and then m, both with the padded head size.
#pragma once
#include "polarity_backward.h"

struct PolarityPPArguments {
  Rows q, k, v, out;
  Rows d_out, dq, dk, dv;
  const float *same, *opposite;  // t and t', heads × 2d
  const float *sin, *cos;        // n × 2d
  float *state, *partial;        // per pair, and per unit
  float *same_sums, *opposite_sums;  // per unit, 2·D: ∂t and ∂t'
  float *d_same, *d_opposite;
  int batch, heads, d, tokens, chunks, chunk_tokens, wide;
};

template <class L>
struct PolarityPP {
  static constexpr int D = L::D, P = L::P, Own = L::Own;

  // Front and back features of a lane's channels of a token.
  struct Features {
    float front[Own], back[Own];
  };

  // The lane's numbers of a row of 2d floats: of front and of back features; 1 past the head.
  DEVICE static void get(const PolarityPPArguments& a, const float* row, int first, Features& x) {
    if (a.wide) {
      L::Channels::get(row, first, x.front);
      L::Channels::get(row + D, first, x.back);
    } else {
      UNROLL for (int r = 0; r < Own; r++) {
        bool inside = first + r < a.d;
        x.front[r] = inside ? row[first + r] : 1;
        x.back[r] = inside ? row[a.d + first + r] : 1;
      }
    }
  }

  DEVICE static float exponential(float x) {
    if constexpr (P == 1) return quick_exp2(x * 1.44269504f);
    else return exact_exp(x);
  }

  // exp(|x|·t) − 1 at the front where x is positive, at the back where it is negative. A NaN passes.
  DEVICE static void make(const float (&x)[Own], const Features& t, Features& f) {
    UNROLL for (int r = 0; r < Own; r++) {
      float value = exponential(magnitude(x[r]) * (x[r] > 0 ? t.front[r] : t.back[r])) - 1;
      f.front[r] = x[r] <= 0 ? 0 : value;
      f.back[r] = x[r] >= 0 ? 0 : value;
    }
  }

  DEVICE static void turn(const float (&x)[Own], const float (&sin)[Own], const float (&cos)[Own], float (&y)[Own]) {
    UNROLL for (int r = 0; r < Own; r += 2) {
      y[r] = x[r] * cos[r] - x[r + 1] * sin[r];
      y[r + 1] = x[r + 1] * cos[r + 1] + x[r] * sin[r + 1];
    }
  }

  DEVICE static void turn_back(const float (&x)[Own], const float (&sin)[Own], const float (&cos)[Own], float (&y)[Own]) {
    UNROLL for (int r = 0; r < Own; r += 2) {
      y[r] = x[r] * cos[r] + x[r + 1] * sin[r + 1];
      y[r + 1] = x[r + 1] * cos[r + 1] - x[r] * sin[r];
    }
  }

  // R·f of one of a lane's tokens into the pairs of front and back features.
  DEVICE static void turned_pairs(const PolarityPPArguments& a, int token, int first, int h, const Features& f, typename L::Pairs (&pairs)[2]) {
    Features sin, cos;
    float y[2][Own];
    get(a, a.sin + (long long)token * 2 * a.d, first, sin);
    get(a, a.cos + (long long)token * 2 * a.d, first, cos);
    turn(f.front, sin.front, cos.front, y[0]);
    turn(f.back, sin.back, cos.back, y[1]);
    UNROLL for (int side = 0; side < 2; side++) {
      UNROLL for (int r = 0; r < Own; r += 2) pairs[side].set(h, r / 2, y[side][r], y[side][r + 1]);
    }
  }

  DEVICE static void load_state(const PolarityPPArguments& a, int pair, const Planes<P>& w, float* mean) {
    const float* state = a.state + (long long)pair * L::State;
    float factor = 1.f / a.tokens;
    for (int i = thread_index(); i < L::Features * D / 2; i += L::Threads) {
      int f = i / (D / 2), c = i % (D / 2) * 2;
      w.store_pair((f < D ? 0 : D) + L::place(f % D), L::place(c), state[f * D + c] * factor, state[f * D + c + 1] * factor);
    }
    for (int f = thread_index(); f < L::Features; f += L::Threads) mean[f] = state[L::Features * D + f] * factor;
  }

  // Queries with their sign turned for the opposite features, and their temperatures.
  DEVICE static void query(
      const PolarityPPArguments& a, const typename L::Raw& raw, const typename L::Unit& unit, int stream, int b, int h, int first, float (&x)[Own],
      Features& t) {
    raw.get(b, h, x);
    if (stream == 1) {
      UNROLL for (int r = 0; r < Own; r++) x[r] = -x[r];
    }
    get(a, (stream == 0 ? a.same : a.opposite) + unit.head * 2 * a.d, first, t);
  }

  DEVICE static float dot(const Features& f, const float* mean, int first) {
    float sum = 0;
    UNROLL for (int r = 0; r < Own; r++) sum += f.front[r] * mean[first + r] + f.back[r] * mean[D + first + r];
    return sum;
  }

  // values·Sᵀ of a block: what comes to the front and to the back features of both tokens.
  DEVICE static void state_gradients(const Planes<P>& w, int b, const unsigned (&values)[D / 16][P][4], float (&y)[2][2][Own]) {
    UNROLL for (int side = 0; side < 2; side++) {
      float h[Own / 2][4];
      L::multiply_by_transposed_state(w, b, side, values, h);
      UNROLL for (int i = 0; i < 2; i++) {
        UNROLL for (int r = 0; r < Own; r++) y[side][i][r] = h[r / 2][2 * i + r % 2];
      }
    }
  }

  // Rᵀ of it for one token, and `add`·m: ∂L/∂f.
  DEVICE static void feature_gradients(
      const PolarityPPArguments& a, int token, int first, const float (&front)[Own], const float (&back)[Own], const float* mean, float add, Features& d) {
    Features sin, cos;
    get(a, a.sin + (long long)token * 2 * a.d, first, sin);
    get(a, a.cos + (long long)token * 2 * a.d, first, cos);
    turn_back(front, sin.front, cos.front, d.front);
    turn_back(back, sin.back, cos.back, d.back);
    UNROLL for (int r = 0; r < Own; r++) {
      d.front[r] = multiply_add(add, mean[first + r], d.front[r]);
      d.back[r] = multiply_add(add, mean[D + first + r], d.back[r]);
    }
  }
};

// One pass over the keys. Shared memory: features (Tile × FeatureStride) and values (Tile × ValueStride) by planes.
template <class L>
DEVICE void polarity_pp_keys(const PolarityPPArguments& a) {
  using X = PolarityPP<L>;
  constexpr int D = L::D, P = L::P, Own = L::Own;
  typename L::Lane lane;
  typename L::Unit unit(a, a.chunks, a.tokens);
  Planes<P> features{(bf16*)shared_memory(), L::FeatureStride, L::Tile * L::FeatureStride};
  Planes<P> values{features.data + P * features.size, L::ValueStride, L::Tile * L::ValueStride};
  float sums[L::MT][L::NT][4] = {}, extras[L::MT][4] = {};
  ChannelSums<L> means;
  typename X::Features one;
  UNROLL for (int r = 0; r < Own; r++) one.front[r] = one.back[r] = 1;
  int begin = unit.from + 16 * lane.warp, row = 16 * lane.warp + lane.g;
  NO_UNROLL for (int token = unit.from; token < unit.to; token += L::Tile, begin += L::Tile) {
    if (begin < unit.to) {
      typename L::Raw k, v;
      L::template load<false, true>(a, a.k, unit, lane, begin, k);
      L::template load<true, true>(a, a.v, unit, lane, begin, v);
      UNROLL for (int b = 0; b < L::Blocks; b++) {
        int first = b * L::Block + lane.t * Own;
        typename L::Pairs pairs[2], value;
        float added[2 * Own] = {};
        UNROLL for (int h = 0; h < 2; h++) {
          float x[Own];
          typename X::Features f;
          k.get(b, h, x);
          X::make(x, one, f);
          UNROLL for (int r = 0; r < Own; r++) added[r] += f.front[r], added[Own + r] += f.back[r];
          X::turned_pairs(a, least(begin + 8 * h + lane.g, unit.to - 1), first, h, f, pairs);
        }
        means.add(lane, b, added);
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
  float* result = a.partial + (long long)unit.number * L::State;
  L::template store_sums<false>(lane, result, sums, extras);
  means.store(lane, (float*)features.data, result + L::Features * D);
}

// One pass over the queries. Shared memory: means (2·D floats), S (Features × ValueStride) by planes.
template <class L>
DEVICE void polarity_pp_queries(const PolarityPPArguments& a) {
  using X = PolarityPP<L>;
  constexpr int D = L::D, P = L::P, Own = L::Own;
  typename L::Lane lane;
  typename L::Unit unit(a, a.chunks, a.tokens);
  auto* mean = (float*)shared_memory();
  Planes<P> w{(bf16*)(mean + 2 * D), L::ValueStride, L::Features * L::ValueStride};
  X::load_state(a, unit.pair, w, mean);
  block_barrier();
  NO_UNROLL for (int token = unit.from + 16 * lane.warp; token < unit.to; token += L::Tile) {
    typename L::Raw q;
    L::template load<false, false>(a, a.q, unit, lane, token, q);
    float z[2][2], sums[2][D / 8][4] = {};
    UNROLL for (int stream = 0; stream < 2; stream++) {
      float denominator[2] = {};
      UNROLL for (int b = 0; b < L::Blocks; b++) {
        int first = b * L::Block + lane.t * Own;
        typename L::Pairs pairs[2];
        UNROLL for (int h = 0; h < 2; h++) {
          float x[Own];
          typename X::Features t, f;
          X::query(a, q, unit, stream, b, h, first, x, t);
          X::make(x, t, f);
          denominator[h] += X::dot(f, mean, first);
          X::turned_pairs(a, least(token + 8 * h + lane.g, unit.to - 1), first, h, f, pairs);
        }
        UNROLL for (int s = 0; s < L::Steps; s++) {
          UNROLL for (int side = 0; side < 2; side++) {
            unsigned left[P][4];
            pairs[side].left(s, left);
            UNROLL for (int j = 0; j < D / 8; j += 2) {
              // Where there are several blocks of columns, each is of one half.
              if (L::Blocks > 1 && (j >= D / 16) != (stream == 1)) continue;
              unsigned b0[P][2], b1[P][2];
              w.load_right(side * D + b * L::Block + 16 * s, 8 * j, b0, b1);
              multiply(sums[stream][j], left, b0);
              multiply(sums[stream][j + 1], left, b1);
            }
          }
        }
      }
      UNROLL for (int h = 0; h < 2; h++) z[stream][h] = 1 / (sum_over_channels(denominator[h]) + epsilon);
    }
    UNROLL for (int h = 0; h < 2; h++) {
      int at = token + 8 * h + lane.g;
      if (at >= unit.to) continue;
      UNROLL for (int b = 0; b < L::Blocks; b++) {
        int first = b * L::Block + lane.t * Own;
        bool left = first < D / 2;
        float y[Own];
        UNROLL for (int r = 0; r < Own; r++) {
          int j = b * (Own / 2) + r / 2, e = 2 * h + r % 2;
          y[r] = left ? sums[0][j][e] * z[0][h] : sums[1][j][e] * z[1][h];
        }
        L::template store<true>(a, unit.row(a.out, at), first, y);
      }
    }
  }
}

// One pass over the queries. With γ = z·∂L/∂out in one half of the columns and 0 in the other, for each of both streams:
//   c = −z·(g·y),  ∂L/∂f = Rᵀ(γ·Sᵀ) + c·m,  ∂L/∂S += (R f)ᵀ·γ,  ∂L/∂m += Σ c·f
//   e = ∂L/∂f·(f + 1):  ∂L/∂q += ±t·e,  ∂L/∂t = Σ |q|·e,  0 where q is
// Shared memory: means (2·D floats), S (Features × ValueStride), features (Tile × FeatureStride), γ (Tile × ValueStride) by planes.
template <class L>
DEVICE void polarity_pp_query_gradients(const PolarityPPArguments& a) {
  using X = PolarityPP<L>;
  constexpr int D = L::D, P = L::P, Own = L::Own, Steps = L::Steps;
  typename L::Lane lane;
  typename L::Unit unit(a, a.chunks, a.tokens);
  auto* mean = (float*)shared_memory();
  Planes<P> w{(bf16*)(mean + 2 * D), L::ValueStride, L::Features * L::ValueStride};
  Planes<P> features{w.data + P * w.size, L::FeatureStride, L::Tile * L::FeatureStride};
  Planes<P> outputs{features.data + P * features.size, L::ValueStride, L::Tile * L::ValueStride};
  X::load_state(a, unit.pair, w, mean);
  block_barrier();
  float sums[L::MT][L::NT][4] = {}, extras[L::MT][4] = {};
  ChannelSums<L> means, temperatures[2];
  int begin = unit.from + 16 * lane.warp, row = 16 * lane.warp + lane.g;
  NO_UNROLL for (int token = unit.from; token < unit.to; token += L::Tile, begin += L::Tile) {
    typename L::Raw q, g, y;
    float dq[L::Blocks][2][Own] = {};
    UNROLL for (int stream = 0; stream < 2; stream++) {
      if (begin < unit.to) {
        if (stream == 0) {
          L::template load<false, true>(a, a.q, unit, lane, begin, q);
          L::template load<true, false>(a, a.d_out, unit, lane, begin, g);
          L::template load<true, false>(a, a.out, unit, lane, begin, y);
        }
        float z[2], c[2], denominator[2] = {}, dot[2] = {};
        UNROLL for (int b = 0; b < L::Blocks; b++) {
          int first = b * L::Block + lane.t * Own;
          typename L::Pairs pairs[2];
          UNROLL for (int h = 0; h < 2; h++) {
            float x[Own];
            typename X::Features t, f;
            X::query(a, q, unit, stream, b, h, first, x, t);
            X::make(x, t, f);
            denominator[h] += X::dot(f, mean, first);
            X::turned_pairs(a, least(begin + 8 * h + lane.g, unit.to - 1), first, h, f, pairs);
          }
          pairs[0].store(features, row, first);
          pairs[1].store(features, row, D + first);
        }
        UNROLL for (int h = 0; h < 2; h++) z[h] = 1 / (sum_over_channels(denominator[h]) + epsilon);

        unsigned values[D / 16][P][4];
        UNROLL for (int b = 0; b < L::Blocks; b++) {
          int first = b * L::Block + lane.t * Own;
          bool here = (first < D / 2) == (stream == 0);
          typename L::Pairs value;
          UNROLL for (int h = 0; h < 2; h++) {
            float x[Own], out[Own];
            g.get(b, h, x);
            y.get(b, h, out);
            UNROLL for (int r = 0; r < Own; r += 2) {
              dot[h] += here ? multiply_add(x[r + 1], out[r + 1], x[r] * out[r]) : 0;
              value.set(h, r / 2, here ? x[r] * z[h] : 0, here ? x[r + 1] * z[h] : 0);
            }
          }
          value.store(outputs, row, first);
          UNROLL for (int s = 0; s < Steps; s++) value.left(s, values[b * Steps + s]);
        }
        UNROLL for (int h = 0; h < 2; h++) c[h] = -z[h] * sum_over_channels(dot[h]);

        UNROLL for (int b = 0; b < L::Blocks; b++) {
          int first = b * L::Block + lane.t * Own;
          float through[2][2][Own], mean_sums[2 * Own] = {}, temperature_sums[2 * Own] = {};
          X::state_gradients(w, b, values, through);
          UNROLL for (int h = 0; h < 2; h++) {
            float x[Own];
            typename X::Features t, f, d;
            X::query(a, q, unit, stream, b, h, first, x, t);
            X::make(x, t, f);
            X::feature_gradients(a, least(begin + 8 * h + lane.g, unit.to - 1), first, through[0][h], through[1][h], mean, c[h], d);
            UNROLL for (int r = 0; r < Own; r++) {
              mean_sums[r] += c[h] * f.front[r];
              mean_sums[Own + r] += c[h] * f.back[r];
              float front = x[r] > 0 ? d.front[r] * (f.front[r] + 1) : 0, back = x[r] < 0 ? d.back[r] * (f.back[r] + 1) : 0;
              temperature_sums[r] = multiply_add(magnitude(x[r]), front, temperature_sums[r]);
              temperature_sums[Own + r] = multiply_add(magnitude(x[r]), back, temperature_sums[Own + r]);
              float dx = front * t.front[r] - back * t.back[r];
              dq[b][h][r] += stream == 0 ? dx : -dx;
            }
          }
          means.add(lane, b, mean_sums);
          temperatures[stream].add(lane, b, temperature_sums);
        }
      }
      block_barrier();
      L::template accumulate<true>(lane, least(L::Tile, unit.to - token), features, outputs, sums, extras);
      block_barrier();
    }
    UNROLL for (int h = 0; h < 2; h++) {
      int at = begin + 8 * h + lane.g;
      if (at >= unit.to) continue;
      UNROLL for (int b = 0; b < L::Blocks; b++) L::template store<false>(a, unit.row(a.dq, at), b * L::Block + lane.t * Own, dq[b][h]);
    }
  }
  float* result = a.partial + (long long)unit.number * L::State;
  L::template store_sums<false>(lane, result, sums, extras);
  auto* scratch = (float*)features.data;
  means.store(lane, scratch, result + L::Features * D);
  temperatures[0].store(lane, scratch, a.same_sums + (long long)unit.number * 2 * D);
  temperatures[1].store(lane, scratch, a.opposite_sums + (long long)unit.number * 2 * D);
}

// One pass over the keys; the state is the sum of the partial gradients. ∂L/∂κ = Rᵀ(v·∂L/∂Sᵀ) + ∂L/∂m, ∂L/∂v = R κ·∂L/∂S, both
// over n. Shared memory as for the queries.
template <class L>
DEVICE void polarity_pp_key_gradients(const PolarityPPArguments& a) {
  using X = PolarityPP<L>;
  constexpr int D = L::D, P = L::P, Own = L::Own;
  typename L::Lane lane;
  typename L::Unit unit(a, a.chunks, a.tokens);
  auto* mean = (float*)shared_memory();
  Planes<P> w{(bf16*)(mean + 2 * D), L::ValueStride, L::Features * L::ValueStride};
  X::load_state(a, unit.pair, w, mean);
  block_barrier();
  typename X::Features one;
  UNROLL for (int r = 0; r < Own; r++) one.front[r] = one.back[r] = 1;
  NO_UNROLL for (int token = unit.from + 16 * lane.warp; token < unit.to; token += L::Tile) {
    typename L::Raw k, v;
    L::template load<false, true>(a, a.k, unit, lane, token, k);
    L::template load<true, false>(a, a.v, unit, lane, token, v);
    unsigned values[D / 16][P][4];
    L::lefts(v, values);
    float dv[D / 8][4] = {};
    UNROLL for (int b = 0; b < L::Blocks; b++) {
      int first = b * L::Block + lane.t * Own;
      typename L::Pairs pairs[2];
      float through[2][2][Own];
      X::state_gradients(w, b, values, through);
      UNROLL for (int h = 0; h < 2; h++) {
        int at = token + 8 * h + lane.g, clamped = least(at, unit.to - 1);
        float x[Own], dx[Own];
        typename X::Features f, d;
        k.get(b, h, x);
        X::make(x, one, f);
        X::turned_pairs(a, clamped, first, h, f, pairs);
        X::feature_gradients(a, clamped, first, through[0][h], through[1][h], mean, 1, d);
        UNROLL for (int r = 0; r < Own; r++)
          dx[r] = x[r] > 0 ? d.front[r] * (f.front[r] + 1) : x[r] < 0 ? -d.back[r] * (f.back[r] + 1) : 0;
        if (at < unit.to) L::template store<false>(a, unit.row(a.dk, at), first, dx);
      }
      L::multiply_by_state(w, b, pairs, dv);
    }
    L::store_products(a, a.dv, unit, lane, token, dv);
  }
}

// A block a head and stream: ∂t from the sums of all units, in the order of images and chunks.
template <int D>
DEVICE void polarity_pp_temperature_gradients(const PolarityPPArguments& a) {
  int head = block_index() / 2, stream = block_index() % 2, i = thread_index();
  float sum = sum_of_units<D>(stream == 0 ? a.same_sums : a.opposite_sums, a.batch, a.heads, a.chunks, head);
  sum = sum_of_groups<D>((float*)shared_memory(), sum);
  if (i >= 2 * D || i % D >= a.d) return;
  (stream == 0 ? a.d_same : a.d_opposite)[head * 2 * a.d + (i < D ? i : a.d + i - D)] = sum;
}

#define POLARITY_PP(T, D, warps, narrow)                                                                                                  \
  KERNEL(keys, PolarityPPArguments, 32 * warps, 1) { polarity_pp_keys<Polarity<T, D, warps>>(a); }                                        \
  KERNEL(queries, PolarityPPArguments, 32 * narrow, 1) { polarity_pp_queries<Polarity<T, D, narrow>>(a); }                                \
  KERNEL(query_gradients, PolarityPPArguments, 32 * warps, 1) { polarity_pp_query_gradients<Polarity<T, D, warps>>(a); }                  \
  KERNEL(key_gradients, PolarityPPArguments, 32 * narrow, 1) { polarity_pp_key_gradients<Polarity<T, D, narrow>>(a); }                    \
  KERNEL(temperature_gradients, PolarityPPArguments, 1024, 1) { polarity_pp_temperature_gradients<D>(a); }
