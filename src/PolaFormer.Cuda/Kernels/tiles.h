// Tensor-core products of values that may be bfloat16 or float. A float is the sum of three bfloat16, so that a product of
// floats is six of bfloat16, with about the error of float arithmetic. Each part is called a plane.
#pragma once
#include "device.h"

template <class T>
struct PlanesOf;
template <>
struct PlanesOf<bf16> {
  static constexpr int count = 1;
};
template <>
struct PlanesOf<rounded> {
  static constexpr int count = 1;
};
template <>
struct PlanesOf<float> {
  static constexpr int count = 3;
};

// Two adjacent values, in each plane.
template <int P>
DEVICE void split(float low, float high, unsigned (&planes)[P]) {
  planes[0] = pack_bf16(low, high);
  UNROLL for (int p = 1; p < P; p++) {
    low -= low_of(planes[p - 1]);
    high -= high_of(planes[p - 1]);
    planes[p] = pack_bf16(low, high);
  }
}

// d += a · b; products of two small planes are left out, the small ones of the others added first.
template <int P>
DEVICE void multiply(float (&d)[4], const unsigned (&a)[P][4], const unsigned (&b)[P][2]) {
  UNROLL for (int sum = P - 1; sum >= 0; sum--) {
    UNROLL for (int p = 0; p <= sum; p++) matrix_multiply_add(d, a[p], b[sum - p]);
  }
}

// Planes of a matrix in shared memory, one behind the other. Rows are 16 bytes times an odd number, so that eight rows lie in
// different banks.
template <int P>
struct Planes {
  bf16* data;
  int stride, size;

  DEVICE bf16* at(int row, int column, int plane = 0) const { return data + plane * size + row * stride + column; }

  DEVICE void store_pair(int row, int column, float low, float high) const {
    unsigned planes[P];
    split(low, high, planes);
    UNROLL for (int p = 0; p < P; p++) *(unsigned*)at(row, column, p) = planes[p];
  }

  // Operands B of two products beside each other: rows k … k + 15, columns n … n + 15.
  DEVICE void load_right(int k, int n, unsigned (&b0)[P][2], unsigned (&b1)[P][2]) const {
    int lane = thread_index() % 32;
    UNROLL for (int p = 0; p < P; p++) {
      unsigned r[4];
      load_matrices_transposed(r, at(k + (lane & 15), n + (lane >> 4) * 8, p));
      b0[p][0] = r[0], b0[p][1] = r[1], b1[p][0] = r[2], b1[p][1] = r[3];
    }
  }

  // The same of the transposed matrix: columns k … k + 15, rows n … n + 15.
  DEVICE void load_right_of_transposed(int k, int n, unsigned (&b0)[P][2], unsigned (&b1)[P][2]) const {
    int lane = thread_index() % 32;
    UNROLL for (int p = 0; p < P; p++) {
      unsigned r[4];
      load_matrices(r, at(n + (lane & 7) + (lane >> 4) * 8, k + (lane >> 3 & 1) * 8, p));
      b0[p][0] = r[0], b0[p][1] = r[1], b1[p][0] = r[2], b1[p][1] = r[3];
    }
  }

  // Operand B of one product: rows k … k + 15, columns n … n + 7.
  DEVICE void load_right_single(int k, int n, unsigned (&b)[P][2]) const {
    int lane = thread_index() % 32;
    UNROLL for (int p = 0; p < P; p++) {
      unsigned r[4];
      load_matrices_transposed(r, at(k + (lane & 15), n, p));
      b[p][0] = r[0], b[p][1] = r[1];
    }
  }

  // Operand A: rows m … m + 15, columns k … k + 15.
  DEVICE void load_left(int m, int k, unsigned (&a)[P][4]) const {
    int lane = thread_index() % 32;
    UNROLL for (int p = 0; p < P; p++) load_matrices(a[p], at(m + (lane & 15), k + (lane >> 4) * 8, p));
  }

  // Operand A of the transposed matrix: columns m … m + 15, rows k … k + 15.
  DEVICE void load_left_of_transposed(int m, int k, unsigned (&a)[P][4]) const {
    int lane = thread_index() % 32;
    UNROLL for (int p = 0; p < P; p++) load_matrices_transposed(a[p], at(k + (lane & 7) + (lane >> 4) * 8, m + (lane >> 3 & 1) * 8, p));
  }
};
