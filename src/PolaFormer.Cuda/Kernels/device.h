// What kernels may use of the hardware. One source runs in two ways: as PTX that clang makes without a CUDA toolkit, and as
// ordinary C++ in which the threads of a block are fibres (fibres.h), for tests on a machine without a GPU.
#pragma once

#if defined(__CUDA__)

#define DEVICE __attribute__((device)) inline __attribute__((always_inline))
#define UNROLL _Pragma("unroll")
#define NO_UNROLL _Pragma("unroll 1")
#define UNROLL_TWICE _Pragma("unroll 4")

// A kernel takes one struct by value; `blocks` of `threads` threads shall fit on a multiprocessor.
#define KERNEL(name, Arguments, threads, blocks) \
  extern "C" __attribute__((global)) __attribute__((launch_bounds(threads, blocks))) void name(const Arguments a)

using uint4v = unsigned __attribute__((ext_vector_type(4)));
using uint2v = unsigned __attribute__((ext_vector_type(2)));

extern "C" __attribute__((shared)) uint4v dynamic_shared_memory[];

DEVICE char* shared_memory() { return (char*)dynamic_shared_memory; }
DEVICE int thread_index() { return __nvvm_read_ptx_sreg_tid_x(); }
DEVICE int block_size() { return __nvvm_read_ptx_sreg_ntid_x(); }
DEVICE int block_index() { return __nvvm_read_ptx_sreg_ctaid_x(); }
DEVICE int block_count() { return __nvvm_read_ptx_sreg_nctaid_x(); }
DEVICE void block_barrier() { __nvvm_bar_sync(0); }

DEVICE unsigned bits_of(float x) { return __builtin_bit_cast(unsigned, x); }
DEVICE float float_of(unsigned x) { return __builtin_bit_cast(float, x); }

DEVICE float shuffle_xor(float x, int mask) {
  return float_of(__nvvm_shfl_sync_bfly_i32(0xffffffffu, bits_of(x), mask, 31));
}

DEVICE float shuffle_from(float x, int lane) {
  return float_of(__nvvm_shfl_sync_idx_i32(0xffffffffu, bits_of(x), lane, 31));
}

// Memory that no thread writes while the kernel runs.
DEVICE uint4v load_constant(const uint4v* p) { return __nvvm_ldg_ui4(p); }
DEVICE uint2v load_constant(const uint2v* p) { return __nvvm_ldg_ui2(p); }
DEVICE unsigned long long load_constant(const unsigned long long* p) { return __nvvm_ldg_ull(p); }

// The larger; NaN where either is.
DEVICE float larger_or_nan(float a, float b) { return __nvvm_fmax_nan_f(a, b); }
DEVICE float quick_reciprocal(float x) { return __nvvm_rcp_approx_ftz_f(x); }

// Two floats as bfloat16, rounded to the nearest even; the first in the lower half.
DEVICE unsigned pack_bf16(float low, float high) {
  unsigned r;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
  return r;
}

DEVICE float quick_exp2(float x) { return __nvvm_ex2_approx_ftz_f(x); }
DEVICE float quick_log2(float x) { return __nvvm_lg2_approx_ftz_f(x); }
DEVICE float square_root(float x) { return __nvvm_sqrt_rn_f(x); }
DEVICE double square_root(double x) { return __nvvm_sqrt_rn_d(x); }
DEVICE float rounded_product(float a, float b) { return __nvvm_mul_rn_f(a, b); }  // never part of a multiply_add
DEVICE float multiply_add(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
DEVICE float larger(float a, float b) { return __builtin_fmaxf(a, b); }
DEVICE float smaller(float a, float b) { return __builtin_fminf(a, b); }
DEVICE float magnitude(float x) { return __builtin_fabsf(x); }
DEVICE unsigned high_product(unsigned a, unsigned b) { return __nvvm_mulhi_ui(a, b); }

// D (16 × 8) += A (16 × 16, rows) · B (16 × 8, columns), bfloat16 with float sums; fragments as the PTX manual has them:
// lane 4·g + t holds rows g and g + 8 of A and D, column g of B, and of the other index the pairs 2t and 2t + 8.
DEVICE void matrix_multiply_add(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

DEVICE unsigned shared_address(const void* p) {
  return (unsigned)(unsigned long long)(const __attribute__((address_space(3))) void*)p;
}

// Four 8 × 8 matrices of bfloat16 from shared memory; lane i names row i mod 8 of matrix i / 8. Lane 4·g + t receives the
// elements 2t and 2t + 1 of row g of each, or of column g.
DEVICE void load_matrices(unsigned (&r)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(shared_address(row)) : "memory");
}
DEVICE void load_matrices_transposed(unsigned (&r)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(shared_address(row)) : "memory");
}

#else

#include "fibres.h"

#endif

// A bfloat16 in memory: the upper half of a float.
struct bf16 {
  unsigned short bits;
};

// A float in memory that products round to bfloat16.
struct rounded {
  float value;
};

DEVICE float low_of(unsigned pair) { return float_of(pair << 16); }
DEVICE float high_of(unsigned pair) { return float_of(pair & 0xffff0000u); }
DEVICE float to_float(float x) { return x; }
DEVICE float to_float(rounded x) { return x.value; }
DEVICE float to_float(bf16 x) { return float_of((unsigned)x.bits << 16); }

template <class T>
DEVICE T from_float(float x);
template <>
DEVICE float from_float<float>(float x) { return x; }
template <>
DEVICE rounded from_float<rounded>(float x) { return rounded{x}; }
template <>
DEVICE bf16 from_float<bf16>(float x) { return bf16{(unsigned short)pack_bf16(x, 0)}; }

DEVICE int least(int a, int b) { return a < b ? a : b; }
DEVICE int most(int a, int b) { return a > b ? a : b; }

// Of numbers from 0 on. Divisions of 32 bits are several times as fast.
DEVICE long long quotient(long long a, int b) { return a >> 32 ? a / b : (unsigned)a / (unsigned)b; }

// Elements of this thread: one a thread, and on by all threads of the grid.
DEVICE long long first_element() { return (long long)block_index() * block_size() + thread_index(); }
DEVICE long long all_threads() { return (long long)block_count() * block_size(); }
