// A block of threads on the host: every thread is a fibre that runs until it meets the others of its warp or block. The
// order in which fibres run is an argument: a kernel that lacks a barrier gives other results in another order.
#pragma once
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#define DEVICE inline
#define UNROLL
#define NO_UNROLL
#define UNROLL_TWICE

#define KERNEL(name, Arguments, threads, blocks)                                                                          \
  static void name##_thread(const Arguments& a);                                                                          \
  extern "C" __attribute__((visibility("default"))) const char* name(                                                     \
      int grid, int size, int shared, const void* arguments, unsigned order) {                                            \
    return fibres::launch(#name, grid, size, shared, order, threads,                                                      \
                          [](const void* p) { name##_thread(*(const Arguments*)p); }, arguments);                         \
  }                                                                                                                       \
  static void name##_thread(const Arguments& a)

using uint4v = unsigned __attribute__((ext_vector_type(4)));
using uint2v = unsigned __attribute__((ext_vector_type(2)));

#if defined(__x86_64__)
// Saves the registers that a call preserves on one stack and takes them from another.
__attribute__((naked)) inline void switch_stack(void** save, void* load) {
  asm("pushq %rbp\n pushq %rbx\n pushq %r12\n pushq %r13\n pushq %r14\n pushq %r15\n"
      "movq %rsp, (%rdi)\n movq %rsi, %rsp\n"
      "popq %r15\n popq %r14\n popq %r13\n popq %r12\n popq %rbx\n popq %rbp\n retq");
}
constexpr int saved_words = 6;
#elif defined(__aarch64__)
__attribute__((naked)) inline void switch_stack(void** save, void* load) {
  asm("sub sp, sp, #160\n stp x19, x20, [sp]\n stp x21, x22, [sp, #16]\n stp x23, x24, [sp, #32]\n stp x25, x26, [sp, #48]\n"
      "stp x27, x28, [sp, #64]\n stp x29, x30, [sp, #80]\n stp d8, d9, [sp, #96]\n stp d10, d11, [sp, #112]\n"
      "stp d12, d13, [sp, #128]\n stp d14, d15, [sp, #144]\n mov x9, sp\n str x9, [x0]\n mov sp, x1\n"
      "ldp x19, x20, [sp]\n ldp x21, x22, [sp, #16]\n ldp x23, x24, [sp, #32]\n ldp x25, x26, [sp, #48]\n"
      "ldp x27, x28, [sp, #64]\n ldp x29, x30, [sp, #80]\n ldp d8, d9, [sp, #96]\n ldp d10, d11, [sp, #112]\n"
      "ldp d12, d13, [sp, #128]\n ldp d14, d15, [sp, #144]\n add sp, sp, #160\n ret");
}
#else
#error "fibres know x86-64 and ARM64"
#endif

namespace fibres {
enum class State : char { Ready, AtBarrier, InWarp, Done };

constexpr size_t stack_bytes = 128 << 10, guard_bytes = 256;
constexpr unsigned char poison = 0xFF;  // a NaN as float and as bfloat16

struct Meeting {
  int arrived = 0;
  const void* kind = nullptr;
  const void* operands[32];
  void* results[32];
};

inline void* scheduler;
inline std::vector<void*> stacks, places;
inline std::vector<State> states;
inline std::vector<Meeting> meetings;
inline std::vector<unsigned char> shared;
inline int current, block, blocks, size;
inline void (*body)(const void*);
inline const void* argument;
inline char message[256];
inline bool failed;

inline void pause() { switch_stack(&places[current], scheduler); }

[[noreturn]] inline void fail_here(const char* what) {
  if (!failed) std::snprintf(message, sizeof message, "block %d, thread %d: %s", block, current, what);
  failed = true;
  states[current] = State::Done;
  for (;;) pause();
}

inline void enter() {
  body(argument);
  states[current] = State::Done;
  for (;;) pause();
}

inline void prepare(int i) {
  auto top = (size_t*)(((size_t)stacks[i] + stack_bytes) & ~(size_t)63);
#if defined(__x86_64__)
  *--top = 0;  // the frame of enter begins as after a call
  *--top = (size_t)&enter;
  top -= saved_words;
  std::memset(top, 0, saved_words * 8);
#else
  top -= 20;
  std::memset(top, 0, 160);
  top[11] = (size_t)&enter;
#endif
  places[i] = top;
  states[i] = State::Ready;
}

// Order 0 is ascending, 1 descending, any other shuffles threads and blocks by itself as the seed.
inline void arrange(std::vector<int>& order, unsigned seed) {
  for (size_t i = 0; i < order.size(); i++) order[i] = seed == 1 ? (int)(order.size() - 1 - i) : (int)i;
  if (seed < 2) return;
  unsigned long long state = seed;
  for (size_t i = order.size(); i > 1; i--) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    std::swap(order[i - 1], order[(state >> 33) % i]);
  }
}

inline const char* run_block(const std::vector<int>& order) {
  std::memset(shared.data(), poison, shared.size());
  for (int i = 0; i < size; i++) prepare(i);
  meetings.assign((size + 31) / 32, Meeting());
  for (;;) {
    bool ran = false;
    for (int i : order) {
      if (states[i] != State::Ready) continue;
      current = i;
      switch_stack(&scheduler, places[i]);
      if (failed) return message;
      ran = true;
    }
    if (ran) continue;
    int done = 0, barrier = 0;
    for (State s : states) done += s == State::Done, barrier += s == State::AtBarrier;
    if (done == size) break;
    if (barrier != size) {
      std::snprintf(message, sizeof message, "block %d stands still: of %d threads %d have ended, %d wait at a barrier, %d for their warp", block, size, done, barrier, size - done - barrier);
      return message;
    }
    for (State& s : states) s = State::Ready;
  }
  for (size_t i = shared.size() - guard_bytes; i < shared.size(); i++)
    if (shared[i] != poison) return std::snprintf(message, sizeof message, "block %d wrote behind its shared memory", block), message;
  return nullptr;
}

inline const char* launch(const char* name, int grid, int threads, int sharedBytes, unsigned seed, int most, void (*thread)(const void*), const void* arguments) {
  if (threads > most || threads % 32 != 0)
    return std::snprintf(message, sizeof message, "%s: blocks of %d threads, made for whole warps of at most %d", name, threads, most), message;
  body = thread, argument = arguments, blocks = grid, size = threads, failed = false;
  while ((int)stacks.size() < threads) stacks.push_back(std::aligned_alloc(64, stack_bytes));
  places.resize(threads), states.assign(threads, State::Ready), shared.resize(sharedBytes + guard_bytes);
  std::vector<int> order(threads), blockOrder(grid);
  arrange(blockOrder, seed);
  for (int b : blockOrder) {
    block = b;
    arrange(order, seed < 2 ? seed : seed + b);
    if (const char* error = run_block(order)) {
      char copy[200];
      std::snprintf(copy, sizeof copy, "%s", error);
      return std::snprintf(message, sizeof message, "%s: %s", name, copy), message;
    }
  }
  return nullptr;
}

// All lanes of a warp bring an operand; the last to come computes every lane's result.
template <class Operand, class Result, class Combine>
Result meet(const Operand& operand, Combine combine) {
  static char kind;
  Result result;
  Meeting& m = meetings[current / 32];
  int lane = current % 32;
  if (m.arrived++ == 0) m.kind = &kind;
  if (m.kind != &kind) fail_here("lanes of a warp met in different operations");
  m.operands[lane] = &operand;
  m.results[lane] = &result;
  if (m.arrived < 32) {
    states[current] = State::InWarp;
    pause();
    return result;
  }
  combine((const Operand* const*)m.operands, (Result* const*)m.results);
  m.arrived = 0;
  for (int i = current & ~31; i < (current | 31) + 1; i++) states[i] = State::Ready;
  return result;
}
}  // namespace fibres

inline char* shared_memory() { return (char*)fibres::shared.data(); }
inline int thread_index() { return fibres::current; }
inline int block_size() { return fibres::size; }
inline int block_index() { return fibres::block; }
inline int block_count() { return fibres::blocks; }
inline void block_barrier() {
  fibres::states[fibres::current] = fibres::State::AtBarrier;
  fibres::pause();
}

inline unsigned bits_of(float x) { return __builtin_bit_cast(unsigned, x); }
inline float float_of(unsigned x) { return __builtin_bit_cast(float, x); }

inline float shuffle_xor(float x, int mask) {
  struct Operand { float x; int mask; };
  return fibres::meet<Operand, float>({x, mask}, [](const Operand* const* in, float* const* out) {
    for (int i = 0; i < 32; i++) *out[i] = in[i ^ in[i]->mask]->x;
  });
}

inline float shuffle_from(float x, int lane) {
  struct Operand { float x; int lane; };
  return fibres::meet<Operand, float>({x, lane}, [](const Operand* const* in, float* const* out) {
    for (int i = 0; i < 32; i++) *out[i] = in[in[i]->lane]->x;
  });
}

inline uint4v load_constant(const uint4v* p) { return *p; }
inline uint2v load_constant(const uint2v* p) { return *p; }
inline unsigned long long load_constant(const unsigned long long* p) { return *p; }
inline float larger_or_nan(float a, float b) { return a != a || b != b ? a + b : a > b ? a : b; }
inline float quick_reciprocal(float x) { return 1 / x; }

inline unsigned round_to_bf16(float x) {
  unsigned b = bits_of(x);
  return x != x ? 0x7fffu : (b + 0x7fffu + (b >> 16 & 1)) >> 16;
}
inline unsigned pack_bf16(float low, float high) { return round_to_bf16(low) | round_to_bf16(high) << 16; }

inline float quick_exp2(float x) { return std::exp2(x); }
inline float quick_log2(float x) { return std::log2(x); }
inline float square_root(float x) { return std::sqrt(x); }
inline double square_root(double x) { return std::sqrt(x); }
inline float rounded_product(float a, float b) { return a * b; }
inline float multiply_add(float a, float b, float c) { return std::fma(a, b, c); }
inline float larger(float a, float b) { return std::fmax(a, b); }
inline float smaller(float a, float b) { return std::fmin(a, b); }
inline float magnitude(float x) { return std::fabs(x); }
inline unsigned high_product(unsigned a, unsigned b) { return (unsigned)((unsigned long long)a * b >> 32); }

inline void matrix_multiply_add(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  struct Operand { float d[4]; unsigned a[4], b[2]; };
  struct Result { float d[4]; };
  Operand operand;
  std::memcpy(operand.d, d, 16), std::memcpy(operand.a, a, 16), std::memcpy(operand.b, b, 8);
  Result r = fibres::meet<Operand, Result>(operand, [](const Operand* const* in, Result* const* out) {
    float a[16][16], b[16][8];
    auto half = [](unsigned pair, int which) { return float_of(which ? pair & 0xffff0000u : pair << 16); };
    for (int lane = 0; lane < 32; lane++) {
      int g = lane / 4, t = lane % 4;
      for (int i = 0; i < 8; i++) a[g + 8 * (i / 2 % 2)][2 * t + 8 * (i / 4) + i % 2] = half(in[lane]->a[i / 2], i % 2);
      for (int i = 0; i < 4; i++) b[2 * t + 8 * (i / 2) + i % 2][g] = half(in[lane]->b[i / 2], i % 2);
    }
    for (int lane = 0; lane < 32; lane++)
      for (int i = 0; i < 4; i++) {
        int row = lane / 4 + 8 * (i / 2), column = 2 * (lane % 4) + i % 2;
        float sum = in[lane]->d[i];
        for (int k = 0; k < 16; k++) sum += a[row][k] * b[k][column];
        out[lane]->d[i] = sum;
      }
  });
  std::memcpy(d, r.d, 16);
}

namespace fibres {
template <bool Transposed>
void load(unsigned (&r)[4], const void* row) {
  struct Result { unsigned r[4]; };
  const auto* from = (const unsigned char*)row;
  if (((size_t)row & 15) != 0 || from < shared.data() || from + 16 > shared.data() + shared.size() - guard_bytes) fail_here("a matrix row is not 16 aligned bytes of shared memory");
  Result result = meet<const void*, Result>(row, [](const void* const* const* in, Result* const* out) {
    for (int lane = 0; lane < 32; lane++)
      for (int i = 0; i < 4; i++) {
        int g = lane / 4, t = lane % 4;
        auto at = [&](int line, int element) { return (unsigned)((const unsigned short*)*in[8 * i + line])[element]; };
        out[lane]->r[i] = Transposed ? at(2 * t, g) | at(2 * t + 1, g) << 16 : at(g, 2 * t) | at(g, 2 * t + 1) << 16;
      }
  });
  std::memcpy(r, result.r, 16);
}
}  // namespace fibres
inline void load_matrices(unsigned (&r)[4], const void* row) { fibres::load<false>(r, row); }
inline void load_matrices_transposed(unsigned (&r)[4], const void* row) { fibres::load<true>(r, row); }
