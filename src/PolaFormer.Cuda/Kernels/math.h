// Elementary functions with the polynomials of the processor's kernels.
#pragma once
#include "device.h"

constexpr float rounding_magic = 12582912.f;  // 1.5·2²³: added and taken away, it rounds to the nearest integer
constexpr float ln2_high = 0.693359375f, ln2_low = 2.12194440e-4f;

template <int N>
DEVICE float polynomial(float x, const float (&c)[N]) {
  float y = c[0];
  UNROLL for (int i = 1; i < N; i++) y = multiply_add(y, x, c[i]);
  return y;
}

// x·2ⁿ, in two factors, since 2ⁿ may leave the range of a float.
DEVICE float scale_by_power(float x, float n) {
  int whole = (int)n, half = whole / 2;
  return x * float_of((unsigned)(half + 127) << 23) * float_of((unsigned)(whole - half + 127) << 23);
}

DEVICE float exact_exp(float x) {
  if (x != x) return x;
  x = smaller(89.f, larger(-104.5f, x));
  float n = x * 1.44269504f + rounding_magic - rounding_magic;
  float r = multiply_add(n, ln2_low, multiply_add(n, -ln2_high, x));
  float q = polynomial(r, {0.00138131448f, 0.00836941879f, 0.041668456f, 0.166665152f, 0.49999994f});
  return scale_by_power(1 + multiply_add(q * r, r, r), n);
}

// −∞ at 0, NaN below.
DEVICE float exact_log(float x) {
  if (!(x > 0) || x == float_of(0x7f800000u)) return x == 0 ? float_of(0xff800000u) : x < 0 ? float_of(0x7fc00000u) : x;
  bool tiny = x < 1.17549435e-38f;
  if (tiny) x *= 8388608.f;
  int bits = (int)bits_of(x) - 0x3F3504F3;
  float e = (float)(bits >> 23) - (tiny ? 23.f : 0.f), f = float_of((unsigned)((bits & 0x007FFFFF) + 0x3F3504F3)) - 1;
  float p = polynomial(f, {-0.0763449818f, 0.12761578f, -0.131601825f, 0.142017573f, -0.166233569f, 0.200012267f, -0.250008196f, 0.333333313f});
  float square = f * f, y = p * f * square;
  y = multiply_add(e, -ln2_low, y);
  y = multiply_add(square, -0.5f, y);
  return multiply_add(e, ln2_high, f + y);
}

// sin(x + quarters·π/2), absolute error 1e-7 for |x| ≤ 8192.
DEVICE float sine_shifted(float x, int quarters) {
  float shifted = multiply_add(x, 0.636619772f, rounding_magic), k = shifted - rounding_magic;
  float r = multiply_add(k, -1.5703125f, x);
  r = multiply_add(k, -4.83751297e-4f, r);
  r = multiply_add(k, -7.54953362e-8f, r);
  r = multiply_add(k, -2.56334407e-12f, r);
  float z = r * r;
  float sine = multiply_add(polynomial(z, {2.71736667e-06f, -0.000198392328f, 0.00833332911f, -0.166666672f}) * z, r, r);
  float cosine = multiply_add(polynomial(z, {2.4431205e-05f, -0.0013887306f, 0.0416666456f}) * z, z, multiply_add(z, -0.5f, 1.f));
  unsigned quadrant = bits_of(shifted) + (unsigned)quarters;
  float y = quadrant & 1 ? cosine : sine;
  return quadrant & 2 ? -y : y;
}
DEVICE float exact_sin(float x) { return sine_shifted(x, 0); }
DEVICE float exact_cos(float x) { return sine_shifted(x, 1); }
