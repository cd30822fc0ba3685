// Softmax attention in blocks, forward and backward, on tensor cores; no matrix of queries × keys in memory. Per image and head:
//   S = scale·q·kᵀ + bias + mask,  P = softmax(S),  out = P·v
// The forward pass leaves of each row of S its maximum m and 1/Σ exp(S − m), from which the backward pass has P again:
//   with δ = Σ ∂out·out a row,  ∂S = P·(∂out·vᵀ − δ),  ∂q = scale·∂S·k,  ∂k = scale·∂Sᵀ·q,  ∂v = Pᵀ·∂out,  ∂bias = Σ_images ∂S
// Where weights are dropped, each of P has a factor f, 0 or 1/(1 − chance):  out = (P·f)·v,  ∂S = P·(f·∂out·vᵀ − δ),  ∂v = (P·f)ᵀ·∂out
#include "random.h"
#include "rows.h"
#include "tiles.h"
#include "tokens.h"
#include "vectors.h"

struct SoftmaxAttentionArguments {
  Rows q, k, v, out, d_out, dq, dk, dv;
  const float *bias, *mask;  // heads × queries × keys; groups × (queries or 1) × keys, image b takes group b mod groups; or null
  float* state;              // m and 1/Σ of each image, head and query
  float* delta;              // δ of the same
  float* d_bias;
  int batch, heads, d, queries, keys, mask_groups, mask_rows;
  float scale, drop;  // drop: the chance that a weight is dropped
  Generator generator;
};

constexpr float log2_e = 1.44269504f;

template <class T, int D_>
struct Attention {
  static constexpr int D = D_, P = PlanesOf<T>::count, Warps = 4, Threads = 32 * Warps;
  static constexpr int Tile = 16 * Warps, Step = 32, Stride = D + 8;  // rows of a block, 16 a warp, against columns 32 at a time
  using Matrix = Planes<P>;

  int warp = warp_index(), g = lane_index() / 4, t = lane_index() % 4;
  int pair, image, head, first;  // first: row of the block's tile

  DEVICE Attention(const SoftmaxAttentionArguments& a, int rows) {
    int tiles = (rows + Tile - 1) / Tile;
    pair = block_index() / tiles, image = pair / a.heads, head = pair - image * a.heads, first = (block_index() - pair * tiles) * Tile;
  }

  static DEVICE Matrix behind(char*& memory, int rows) {
    Matrix m{(bf16*)memory, Stride, rows * Stride};
    memory += P * m.size * sizeof(bf16);
    return m;
  }

  // So many rows from one on, 0 beyond the last and beyond a head's channels.
  DEVICE void load(const Matrix& to, const Rows& rows, const SoftmaxAttentionArguments& a, int from, int count, int end) const {
    const T* source = (const T*)rows.data + image * rows.image + head * a.d;
    if (a.d == D && (((unsigned long long)source | (unsigned long long)(rows.row * sizeof(T))) & 15) == 0) {
      UNROLL_TWICE for (int i = thread_index(); i < count * D / 4; i += Threads) {
        int row = i / (D / 4), c = 4 * (i % (D / 4));
        Four x{};
        if (from + row < end) x = load_four((const float*)source + (from + row) * rows.row + c);
        to.store_pair(row, c, x.x[0], x.x[1]);
        to.store_pair(row, c + 2, x.x[2], x.x[3]);
      }
      return;
    }
    NO_UNROLL for (int i = thread_index(); i < count * D / 2; i += Threads) {
      int row = i / (D / 2), c = 2 * (i % (D / 2));
      const T* at = source + (from + row) * rows.row + c;
      bool inside = from + row < end;
      to.store_pair(row, c, inside && c < a.d ? to_float(at[0]) : 0, inside && c + 1 < a.d ? to_float(at[1]) : 0);
    }
  }

  // s (16 × 32) = this warp's rows of left · rightᵀ.
  DEVICE void products(float (&s)[4][4], const Matrix& left, const Matrix& right) const {
    UNROLL for (int n = 0; n < 4; n++) UNROLL for (int e = 0; e < 4; e++) s[n][e] = 0;
    NO_UNROLL for (int k = 0; k < D; k += 16) {
      unsigned l[P][4], r0[P][2], r1[P][2];
      left.load_left(16 * warp, k, l);
      UNROLL for (int n = 0; n < 4; n += 2) {
        right.load_right_of_transposed(k, 8 * n, r0, r1);
        multiply(s[n], l, r0);
        multiply(s[n + 1], l, r1);
      }
    }
  }

  // sums (16 × D) += p (16 × 32) · right.
  DEVICE void add_products(float (&sums)[D / 8][4], const float (&p)[4][4], const Matrix& right) const {
    UNROLL for (int k = 0; k < 2; k++) {
      unsigned l[P][4], r0[P][2], r1[P][2];
      UNROLL for (int i = 0; i < 4; i++) {
        unsigned planes[P];
        split(p[2 * k + i / 2][2 * (i % 2)], p[2 * k + i / 2][2 * (i % 2) + 1], planes);
        UNROLL for (int n = 0; n < P; n++) l[n][i] = planes[n];
      }
      UNROLL for (int n = 0; n < D / 8; n += 2) {
        right.load_right(16 * k, 8 * n, r0, r1);
        multiply(sums[n], l, r0);
        multiply(sums[n + 1], l, r1);
      }
    }
  }

  // S of one query and key, −∞ beyond the last key.
  DEVICE float score(const SoftmaxAttentionArguments& a, int query, int key, float product) const {
    if (key >= a.keys) return float_of(0xff800000u);
    query = least(query, a.queries - 1);
    float s = product * a.scale;
    if (a.bias) s += a.bias[((long long)head * a.queries + query) * a.keys + key];
    if (a.mask) s += a.mask[((long long)(image % a.mask_groups) * a.mask_rows + (a.mask_rows == 1 ? 0 : query)) * a.keys + key];
    return s;
  }

  // The factor of a weight, of the generator's number at its place in (batch, heads, queries, keys).
  DEVICE float kept(const SoftmaxAttentionArguments& a, int query, int key) const {
    unsigned long long index = ((unsigned long long)pair * a.queries + query) * a.keys + key;
    unsigned words[4], place = (unsigned)index & 3;
    philox(index >> 2, a.generator, words);
    unsigned word = place < 2 ? (place == 0 ? words[0] : words[1]) : (place == 2 ? words[2] : words[3]);
    return uniform(word) < a.drop ? 0 : 1 / (1 - a.drop);
  }

  // S becomes P·f and ∂P becomes ∂S. Rows are queries, or for Back keys.
  template <bool Back>
  DEVICE void differentiate(const SoftmaxAttentionArguments& a, float (&s)[4][4], float (&dp)[4][4], int row, int column) const {
    UNROLL for (int n = 0; n < 4; n++) {
      UNROLL for (int e = 0; e < 4; e++) {
        int r = row + g + 8 * (e / 2), c = column + 8 * n + 2 * t + e % 2, query = Back ? c : r, key = Back ? r : c;
        long long at = (long long)pair * a.queries + query;
        bool inside = query < a.queries && key < a.keys;
        float p = inside ? quick_exp2((score(a, query, key, s[n][e]) - a.state[2 * at]) * log2_e) * a.state[2 * at + 1] : 0;
        float factor = a.drop > 0 && inside ? kept(a, query, key) : 1;
        s[n][e] = p * factor;
        dp[n][e] = inside ? p * (dp[n][e] * factor - a.delta[at]) : 0;
      }
    }
  }

  // This warp's rows, times a factor for each half of them.
  DEVICE void store(const Rows& rows, const SoftmaxAttentionArguments& a, int end, const float (&sums)[D / 8][4], const float (&factors)[2]) const {
    UNROLL for (int n = 0; n < D / 8; n++) {
      UNROLL for (int e = 0; e < 4; e++) {
        int row = first + 16 * warp + g + 8 * (e / 2), c = 8 * n + 2 * t + e % 2;
        if (row < end && c < a.d) ((T*)rows.data)[image * rows.image + row * rows.row + head * a.d + c] = from_float<T>(sums[n][e] * factors[e / 2]);
      }
    }
  }
};

template <class T, int D>
DEVICE void attend(const SoftmaxAttentionArguments& a) {
  using L = Attention<T, D>;
  L lane(a, a.queries);
  char* memory = shared_memory();
  auto q = L::behind(memory, L::Tile), k = L::behind(memory, L::Step), v = L::behind(memory, L::Step);
  lane.load(q, a.q, a, lane.first, L::Tile, a.queries);
  float out[D / 8][4] = {}, most[2] = {float_of(0xff800000u), float_of(0xff800000u)}, sum[2] = {};
  NO_UNROLL for (int from = 0; from < a.keys; from += L::Step) {
    block_barrier();
    lane.load(k, a.k, a, from, L::Step, a.keys);
    lane.load(v, a.v, a, from, L::Step, a.keys);
    block_barrier();
    float s[4][4];
    lane.products(s, q, k);
    UNROLL for (int h = 0; h < 2; h++) {
      float largest = most[h];
      UNROLL for (int i = 0; i < 8; i++) {
        float& x = s[i / 2][2 * h + i % 2];
        x = lane.score(a, lane.first + 16 * lane.warp + lane.g + 8 * h, from + 8 * (i / 2) + 2 * lane.t + i % 2, x);
        largest = larger_or_nan(largest, x);
      }
      largest = larger_or_nan(largest, shuffle_xor(largest, 1));
      largest = larger_or_nan(largest, shuffle_xor(largest, 2));
      float shift = largest == float_of(0xff800000u) ? 0 : largest, shrink = quick_exp2((most[h] - shift) * log2_e);
      most[h] = largest, sum[h] *= shrink;
      UNROLL for (int i = 0; i < 8; i++) {
        float& x = s[i / 2][2 * h + i % 2];
        x = quick_exp2((x - shift) * log2_e), sum[h] += x;
        if (a.drop > 0) x *= lane.kept(a, lane.first + 16 * lane.warp + lane.g + 8 * h, from + 8 * (i / 2) + 2 * lane.t + i % 2);
      }
      UNROLL for (int n = 0; n < D / 8; n++) out[n][2 * h] *= shrink, out[n][2 * h + 1] *= shrink;
    }
    lane.add_products(out, s, v);
  }
  UNROLL for (int h = 0; h < 2; h++) {
    sum[h] += shuffle_xor(sum[h], 1);
    sum[h] += shuffle_xor(sum[h], 2);
    sum[h] = 1 / sum[h];
    int query = lane.first + 16 * lane.warp + lane.g + 8 * h;
    long long at = (long long)lane.pair * a.queries + query;
    if (lane.t == 0 && query < a.queries) a.state[2 * at] = most[h], a.state[2 * at + 1] = sum[h];
  }
  lane.store(a.out, a, a.queries, out, sum);
}

// A warp an image's query and head.
template <class T>
DEVICE void sum_rows(const SoftmaxAttentionArguments& a) {
  for (long long unit = first_row(); unit < (long long)a.batch * a.heads * a.queries; unit += row_step()) {
    long long pair = unit / a.queries, query = unit - pair * a.queries, image = pair / a.heads, channel = (pair - image * a.heads) * a.d;
    const T* out = (const T*)a.out.data + image * a.out.image + query * a.out.row + channel;
    const T* d_out = (const T*)a.d_out.data + image * a.d_out.image + query * a.d_out.row + channel;
    float sum = 0;
    for (int c = lane_index(); c < a.d; c += 32) sum = multiply_add(to_float(out[c]), to_float(d_out[c]), sum);
    sum = warp_sum(sum);
    if (lane_index() == 0) a.delta[unit] = sum;
  }
}

template <class T, int D>
DEVICE void query_gradient(const SoftmaxAttentionArguments& a) {
  using L = Attention<T, D>;
  L lane(a, a.queries);
  char* memory = shared_memory();
  auto q = L::behind(memory, L::Tile), d_out = L::behind(memory, L::Tile), k = L::behind(memory, L::Step), v = L::behind(memory, L::Step);
  lane.load(q, a.q, a, lane.first, L::Tile, a.queries);
  lane.load(d_out, a.d_out, a, lane.first, L::Tile, a.queries);
  float dq[D / 8][4] = {}, s[4][4], dp[4][4];
  NO_UNROLL for (int from = 0; from < a.keys; from += L::Step) {
    block_barrier();
    lane.load(k, a.k, a, from, L::Step, a.keys);
    lane.load(v, a.v, a, from, L::Step, a.keys);
    block_barrier();
    lane.products(s, q, k);
    lane.products(dp, d_out, v);
    lane.template differentiate<false>(a, s, dp, lane.first + 16 * lane.warp, from);
    lane.add_products(dq, dp, k);
  }
  lane.store(a.dq, a, a.queries, dq, {a.scale, a.scale});
}

template <class T, int D>
DEVICE void key_gradients(const SoftmaxAttentionArguments& a) {
  using L = Attention<T, D>;
  L lane(a, a.keys);
  char* memory = shared_memory();
  auto k = L::behind(memory, L::Tile), v = L::behind(memory, L::Tile), q = L::behind(memory, L::Step), d_out = L::behind(memory, L::Step);
  lane.load(k, a.k, a, lane.first, L::Tile, a.keys);
  lane.load(v, a.v, a, lane.first, L::Tile, a.keys);
  float dk[D / 8][4] = {}, dv[D / 8][4] = {}, s[4][4], dp[4][4];
  NO_UNROLL for (int from = 0; from < a.queries; from += L::Step) {
    block_barrier();
    lane.load(q, a.q, a, from, L::Step, a.queries);
    lane.load(d_out, a.d_out, a, from, L::Step, a.queries);
    block_barrier();
    lane.products(s, k, q);
    lane.products(dp, v, d_out);
    lane.template differentiate<true>(a, s, dp, lane.first + 16 * lane.warp, from);
    lane.add_products(dv, s, d_out);
    lane.add_products(dk, dp, q);
  }
  lane.store(a.dk, a, a.keys, dk, {a.scale, a.scale});
  lane.store(a.dv, a, a.keys, dv, {1, 1});
}

// A block 64 queries and 32 keys of a head, of all images one after another.
template <class T, int D>
DEVICE void bias_gradient(const SoftmaxAttentionArguments& a) {
  using L = Attention<T, D>;
  int steps = (a.keys + L::Step - 1) / L::Step, tiles = (a.queries + L::Tile - 1) / L::Tile, rest = block_index() / steps;
  int from = (block_index() - rest * steps) * L::Step;
  L lane(a, a.queries);
  lane.head = rest / tiles, lane.first = (rest - lane.head * tiles) * L::Tile;
  char* memory = shared_memory();
  auto q = L::behind(memory, L::Tile), d_out = L::behind(memory, L::Tile), k = L::behind(memory, L::Step), v = L::behind(memory, L::Step);
  float sums[4][4] = {}, s[4][4], dp[4][4];
  NO_UNROLL for (int image = 0; image < a.batch; image++) {
    lane.image = image, lane.pair = image * a.heads + lane.head;
    block_barrier();
    lane.load(q, a.q, a, lane.first, L::Tile, a.queries);
    lane.load(d_out, a.d_out, a, lane.first, L::Tile, a.queries);
    lane.load(k, a.k, a, from, L::Step, a.keys);
    lane.load(v, a.v, a, from, L::Step, a.keys);
    block_barrier();
    lane.products(s, q, k);
    lane.products(dp, d_out, v);
    lane.template differentiate<false>(a, s, dp, lane.first + 16 * lane.warp, from);
    UNROLL for (int n = 0; n < 4; n++) UNROLL for (int e = 0; e < 4; e++) sums[n][e] += dp[n][e];
  }
  UNROLL for (int n = 0; n < 4; n++) {
    UNROLL for (int e = 0; e < 4; e++) {
      int query = lane.first + 16 * lane.warp + lane.g + 8 * (e / 2), key = from + 8 * n + 2 * lane.t + e % 2;
      if (query < a.queries && key < a.keys) a.d_bias[((long long)lane.head * a.queries + query) * a.keys + key] = sums[n][e];
    }
  }
}

#define SOFTMAX_ATTENTION(name, T, D)                                                                \
  KERNEL(attend_##name, SoftmaxAttentionArguments, 128, 2) { attend<T, D>(a); }                      \
  KERNEL(query_gradient_##name, SoftmaxAttentionArguments, 128, 2) { query_gradient<T, D>(a); }      \
  KERNEL(key_gradients_##name, SoftmaxAttentionArguments, 128, 2) { key_gradients<T, D>(a); }        \
  KERNEL(bias_gradient_##name, SoftmaxAttentionArguments, 128, 2) { bias_gradient<T, D>(a); }

KERNEL(sum_rows_float, SoftmaxAttentionArguments, 256, 4) { sum_rows<float>(a); }
SOFTMAX_ATTENTION(float_32, float, 32)
SOFTMAX_ATTENTION(float_64, float, 64)
SOFTMAX_ATTENTION(rounded_32, rounded, 32)
SOFTMAX_ATTENTION(rounded_64, rounded, 64)
