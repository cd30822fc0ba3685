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
#include "tiles.h"

constexpr float epsilon = 1e-6f, ln2 = 0.693147181f;

struct Rows {
  void* data;
  long long row, image;  // elements from a token, and from an image, to the next
};

// One struct for all passes.
struct PolarityArguments {
  Rows q, k, v, out;                 // out: results, or in the backward pass ∂L/∂out
  Rows dq, dk, dv;
  const float* position;             // n × C, or null
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

  DEVICE static int place(int channel) {
    int r = channel % Own;
    return (channel & ~(Block - 1)) + 8 * (r / 2) + 2 * (channel % Block / Own) + r % 2;
  }

  // Where column c of the padded values lies among the d channels, or −1: each half is padded by itself.
  DEVICE static int column(int c, int d) {
    int half = d / 2, inside = c < D / 2 ? c : c - D / 2;
    return inside >= half ? -1 : c < D / 2 ? c : half + inside;
  }

  DEVICE static void unpack(const bf16* p, float (&x)[Own]) {
    unsigned u[Own / 2];
    if constexpr (Own == 8) *(uint4v*)u = *(const uint4v*)p;
    else *(uint2v*)u = *(const uint2v*)p;
    UNROLL for (int i = 0; i < Own / 2; i++) x[2 * i] = low_of(u[i]), x[2 * i + 1] = high_of(u[i]);
  }
  DEVICE static void unpack(const float* p, float (&x)[Own]) {
    UNROLL for (int i = 0; i < Own / 4; i++) {
      uint4v u = ((const uint4v*)p)[i];
      UNROLL for (int j = 0; j < 4; j++) x[4 * i + j] = float_of(u[j]);
    }
  }

  // A lane's channels of a token, 0 past the end. Values are padded by halves.
  template <bool Values>
  DEVICE static void load(const PolarityArguments& a, const T* row, int first, bool valid, float (&x)[Own]) {
    if (!valid) {
      UNROLL for (int r = 0; r < Own; r++) x[r] = 0;
    } else if (a.wide) {
      unpack(row + first, x);
    } else {
      UNROLL for (int r = 0; r < Own; r++) {
        int c = Values ? column(first + r, a.d) : first + r < a.d ? first + r : -1;
        x[r] = c < 0 ? 0 : to_float(row[c]);
      }
    }
  }

  template <bool Values>
  DEVICE static void store(const PolarityArguments& a, T* row, int first, const float (&x)[Own]) {
    if (a.wide) {
      if constexpr (P == 1) {
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

  // A lane's values of a token into shared memory, in the order of channels.
  DEVICE static void store_shared(const Planes<P>& planes, int row, int first, const float (&x)[Own]) {
    unsigned u[Own / 2][P];
    UNROLL for (int i = 0; i < Own / 2; i++) split(x[2 * i], x[2 * i + 1], u[i]);
    UNROLL for (int p = 0; p < P; p++) {
      if constexpr (Own == 8) *(uint4v*)planes.at(row, first, p) = uint4v{u[0][p], u[1][p], u[2][p], u[3][p]};
      else *(uint2v*)planes.at(row, first, p) = uint2v{u[0][p], u[1][p]};
    }
  }

  // Operand A for the channels that are summed over in step s of a block, from both tokens' values.
  DEVICE static void left(const float (&x)[2][Own], int s, unsigned (&a)[P][4]) {
    UNROLL for (int i = 0; i < 4; i++) {
      unsigned u[P];
      int r = 4 * s + 2 * (i / 2);
      split(x[i % 2][r], x[i % 2][r + 1], u);
      UNROLL for (int p = 0; p < P; p++) a[p][i] = u[p];
    }
  }

  // log₂|x|, but no less than −200, so that 0·log₂ 0 is 0.
  DEVICE static float logarithm(float x) {
    if constexpr (P == 1) return larger(quick_log2(magnitude(x)), -200.f);
    else return larger(exact_log2(magnitude(x)), -200.f);
  }
  DEVICE static float power_of_two(float x) {
    if constexpr (P == 1) return quick_exp2(x);
    else return exact_exp2(x);
  }

  // As the CPU's kernel has them, with its constants.
  DEVICE static float exact_log2(float x) {
    int bits = (int)bits_of(x) - 0x3F3504F3;
    float e = (float)(bits >> 23), f = float_of((unsigned)((bits & 0x007FFFFF) + 0x3F3504F3)) - 1;
    float square = f * f, fourth = square * square;
    float p = multiply_add(multiply_add(-0.360703677f, f, 0.480910629f), square, multiply_add(-0.721347332f, f, 1.44269502f));
    float q = multiply_add(multiply_add(-0.207269743f, f, 0.215715602f), square, multiply_add(-0.238944814f, f, 0.287916243f));
    return multiply_add(multiply_add(multiply_add(0.125837043f, fourth, q), fourth, p), f, e);
  }
  DEVICE static float exact_exp2(float x) {
    x = smaller(254.f, larger(-252.f, x));
    float n = x + 12582912.f - 12582912.f, r = x - n, square = r * r;
    float low = multiply_add(multiply_add(0.240226462f, r, 0.693147182f), r, 1);
    float high = multiply_add(0.00961848907f, r, 0.0555032864f);
    high = multiply_add(multiply_add(0.000153458110f, r, 0.00133999309f), square, high);
    float q = multiply_add(high, square * r, low);
    int half = (int)n / 2;  // in two factors, since 2ⁿ may leave the range of a float
    return q * float_of((unsigned)(half + 127) << 23) * float_of((unsigned)((int)n - half + 127) << 23);
  }

  // |x|^(p − 1) and the parts of |x|^p by sign; a NaN passes.
  struct Feature {
    float log, root, positive, negative;
    DEVICE Feature(float x, float p) {
      log = logarithm(x);
      root = power_of_two((p - 1) * log);
      float value = magnitude(x) * root;
      positive = x < 0 ? 0 : value;
      negative = x > 0 ? 0 : value;
    }
    DEVICE float value(float x) const { return x > 0 ? positive : negative; }
    DEVICE float slope(float x, float p) const { return x == 0 ? 0 : x > 0 ? p * root : -(p * root); }
  };

  // One unit of work: a chunk of the tokens of one head of one image.
  struct Unit {
    int number, pair, image, head, channel, from, to;
    DEVICE Unit(const PolarityArguments& a, int chunks, int tokens) {
      number = block_index();
      pair = number / chunks;
      image = pair / a.heads;
      head = pair % a.heads;
      channel = head * a.d;
      from = (number - pair * chunks) * a.chunk_tokens;
      to = least(from + a.chunk_tokens, tokens);
    }
    DEVICE T* row(const Rows& rows, int token) const { return (T*)rows.data + image * rows.image + token * rows.row + channel; }
  };

  // Floats in shared memory: what every token needs of each channel.
  struct Channels {
    float *scale, *power, *mean;
    DEVICE Channels(float* at) : scale(at), power(at + D), mean(at + 2 * D) {}
    DEVICE void load(const PolarityArguments& a, int channel) const {
      for (int i = thread_index(); i < D; i += Threads) {
        scale[i] = i < a.d ? a.inverse_scale[channel + i] : 0;
        power[i] = i < a.d ? a.power[channel + i] : 1;
      }
    }
  };

  // W (or ∂L/∂S, from the gradient of W) and m (or its gradient) of the pair, 1/n applied.
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
    for (int f = thread_index(); f < Features; f += Threads)
      mean[f] = (extras[2 * f] + extras[2 * (f < D ? f + D : f - D) + 1]) * factor;
  }

  // The product over the tokens of a tile: sums of featuresᵀ·values; the extra columns (of warps with the first values) either
  // lie behind the values or are a column of ones.
  template <bool Ones>
  DEVICE static void accumulate(
      const Lane& lane, int rows, const Planes<P>& features, const Planes<P>& values, float (&sums)[MT][NT][4], float (&extras)[MT][4]) {
    int m = lane.warp / N * MT * 16, n = lane.warp % N * NT * 8;
    NO_UNROLL for (int k = 0; k < rows; k += 16) {
      unsigned b[NT][P][2], extra[P][2];
      UNROLL for (int j = 0; j < NT; j += 2) values.load_right(k, n + 8 * j, b[j], b[j + 1]);
      if (n == 0) {
        if constexpr (Ones) {
          UNROLL for (int p = 0; p < P; p++) extra[p][0] = extra[p][1] = p == 0 && lane.g == 0 ? 0x3f803f80u : 0u;
        } else {
          values.load_right_single(k, D, extra);
        }
      }
      UNROLL for (int i = 0; i < MT; i++) {
        unsigned left[P][4];
        features.load_left_of_transposed(m + 16 * i, k, left);
        UNROLL for (int j = 0; j < NT; j++) multiply(sums[i][j], left, b[j]);
        if (n == 0) multiply(extras[i], left, extra);
      }
    }
  }

  DEVICE static void store_sums(const Lane& lane, float* unit, const float (&sums)[MT][NT][4], const float (&extras)[MT][4]) {
    int m = lane.warp / N * MT * 16 + lane.g, n = lane.warp % N * NT * 8;
    UNROLL for (int i = 0; i < MT; i++) {
      UNROLL for (int h = 0; h < 2; h++) {
        float* row = unit + (m + 16 * i + 8 * h) * D + n + 2 * lane.t;
        UNROLL for (int j = 0; j < NT; j++) *(uint2v*)(row + 8 * j) = uint2v{bits_of(sums[i][j][2 * h]), bits_of(sums[i][j][2 * h + 1])};
        // Columns 0 and 1 are one number in two parts, 2 and 3 another.
        if (n == 0 && lane.t < 2) unit[Features * D + 2 * (m + 16 * i + 8 * h) + lane.t] = extras[i][2 * h] + extras[i][2 * h + 1];
      }
    }
  }
};

// Sums of the four lanes that have a token, and of the eight that have a channel.
DEVICE float sum_over_channels(float x) {
  x += shuffle_xor(x, 1);
  return x + shuffle_xor(x, 2);
}
DEVICE float sum_over_tokens(float x) {
  x += shuffle_xor(x, 4);
  x += shuffle_xor(x, 8);
  return x + shuffle_xor(x, 16);
}
