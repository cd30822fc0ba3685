// Functions of one, two and three tensors, and constants.
#include "vectors.h"
#include "walk.h"

constexpr int gelu = 15;  // of UnaryFunction

struct MapArguments {
  const void *x, *y, *dy;  // y: the function's result, for its gradient; activate_both writes it
  void* out;
  long long count;
  int function;
  float a, b;
  int is_quick;  // GELU with the hardware's exponential, of relative error 2⁻²²
};

// In the order of UnaryFunction.
DEVICE float unary(int function, float x) {
  switch (function) {
    case 0: return -x;
    case 1: return magnitude(x);
    case 2: return exact_exp(x);
    case 3: return exact_exp(x) - 1;
    case 4: return exact_log(x);
    case 5: return square_root(x);
    case 6: return 1 / square_root(x);
    case 7: return 1 / x;
    case 8: return x * x;
    case 9: return exact_sin(x);
    case 10: return exact_cos(x);
    case 11: return exact_tanh(x);
    case 12: return exact_sigmoid(x);
    case 13: return exact_softplus(x);
    case 14: return larger_or_nan(x, 0);
    case 15: return x * exact_phi(x);
    case 16: return x * exact_sigmoid(x);
    case 17: return x > 0 ? x : exact_exp(x) - 1;
    default: return exact_erf(x);
  }
}

DEVICE float unary_gradient(int function, float x, float y, float dy) {
  switch (function) {
    case 0: return -dy;
    case 1: return x < 0 ? -dy : x == 0 ? 0 : dy;
    case 2: return dy * y;
    case 3: return dy * exact_exp(x);
    case 4: return dy / x;
    case 5: return dy * 0.5f / y;
    case 6: return dy * -0.5f * (y * y * y);
    case 7: return -dy * y * y;
    case 8: return dy * (x + x);
    case 9: return dy * exact_cos(x);
    case 10: return -dy * exact_sin(x);
    case 11: return dy * (1 - y * y);
    case 12: return dy * (1 - y) * y;
    case 13: return x > 20 ? dy : dy * exact_sigmoid(x);
    case 14: return y > 0 ? dy : 0;
    case 15: return dy * multiply_add(x * 0.39894228f, exact_exp(-0.5f * x * x), exact_phi(x));
    case 16: {
      float s = exact_sigmoid(x);
      return dy * s * multiply_add(x, 1 - s, 1.f);
    }
    case 17: return y > 0 ? dy : dy * (y + 1);
    default: return dy * 1.12837917f * exact_exp(-x * x);
  }
}

// out = f(x, y, dy), four elements a thread and turn where they are aligned. Inputs may be null: 0.
template <class From, class To, class Function>
DEVICE void map(const MapArguments& a, Function f) {
  auto *x = (const From*)a.x, *y = (const From*)a.y, *dy = (const From*)a.dy;
  auto* out = (To*)a.out;
  long long fours = are_aligned<From>(x, y, dy) && are_aligned<To>(out) ? a.count / 4 : 0;
  for (long long i = first_element(); i < fours; i += all_threads()) {
    Four xs = load_four_or(x, 4 * i, 0), ys = load_four_or(y, 4 * i, 0), dys = load_four_or(dy, 4 * i, 0), result;
    UNROLL for (int j = 0; j < 4; j++) result.x[j] = f(xs.x[j], ys.x[j], dys.x[j]);
    store_four(out + 4 * i, result);
  }
  for (long long i = 4 * fours + first_element(); i < a.count; i += all_threads())
    out[i] = from_float<To>(f(x ? to_float(x[i]) : 0, y ? to_float(y[i]) : 0, dy ? to_float(dy[i]) : 0));
}

// The normal distribution with the polynomial of exact_phi.
DEVICE float quick_phi(float x) {
  float a = magnitude(x);
  float q = polynomial(a, {-5.09258271e-08f, 1.29846489e-06f, -1.4563484e-05f, 9.20730745e-05f, -0.000318482227f, 5.55985498e-05f,
                           0.00690296851f, -0.0524241477f, -0.45922333f, -1.15110421f});
  float tail = quick_exp2(larger(-152.f, multiply_add(q, a, -1.f)));
  return x != x ? x : x < 0 ? tail : 1 - tail;
}

DEVICE float quick_gelu_slope(float x, float phi) { return multiply_add(x * 0.39894228f, quick_exp2(-0.72134752f * x * x), phi); }

template <class T>
DEVICE void map_unary(const MapArguments& a) {
  if (a.is_quick && a.function == gelu) {
    map<T, T>(a, [](float x, float, float) { return x * quick_phi(x); });
    return;
  }
  map<T, T>(a, [&](float x, float, float) { return unary(a.function, x); });
}

template <class T>
DEVICE void map_unary_gradient(const MapArguments& a) {
  if (a.is_quick && a.function == gelu) {
    map<T, T>(a, [](float x, float, float dy) { return dy * quick_gelu_slope(x, quick_phi(x)); });
    return;
  }
  map<T, T>(a, [&](float x, float y, float dy) { return unary_gradient(a.function, x, y, dy); });
}

// y = f(x), and out = f′(x)·dy, which may be dy; f gives both.
template <class T, class Function>
DEVICE void map_both(const MapArguments& a, Function f) {
  auto* x = (const T*)a.x;
  auto *y = (T*)a.y, *out = (T*)a.out;
  long long fours = are_aligned<T>(x, y, a.dy, out) ? a.count / 4 : 0;
  for (long long i = first_element(); i < fours; i += all_threads()) {
    Four xs = load_four(x + 4 * i), dy = load_four((const T*)a.dy + 4 * i), value;
    UNROLL for (int j = 0; j < 4; j++) value.x[j] = f(xs.x[j], dy.x[j]);
    store_four(y + 4 * i, value);
    store_four(out + 4 * i, dy);
  }
  for (long long i = 4 * fours + first_element(); i < a.count; i += all_threads()) {
    float dy = to_float(((const T*)a.dy)[i]);
    y[i] = from_float<T>(f(to_float(x[i]), dy));
    out[i] = from_float<T>(dy);
  }
}

template <class T>
DEVICE void activate_both(const MapArguments& a) {
  if (a.is_quick && a.function == gelu) {
    map_both<T>(a, [](float x, float& dy) {
      float phi = quick_phi(x);
      dy *= quick_gelu_slope(x, phi);
      return x * phi;
    });
    return;
  }
  map_both<T>(a, [&](float x, float& dy) {
    float value = unary(a.function, x);
    dy = unary_gradient(a.function, x, value, dy);
    return value;
  });
}

// out = a·x + b, or with y a·x + b·y.
template <class T>
DEVICE void map_affine(const MapArguments& a) {
  map<T, T>(a, [&](float x, float y, float) { return multiply_add(a.a, x, a.y ? a.b * y : a.b); });
}

template <class From, class To>
DEVICE void map_convert(const MapArguments& a) {
  map<From, To>(a, [](float x, float, float) { return x; });
}

KERNEL(unary_float, MapArguments, 256, 4) { map_unary<float>(a); }
KERNEL(unary_bf16, MapArguments, 256, 4) { map_unary<bf16>(a); }
KERNEL(unary_gradient_float, MapArguments, 256, 4) { map_unary_gradient<float>(a); }
KERNEL(unary_gradient_bf16, MapArguments, 256, 4) { map_unary_gradient<bf16>(a); }
KERNEL(activate_both_bf16, MapArguments, 256, 4) { activate_both<bf16>(a); }
KERNEL(affine_float, MapArguments, 256, 4) { map_affine<float>(a); }
KERNEL(affine_bf16, MapArguments, 256, 4) { map_affine<bf16>(a); }
KERNEL(float_to_bf16, MapArguments, 256, 4) { map_convert<float, bf16>(a); }
KERNEL(bf16_to_float, MapArguments, 256, 4) { map_convert<bf16, float>(a); }

struct BinaryArguments {
  const void *x, *y;
  void* out;
  Walk walk;  // over x and y; out has no gaps
  int function;
};

// In the order of BinaryFunction, and then of Comparison: 1 where it holds, else 0.
DEVICE float binary(int function, float a, float b) {
  switch (function) {
    case 0: return a + b;
    case 1: return a - b;
    case 2: return a * b;
    case 3: return a / b;
    case 4: return larger_or_nan(a, b);
    case 5: return -larger_or_nan(-a, -b);
    case 6: return exact_pow(a, b);
    case 7: return b == 0 ? 0 : b * exact_pow(a, b - 1);
    case 8: return a == 0 && b >= 0 ? 0 : exact_pow(a, b) * exact_log(a);
    case 9: return a == b;
    case 10: return a != b;
    case 11: return a < b;
    case 12: return a <= b;
    case 13: return a > b;
    default: return a >= b;
  }
}

// Where both are whole, or one is a single element, four elements a thread and turn; else a walk.
template <class T>
DEVICE void map_binary(const BinaryArguments& a) {
  auto *xs = (const T*)a.x, *ys = (const T*)a.y;
  auto* out = (T*)a.out;
  bool plain = a.walk.rank == 1 && a.walk.x[0] <= 1 && a.walk.y[0] <= 1;
  bool is_wide = plain && are_aligned<T>(a.walk.x[0] ? xs : nullptr, a.walk.y[0] ? ys : nullptr, out);
  long long fours = is_wide ? a.walk.count / 4 : 0;
  if (fours > 0) {
    float one_x = to_float(xs[0]), one_y = to_float(ys[0]);
    for (long long i = first_element(); i < fours; i += all_threads()) {
      Four x = load_four_or(a.walk.x[0] ? xs : nullptr, 4 * i, one_x), y = load_four_or(a.walk.y[0] ? ys : nullptr, 4 * i, one_y), result;
      UNROLL for (int j = 0; j < 4; j++) result.x[j] = binary(a.function, x.x[j], y.x[j]);
      store_four(out + 4 * i, result);
    }
  }
  for (long long i = 4 * fours + first_element(); i < a.walk.count; i += all_threads()) {
    long long x, y;
    locate(a.walk, i, x, y);
    out[i] = from_float<T>(binary(a.function, to_float(xs[x]), to_float(ys[y])));
  }
}

KERNEL(binary_float, BinaryArguments, 256, 4) { map_binary<float>(a); }
KERNEL(binary_bf16, BinaryArguments, 256, 4) { map_binary<bf16>(a); }

struct ChooseArguments {
  const float *condition, *x, *y;  // null: 0
  float* out;
  long long count;
};

// x where the condition is not 0, y where it is; NaN is not 0.
KERNEL(choose, ChooseArguments, 256, 4) {
  for (long long i = first_element(); i < a.count; i += all_threads()) {
    const float* chosen = a.condition[i] == 0 ? a.y : a.x;
    a.out[i] = chosen ? chosen[i] : 0;
  }
}

struct FillArguments {
  float* y;
  long long count;
  float value;
};

KERNEL(fill, FillArguments, 256, 4) {
  for (long long i = first_element(); i < a.count; i += all_threads()) a.y[i] = a.value;
}
