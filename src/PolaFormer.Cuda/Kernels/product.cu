// Matrix products on tensor cores for where cuBLASLt is not installed: y = act(scale·a·b + bias) (+ addend), batched, any strides.
#include "math.h"
#include "tiles.h"

struct ProductArguments {
  const void *a, *b;
  const float* bias;   // per column, or null
  const void* addend;  // as y lies, or null; may be y
  void* y;
  float* partial;      // splits × batch × m × n, where the sums over k are cut
  long long a_row, a_column, a_batch, b_row, b_column, b_batch, y_row, y_batch;  // in elements
  int m, n, k, batch, splits;
  float scale;
  int activation;  // as in the enumeration Activation
};

// P numbers of 16 bits stand for an operand's element: as many as its type needs, or one of a float where that precision will do.
template <class T, int P_ = PlanesOf<T>::count>
struct Product {
  static constexpr int P = P_, Warps = 4, Threads = 32 * Warps, M = 64, N = 64, K = 32;
  static constexpr int LeftStride = K + 8, RightStride = N + 8;
};

DEVICE float activate(int activation, float x) {
  switch (activation) {
    case 1: return larger_or_nan(x, 0);
    case 2: return x * exact_phi(x);
    case 3: return x * exact_sigmoid(x);
    default: return x;
  }
}

// y of a sum.
template <class T>
DEVICE void finish(const ProductArguments& p, int batch, int row, int column, float sum) {
  long long at = batch * p.y_batch + row * p.y_row + column;
  float value = activate(p.activation, multiply_add(sum, p.scale, p.bias ? p.bias[column] : 0.f));
  ((T*)p.y)[at] = from_float<T>(p.addend ? value + to_float(((const T*)p.addend)[at]) : value);
}

// A block a tile of 64 × 64 of a part of k; each warp has 32 × 32 of it.
template <class T, int P_ = PlanesOf<T>::count, class Result = T>
DEVICE void product(const ProductArguments& p) {
  using L = Product<T, P_>;
  constexpr int P = L::P;
  int lane = thread_index() % 32, warp = thread_index() / 32, g = lane / 4, t = lane % 4;
  int columns = (p.n + L::N - 1) / L::N, rows = (p.m + L::M - 1) / L::M, tile = block_index() % (rows * columns), rest = block_index() / (rows * columns), batch = rest % p.batch, split = rest / p.batch;
  int each = ((p.k + p.splits - 1) / p.splits + L::K - 1) / L::K * L::K, first = split * each, end = least(first + each, p.k);
  int m0 = tile / columns * L::M, n0 = tile % columns * L::N, m = warp / 2 * 32, n = warp % 2 * 32;
  const T *a = (const T*)p.a + batch * p.a_batch, *b = (const T*)p.b + batch * p.b_batch;
  Planes<P> left{(bf16*)shared_memory(), L::LeftStride, L::M * L::LeftStride};
  Planes<P> right{left.data + P * left.size, L::RightStride, L::K * L::RightStride};
  float sums[2][4][4] = {};
  NO_UNROLL for (int k0 = first; k0 < end; k0 += L::K) {
    block_barrier();
    // Neighbouring threads read along whichever dimension is contiguous.
    NO_UNROLL for (int i = thread_index(); i < L::M * L::K / 2; i += L::Threads) {
      int r = p.a_column == 1 ? i / (L::K / 2) : i % L::M, c = 2 * (p.a_column == 1 ? i % (L::K / 2) : i / L::M);
      const T* at = a + (m0 + r) * p.a_row + (k0 + c) * p.a_column;
      bool inside = m0 + r < p.m;
      left.store_pair(r, c, inside && k0 + c < end ? to_float(at[0]) : 0, inside && k0 + c + 1 < end ? to_float(at[p.a_column]) : 0);
    }
    NO_UNROLL for (int i = thread_index(); i < L::K * L::N / 2; i += L::Threads) {
      int r = p.b_column == 1 ? i / (L::N / 2) : i % L::K, c = 2 * (p.b_column == 1 ? i % (L::N / 2) : i / L::K);
      const T* at = b + (k0 + r) * p.b_row + (n0 + c) * p.b_column;
      bool inside = k0 + r < end;
      right.store_pair(r, c, inside && n0 + c < p.n ? to_float(at[0]) : 0, inside && n0 + c + 1 < p.n ? to_float(at[p.b_column]) : 0);
    }
    block_barrier();
    UNROLL for (int k = 0; k < L::K; k += 16) {
      unsigned rights[4][P][2], lefts[2][P][4];
      UNROLL for (int j = 0; j < 4; j += 2) right.load_right(k, n + 8 * j, rights[j], rights[j + 1]);
      UNROLL for (int i = 0; i < 2; i++) left.load_left(m + 16 * i, k, lefts[i]);
      UNROLL for (int i = 0; i < 2; i++) {
        UNROLL for (int j = 0; j < 4; j++) multiply(sums[i][j], lefts[i], rights[j]);
      }
    }
  }
  UNROLL for (int i = 0; i < 2; i++) {
    UNROLL for (int j = 0; j < 4; j++) {
      UNROLL for (int e = 0; e < 4; e++) {
        int row = m0 + m + 16 * i + g + 8 * (e / 2), column = n0 + n + 8 * j + 2 * t + e % 2;
        if (row >= p.m || column >= p.n) continue;
        if (p.splits == 1) finish<Result>(p, batch, row, column, sums[i][j][e]);
        else p.partial[((long long)rest * p.m + row) * p.n + column] = sums[i][j][e];
      }
    }
  }
}

// The parts of each sum, in their order.
template <class T>
DEVICE void join_product(const ProductArguments& p) {
  long long size = (long long)p.m * p.n, total = size * p.batch;
  for (long long i = first_element(); i < total; i += all_threads()) {
    float sum = p.partial[i];
    for (int split = 1; split < p.splits; split++) sum += p.partial[split * total + i];
    long long batch = i / size, at = i - batch * size, row = at / p.n;
    finish<T>(p, (int)batch, (int)row, (int)(at - row * p.n), sum);
  }
}

KERNEL(product_float, ProductArguments, Product<float>::Threads, 3) { product<float>(a); }
KERNEL(product_mixed, ProductArguments, Product<float>::Threads, 3) { product<float, 1>(a); }
KERNEL(product_bf16, ProductArguments, Product<bf16>::Threads, 3) { product<bf16>(a); }
KERNEL(product_bf16_to_float, ProductArguments, Product<bf16>::Threads, 3) { product<bf16, 1, float>(a); }
KERNEL(join_product_float, ProductArguments, 256, 4) { join_product<float>(a); }
KERNEL(join_product_bf16, ProductArguments, 256, 4) { join_product<bf16>(a); }
