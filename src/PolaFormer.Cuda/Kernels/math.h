// Elementary functions with the polynomials of the processor's kernels.
#pragma once
#include "device.h"

constexpr float rounding_magic = 12582912.f;  // 1.5·2²³: added and taken away, it rounds to the nearest integer
constexpr float ln2 = 0.693147181f, ln2_high = 0.693359375f, ln2_low = 2.12194440e-4f;

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

// Within 1.5 ulp or 1e-7·|log₂ x|, for positive normal x.
DEVICE float exact_log2(float x) {
  int bits = (int)bits_of(x) - 0x3F3504F3;
  float e = (float)(bits >> 23), f = float_of((unsigned)((bits & 0x007FFFFF) + 0x3F3504F3)) - 1;
  float square = f * f, fourth = square * square;
  float p = multiply_add(multiply_add(-0.360703677f, f, 0.480910629f), square, multiply_add(-0.721347332f, f, 1.44269502f));
  float q = multiply_add(multiply_add(-0.207269743f, f, 0.215715602f), square, multiply_add(-0.238944814f, f, 0.287916243f));
  return multiply_add(multiply_add(multiply_add(0.125837043f, fourth, q), fourth, p), f, e);
}
DEVICE float exact_exp2(float x) {
  x = smaller(254.f, larger(-252.f, x));
  float n = x + 12582912.f - 12582912.f, r = x - n, square = r * r;
  float low = multiply_add(multiply_add(0.240226462f, r, 0.693147182f), r, 1);
  float high = multiply_add(0.00961848907f, r, 0.0555032864f);
  high = multiply_add(multiply_add(0.000153458110f, r, 0.00133999309f), square, high);
  float q = multiply_add(high, square * r, low);
  int half = (int)n / 2;  // in two factors, since 2ⁿ may leave the range of a float
  return q * float_of((unsigned)(half + 127) << 23) * float_of((unsigned)((int)n - half + 127) << 23);
}

DEVICE float exact_sigmoid(float x) {
  float decay = exact_exp(-magnitude(x));
  return (x < 0 ? decay : 1.f) / (1 + decay);
}

// x itself above 20.
DEVICE float exact_softplus(float x) {
  if (x > 20) return x;
  float e = exact_exp(x), sum = 1 + e;
  return exact_log(sum) + (e - (sum - 1)) / sum;
}

DEVICE float exact_tanh(float x) {
  float a = magnitude(x), z = x * x;
  if (a < 0.625f)
    return multiply_add(polynomial(z, {-0.00570498733f, 0.020639088f, -0.0537397154f, 0.133314416f, -0.333332807f}) * z, x, x);
  float y = 1 - 2 / (exact_exp(a + a) + 1);
  return x < 0 ? -y : y;
}

DEVICE float exact_erf(float x) {
  float a = magnitude(x), z = x * x;
  if (a < 0.9f)
    return multiply_add(polynomial(z, {-0.000609036069f, 0.00501196273f, -0.0267789084f, 0.112821408f, -0.376125246f, 0.128379151f}), x, x);
  float t = smaller(3.95f, a);
  float q = polynomial(t, {0.000198219626f, -0.00306548993f, 0.0223152116f, -0.104113676f, -0.636976063f, -1.12779725f, -0.000166447964f});
  float y = 1 - exact_exp(q);
  return x != x ? x : x < 0 ? -y : y;
}

// The normal distribution, (1 + erf(x/√2))/2.
DEVICE float exact_phi(float x) {
  float a = magnitude(x);
  float q = polynomial(a, {-5.09258271e-08f, 1.29846489e-06f, -1.4563484e-05f, 9.20730745e-05f, -0.000318482227f, 5.55985498e-05f,
                           0.00690296851f, -0.0524241477f, -0.45922333f, -1.15110421f});
  float tail = exact_exp2(larger(-152.f, multiply_add(q, a, -1.f)));
  return x != x ? x : x < 0 ? tail : 1 - tail;
}

// a^b as torch has it: any a with a whole b, NaN for negative a else; a⁰ = 1.
DEVICE float exact_pow(float a, float b) {
  if (b == 0) return 1;
  if (a == 0) return b > 0 ? 0 : float_of(0x7f800000u);
  float y = exact_exp2(b * exact_log2(magnitude(a)));
  if (a > 0 || a != a) return a != a ? a : y;
  float whole = magnitude(b) < 8388608.f ? (float)(int)b : b;
  if (whole != b) return float_of(0x7fc00000u);
  return magnitude(b) < 8388608.f && ((int)b & 1) ? -y : y;
}
