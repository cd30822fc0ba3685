// Polarity-aware linear attention, forward and backward, on tensor cores. Per image and head of d channels, N queries, n keys,
// with q̃ = q·s, k̃ = (k + position)·s, φ(x) = [x₊ᵖ, x₋ᵖ] (2d wide) and ψ(x) = [x₋ᵖ, x₊ᵖ]:
//   S = φ(k̃)ᵀ·v / n,  m = mean of φ(k̃)
//   out = [φ(q̃)·S₁ / (φ(q̃)·m + 1e-6), ψ(q̃)·S₂ / (ψ(q̃)·m + 1e-6)]      S₁, S₂: left and right half of the columns
// S with the row halves exchanged on the right is W; φ(q̃)·W has both numerators.
//
// Lanes and channels. A warp works on 16 tokens; lane 4·g + t has tokens g and g + 8 and, of each block of 32 channels, the
// eight from 8t on, which it reads and writes with 16 bytes at a time. The tensor cores want channels in another order, but any
// order does in which both operands agree: channel 8t + r of a block is number 8·(r/2) + 2t + r%2 there (`place`), both where
// channels are summed over and where they are columns of a result. So what a lane has of tokens is operand A and result D as it
// stands, and only the matrices that all tokens meet, W and its gradient, are stored in that order.
#pragma once
#include "math.h"
#include "tiles.h"
#include "tokens.h"

constexpr float epsilon = 1e-6f;

// One struct for all passes.
struct PolarityArguments {
  Rows q, k, v, position, out;         // position: n × C for all images, or null
  Rows d_out, dq, dk, dv;
  const float* mask;                   // n for each image, 0 for keys that are left out; or null
  const float *inverse_scale, *power;  // per channel
  float* state;                      // a (S, extras) per pair
  float* partial;                    // the same per unit (pair and chunk), before they are added up
  float *query_sums, *key_sums;      // per unit, 2·D: what becomes ∂s and ∂p
  float *d_inverse_scale, *d_power;  // per channel
  int batch, heads, d, queries, keys;
  int query_chunks, key_chunks, chunk_tokens;  // chunk_tokens: of this pass
  int wide;                          // rows may be read 16 bytes at a time, and d is the kernel's D
};

template <class T, int D_, int Warps_>
struct Polarity {
  static constexpr int D = D_, Warps = Warps_, P = PlanesOf<T>::count;
  static constexpr bool IsHalf = sizeof(T) == 2;
  static constexpr int Block = D < 32 ? D : 32, Own = Block / 4, Blocks = D / Block, Steps = Own / 4;
  static constexpr int Features = 2 * D, Tile = 16 * Warps, Threads = 32 * Warps;
  static constexpr int FeatureStride = Features + 8, ValueStride = D + 8;
  static constexpr int State = Features * (D + 2);  // floats: S, then two extras a feature

  // Warps in the product over tokens: M × N of them, each MT × NT tiles of 16 × 8.
  static constexpr int M = Warps >= 4 ? Warps / 2 : Warps, N = Warps / M;
  static constexpr int MT = Features / 16 / M, NT = D / 8 / N;

  struct Lane {
    int warp, g, t;
    DEVICE Lane() : warp(thread_index() / 32), g(thread_index() % 32 / 4), t(thread_index() % 4) {}
  };

  // One unit of work: a chunk of the tokens of one head of one image.
  struct Unit {
    int number, pair, image, head, channel, from, to;
    template <class Arguments>
    DEVICE Unit(const Arguments& a, int chunks, int tokens) {
      // Neighbouring blocks have the same tokens of different images, and so the same positions.
      int rest = block_index() / a.batch, chunk = rest / a.heads;
      image = block_index() - rest * a.batch;
      head = rest - chunk * a.heads;
      pair = image * a.heads + head;
      number = pair * chunks + chunk;
      channel = head * a.d;
      from = chunk * a.chunk_tokens;
      to = least(from + a.chunk_tokens, tokens);
    }
    DEVICE T* row(const Rows& rows, int token) const { return (T*)rows.data + image * rows.image + token * rows.row + channel; }
  };

  DEVICE static int place(int channel) {
    int r = channel % Own;
    return (channel & ~(Block - 1)) + 8 * (r / 2) + 2 * (channel % Block / Own) + r % 2;
  }

  // Where column c of the padded values lies among the d channels, or −1: each half is padded by itself.
  DEVICE static int column(int c, int d) {
    int half = d / 2, inside = c < D / 2 ? c : c - D / 2;
    return inside >= half ? -1 : c < D / 2 ? c : half + inside;
  }

  // What a lane has of 16 tokens of a tensor, as it lies in memory: its channels of tokens g and g + 8.
  static constexpr int Words = Own * (int)sizeof(T) / 4;
  struct Raw {
    unsigned words[Blocks][2][Words];

    DEVICE void get(int b, int h, float (&x)[Own]) const {
      if constexpr (IsHalf) {
        UNROLL for (int i = 0; i < Words; i++) x[2 * i] = low_of(words[b][h][i]), x[2 * i + 1] = high_of(words[b][h][i]);
      } else {
        UNROLL for (int i = 0; i < Words; i++) x[i] = float_of(words[b][h][i]);
      }
    }
  };

  // Reads tokens from `token` on; past the end the last one again, or zeros. Values are padded by halves.
  template <bool Values, bool Zeros, class Arguments>
  DEVICE static void load(const Arguments& a, const Rows& rows, const Unit& unit, const Lane& lane, int token, Raw& raw) {
    const T* row[2];
    UNROLL for (int h = 0; h < 2; h++) row[h] = unit.row(rows, least(token + 8 * h + lane.g, unit.to - 1)) + lane.t * Own;
    if (a.wide) {
      UNROLL for (int b = 0; b < Blocks; b++) {
        UNROLL for (int h = 0; h < 2; h++) {
          const T* p = row[h] + b * Block;
          if constexpr (Words == 2) {
            uint2v u = load_constant((const uint2v*)p);
            raw.words[b][h][0] = u[0], raw.words[b][h][1] = u[1];
          } else {
            UNROLL for (int i = 0; i < Words; i += 4) {
              uint4v u = load_constant((const uint4v*)p + i / 4);
              UNROLL for (int j = 0; j < 4; j++) raw.words[b][h][i + j] = u[j];
            }
          }
        }
      }
    } else {
      UNROLL for (int b = 0; b < Blocks; b++) {
        UNROLL for (int h = 0; h < 2; h++) {
          UNROLL for (int r = 0; r < Own; r++) {
            int channel = b * Block + lane.t * Own + r, c = Values ? column(channel, a.d) : channel < a.d ? channel : -1;
            T x = c < 0 ? T() : row[h][c - lane.t * Own];
            if constexpr (IsHalf) raw.words[b][h][r / 2] = r % 2 == 0 ? x.bits : raw.words[b][h][r / 2] | (unsigned)x.bits << 16;
            else raw.words[b][h][r] = bits_of(to_float(x));
          }
        }
      }
    }
    if constexpr (Zeros) {
      UNROLL for (int h = 0; h < 2; h++) {
        bool valid = token + 8 * h + lane.g < unit.to;
        UNROLL for (int b = 0; b < Blocks; b++) {
          UNROLL for (int i = 0; i < Words; i++) raw.words[b][h][i] = valid ? raw.words[b][h][i] : 0u;
        }
      }
    }
  }

  // Both tokens' keys of block b with their positions.
  DEVICE static void keys(const Raw& raw, const Raw& position, int b, float (&x)[2][Own]) {
    UNROLL for (int h = 0; h < 2; h++) {
      float p[Own];
      raw.get(b, h, x[h]);
      position.get(b, h, p);
      UNROLL for (int r = 0; r < Own; r++) x[h][r] += p[r];
    }
  }

  // Positions, zeros where there are none.
  DEVICE static void load_positions(const PolarityArguments& a, const Unit& unit, const Lane& lane, int token, Raw& raw) {
    if (a.position.data) {
      load<false, true>(a, a.position, unit, lane, token, raw);
    } else {
      UNROLL for (int b = 0; b < Blocks; b++) {
        UNROLL for (int h = 0; h < 2; h++) {
          UNROLL for (int i = 0; i < Words; i++) raw.words[b][h][i] = 0;
        }
      }
    }
  }

  // Nothing of keys that are left out is used: their features are 0.
  DEVICE static void leave_out(const PolarityArguments& a, const Unit& unit, const Lane& lane, int token, Raw& k, Raw& v, Raw& position) {
    if (!a.mask) return;
    UNROLL for (int h = 0; h < 2; h++) {
      bool kept = a.mask[(long long)unit.image * a.keys + least(token + 8 * h + lane.g, unit.to - 1)] != 0;
      UNROLL for (int b = 0; b < Blocks; b++) {
        UNROLL for (int i = 0; i < Words; i++) {
          k.words[b][h][i] = kept ? k.words[b][h][i] : 0;
          v.words[b][h][i] = kept ? v.words[b][h][i] : 0;
          position.words[b][h][i] = kept ? position.words[b][h][i] : 0;
        }
      }
    }
  }

  template <bool Values, class Arguments>
  DEVICE static void store(const Arguments& a, T* row, int first, const float (&x)[Own]) {
    if (a.wide) {
      if constexpr (IsHalf) {
        unsigned u[Own / 2];
        UNROLL for (int i = 0; i < Own / 2; i++) u[i] = pack_bf16(x[2 * i], x[2 * i + 1]);
        if constexpr (Own == 8) *(uint4v*)(row + first) = *(uint4v*)u;
        else *(uint2v*)(row + first) = *(uint2v*)u;
      } else {
        UNROLL for (int i = 0; i < Own / 4; i++)
          ((uint4v*)(row + first))[i] = uint4v{bits_of(x[4 * i]), bits_of(x[4 * i + 1]), bits_of(x[4 * i + 2]), bits_of(x[4 * i + 3])};
      }
    } else {
      UNROLL for (int r = 0; r < Own; r++) {
        int c = Values ? column(first + r, a.d) : first + r < a.d ? first + r : -1;
        if (c >= 0) row[c] = from_float<T>(x[r]);
      }
    }
  }

  // Both tokens of products as values, where they are not past the end.
  template <class Arguments>
  DEVICE static void store_products(const Arguments& a, const Rows& rows, const Unit& unit, const Lane& lane, int token, const float (&products)[D / 8][4]) {
    UNROLL for (int h = 0; h < 2; h++) {
      int at = token + 8 * h + lane.g;
      if (at >= unit.to) continue;
      UNROLL for (int b = 0; b < Blocks; b++) {
        float y[Own];
        UNROLL for (int r = 0; r < Own; r++) y[r] = products[b * (Own / 2) + r / 2][2 * h + r % 2];
        store<true>(a, unit.row(rows, at), b * Block + lane.t * Own, y);
      }
    }
  }

  // Both tokens' values of a block in pairs of adjacent channels, by planes: what goes to shared memory, and operand A of
  // products over the channels.
  struct Pairs {
    unsigned words[P][2][Own / 2];

    DEVICE void set(int h, int i, float low, float high) {
      unsigned u[P];
      split(low, high, u);
      UNROLL for (int p = 0; p < P; p++) words[p][h][i] = u[p];
    }
    DEVICE void set(const Raw& raw, int b) {
      UNROLL for (int h = 0; h < 2; h++) {
        UNROLL for (int i = 0; i < Own / 2; i++) {
          if constexpr (IsHalf) words[0][h][i] = raw.words[b][h][i];
          else set(h, i, float_of(raw.words[b][h][2 * i]), float_of(raw.words[b][h][2 * i + 1]));
        }
      }
    }
    // For the channels that are summed over in step s.
    DEVICE void left(int s, unsigned (&a)[P][4]) const {
      UNROLL for (int p = 0; p < P; p++) {
        UNROLL for (int i = 0; i < 4; i++) a[p][i] = words[p][i % 2][2 * s + i / 2];
      }
    }
    // The two tokens are eight rows apart.
    DEVICE void store(const Planes<P>& planes, int row, int first) const {
      UNROLL for (int p = 0; p < P; p++) {
        UNROLL for (int h = 0; h < 2; h++) {
          const unsigned(&u)[Own / 2] = words[p][h];
          if constexpr (Own == 8) *(uint4v*)planes.at(row + 8 * h, first, p) = uint4v{u[0], u[1], u[2], u[3]};
          else *(uint2v*)planes.at(row + 8 * h, first, p) = uint2v{u[0], u[1]};
        }
      }
    }
  };

  DEVICE static float logarithm(float x) {
    if constexpr (P == 1) return quick_log2(magnitude(x));
    else return exact_log2(magnitude(x));
  }
  DEVICE static float power_of_two(float x) {
    if constexpr (P == 1) return quick_exp2(x);
    else return exact_exp2(x);
  }

  // |x̃|^p = 2^(p·log₂|x| + p·log₂ s), and its parts by the sign of x. A NaN passes.
  struct Feature {
    float log, value;  // the logarithm is −∞ at 0
    DEVICE Feature(float x, float p, float offset) : log(logarithm(x)), value(power_of_two(multiply_add(p, log, offset))) {}
    DEVICE void parts(float x, float& positive, float& negative) const {
      float with_sign = float_of(bits_of(value) | (bits_of(x) & 0x80000000u));
      positive = larger_or_nan(with_sign, 0);
      negative = larger_or_nan(-with_sign, 0);
    }
  };

  // Operand A of all steps, of values as they lie in memory.
  DEVICE static void lefts(const Raw& raw, unsigned (&values)[D / 16][P][4]) {
    UNROLL for (int b = 0; b < Blocks; b++) {
      Pairs value;
      value.set(raw, b);
      UNROLL for (int s = 0; s < Steps; s++) value.left(s, values[b * Steps + s]);
    }
  }

  // Floats in shared memory: what every token needs of each channel.
  struct Channels {
    float *power, *offset, *mean;  // p, p·log₂ s, and m or its gradient
    DEVICE Channels(float* at) : power(at), offset(at + D), mean(at + 2 * D) {}
    DEVICE void load(const PolarityArguments& a, int channel) const {
      for (int i = thread_index(); i < D; i += Threads) {
        float p = i < a.d ? a.power[channel + i] : 1;
        power[i] = p;
        offset[i] = i < a.d ? p * exact_log2(a.inverse_scale[channel + i]) : 0;
      }
    }
    // A lane's channels of a row of these floats.
    template <int Count>
    DEVICE static void get(const float* row, int first, float (&x)[Count]) {
      UNROLL for (int r = 0; r < Count; r += 4) {
        uint4v u = *(const uint4v*)(row + first + r);
        UNROLL for (int j = 0; j < 4; j++) x[r + j] = float_of(u[j]);
      }
    }
  };

  // W (or ∂L/∂S, from the gradient of W) and m (or its gradient) of the pair, 1/n applied. Behind W's columns stand m and the
  // exchanged m, each in two parts: the product with W has the denominators, too.
  DEVICE static void load_state(const PolarityArguments& a, int pair, const Planes<P>& w, float* mean) {
    const float* state = a.state + (long long)pair * State;
    const float* extras = state + Features * D;
    float factor = 1.f / a.keys;
    for (int i = thread_index(); i < Features * D / 2; i += Threads) {
      int f = i / (D / 2), c = i % (D / 2) * 2;
      int source = c < D / 2 ? f : f < D ? f + D : f - D;
      const float* at = state + source * D + c;
      w.store_pair((f < D ? 0 : D) + place(f % D), place(c), at[0] * factor, at[1] * factor);
    }
    for (int f = thread_index(); f < Features; f += Threads) {
      int exchanged = f < D ? f + D : f - D, row = (f < D ? 0 : D) + place(f % D);
      float m = (extras[2 * f] + extras[2 * exchanged + 1]) * factor, other = (extras[2 * exchanged] + extras[2 * f + 1]) * factor;
      mean[f] = m;
      store_extras(w, row, m, other);
    }
  }

  // Two numbers, each in two parts, behind the columns of a row.
  DEVICE static void store_extras(const Planes<P>& planes, int row, float x, float y) {
    float rough = low_of(pack_bf16(x, 0)), other_rough = low_of(pack_bf16(y, 0));
    planes.store_pair(row, D, rough, x - rough);
    planes.store_pair(row, D + 2, other_rough, y - other_rough);
    planes.store_pair(row, D + 4, 0, 0);
    planes.store_pair(row, D + 6, 0, 0);
  }

  // φ of both tokens' channels of a block: the positive and the negative ones.
  DEVICE static void features(const Channels& channels, int first, const float (&x)[2][Own], Pairs (&pairs)[2]) {
    float power[Own], offset[Own];
    Channels::get(channels.power, first, power);
    Channels::get(channels.offset, first, offset);
    UNROLL for (int h = 0; h < 2; h++) {
      UNROLL for (int r = 0; r < Own; r += 2) {
        float positive[2], negative[2];
        UNROLL for (int i = 0; i < 2; i++) Feature(x[h][r + i], power[r + i], offset[r + i]).parts(x[h][r + i], positive[i], negative[i]);
        pairs[0].set(h, r / 2, positive[0], positive[1]);
        pairs[1].set(h, r / 2, negative[0], negative[1]);
      }
    }
  }

  // sums += φ·W for one block of 16 tokens. All of a step's matrices are asked for before the first is used.
  DEVICE static void multiply_by_state(const Planes<P>& w, int b, const Pairs (&pairs)[2], float (&sums)[D / 8][4]) {
    UNROLL for (int s = 0; s < Steps; s++) {
      UNROLL for (int sign = 0; sign < 2; sign++) {
        unsigned a[P][4], right[D / 8][P][2];
        UNROLL for (int j = 0; j < D / 8; j += 2) w.load_right(sign * D + b * Block + 16 * s, 8 * j, right[j], right[j + 1]);
        pairs[sign].left(s, a);
        UNROLL for (int j = 0; j < D / 8; j++) multiply(sums[j], a, right[j]);
      }
    }
  }

  // products = values·Wᵀ for the positive or the negative features of a block.
  DEVICE static void multiply_by_transposed_state(const Planes<P>& w, int b, int sign, const unsigned (&values)[D / 16][P][4], float (&products)[Own / 2][4]) {
    UNROLL for (int j = 0; j < Own / 2; j++) UNROLL for (int e = 0; e < 4; e++) products[j][e] = 0;
    UNROLL for (int step = 0; step < D / 16; step++) {
      unsigned right[Own / 2][P][2];
      UNROLL for (int j = 0; j < Own / 2; j += 2) w.load_right_of_transposed(16 * step, sign * D + b * Block + 8 * j, right[j], right[j + 1]);
      UNROLL for (int j = 0; j < Own / 2; j++) multiply(products[j], values[step], right[j]);
    }
  }

  // The same with the means behind W's columns.
  DEVICE static void multiply_by_means(const Planes<P>& w, int b, const Pairs (&pairs)[2], float (&denominators)[4]) {
    UNROLL for (int s = 0; s < Steps; s++) {
      UNROLL for (int sign = 0; sign < 2; sign++) {
        unsigned a[P][4], right[P][2];
        w.load_right_single(sign * D + b * Block + 16 * s, D, right);
        pairs[sign].left(s, a);
        multiply(denominators, a, right);
      }
    }
  }

  // 1/(φ·m + ε) and 1/(ψ·m + ε) of both tokens: lane t = 0 has the first, in two parts, t = 1 the second.
  DEVICE static void normalizers(const float (&denominators)[4], float (&z)[2], float (&opposite)[2]) {
    int first = thread_index() % 32 & ~3;
    UNROLL for (int h = 0; h < 2; h++) {
      float sum = denominators[2 * h] + denominators[2 * h + 1];
      z[h] = 1 / (shuffle_from(sum, first) + epsilon);
      opposite[h] = 1 / (shuffle_from(sum, first + 1) + epsilon);
    }
  }

  // The product over 16 tokens: sums of featuresᵀ·values; the extra columns (of warps with the first values) either lie behind the
  // values or are a column of ones.
  template <bool Ones>
  DEVICE static void accumulate_step(
      const Lane& lane, int m, int n, int k, const Planes<P>& features, const Planes<P>& values, float (&sums)[MT][NT][4], float (&extras)[MT][4]) {
    unsigned right[NT][P][2], extra[P][2], left[MT][P][4];
    UNROLL for (int j = 0; j < NT; j += 2) values.load_right(k, n + 8 * j, right[j], right[j + 1]);
    UNROLL for (int i = 0; i < MT; i++) features.load_left_of_transposed(m + 16 * i, k, left[i]);
    UNROLL for (int i = 0; i < MT; i++) {
      UNROLL for (int j = 0; j < NT; j++) multiply(sums[i][j], left[i], right[j]);
    }
    if (n != 0) return;
    if constexpr (Ones) {
      UNROLL for (int p = 0; p < P; p++) extra[p][0] = extra[p][1] = p == 0 && lane.g == 0 ? 0x3f803f80u : 0u;
    } else {
      values.load_right_single(k, D, extra);
    }
    UNROLL for (int i = 0; i < MT; i++) multiply(extras[i], left[i], extra);
  }

  template <bool Ones>
  DEVICE static void accumulate(
      const Lane& lane, int rows, const Planes<P>& features, const Planes<P>& values, float (&sums)[MT][NT][4], float (&extras)[MT][4]) {
    int m = lane.warp / N * MT * 16, n = lane.warp % N * NT * 8;
    if (rows == Tile) {
      UNROLL_TWICE for (int k = 0; k < Tile; k += 16) accumulate_step<Ones>(lane, m, n, k, features, values, sums, extras);
    } else {
      NO_UNROLL for (int k = 0; k < rows; k += 16) accumulate_step<Ones>(lane, m, n, k, features, values, sums, extras);
    }
  }

  template <bool Extras>
  DEVICE static void store_sums(const Lane& lane, float* unit, const float (&sums)[MT][NT][4], const float (&extras)[MT][4]) {
    int m = lane.warp / N * MT * 16 + lane.g, n = lane.warp % N * NT * 8;
    UNROLL for (int i = 0; i < MT; i++) {
      UNROLL for (int h = 0; h < 2; h++) {
        float* row = unit + (m + 16 * i + 8 * h) * D + n + 2 * lane.t;
        UNROLL for (int j = 0; j < NT; j++) *(uint2v*)(row + 8 * j) = uint2v{bits_of(sums[i][j][2 * h]), bits_of(sums[i][j][2 * h + 1])};
        // Columns 0 and 1 are one number in two parts, 2 and 3 another.
        if (Extras && n == 0 && lane.t < 2) unit[Features * D + 2 * (m + 16 * i + 8 * h) + lane.t] = extras[i][2 * h] + extras[i][2 * h + 1];
      }
    }
  }
};

// The sum of the four lanes that have a token.
DEVICE float sum_over_channels(float x) {
  x += shuffle_xor(x, 1);
  return x + shuffle_xor(x, 2);
}

// Number i of 2·D of this thread's share of a head's units, in the order of images and chunks.
template <int D>
DEVICE float sum_of_units(const float* sums, int batch, int heads, int chunks, int head) {
  int groups = block_size() / (2 * D), i = thread_index() % (2 * D);
  float sum = 0;
  for (int n = thread_index() / (2 * D); n < batch * chunks; n += groups) {
    int image = n / chunks, chunk = n - image * chunks;
    sum += sums[((long long)(image * heads + head) * chunks + chunk) * 2 * D + i];
  }
  return sum;
}

// The shares of all threads, for those of the first group.
template <int D>
DEVICE float sum_of_groups(float* scratch, float sum) {
  scratch[thread_index()] = sum;
  block_barrier();
  for (int g = 1; g < block_size() / (2 * D) && thread_index() < 2 * D; g++) sum += scratch[g * 2 * D + thread_index()];
  return sum;
}
