// Copies with strides, which are permutations, slices, rolls and repetitions too, and conversions between element types.
#include "math.h"
#include "walk.h"

struct CopyArguments {
  const void* x;
  void* y;
  Walk walk;
};

template <class T>
DEVICE void copy(const CopyArguments& a) {
  for (long long i = first_element(); i < a.walk.count; i += all_threads()) {
    long long x, y;
    locate(a.walk, i, x, y);
    ((T*)a.y)[y] = ((const T*)a.x)[x];
  }
}

KERNEL(copy_1, CopyArguments, 256, 4) { copy<unsigned char>(a); }
KERNEL(copy_2, CopyArguments, 256, 4) { copy<unsigned short>(a); }
KERNEL(copy_4, CopyArguments, 256, 4) { copy<unsigned>(a); }
KERNEL(copy_8, CopyArguments, 256, 4) { copy<uint2v>(a); }
KERNEL(copy_16, CopyArguments, 256, 4) { copy<uint4v>(a); }

DEVICE float from_half(unsigned h) {
  unsigned sign = (h & 0x8000u) << 16, exponent = h >> 10 & 31, fraction = h & 1023;
  if (exponent == 31) return float_of(sign | 0x7f800000u | fraction << 13);
  float small = (float)fraction * 5.9604644775390625e-8f;
  return exponent == 0 ? float_of(sign | bits_of(small)) : float_of(sign | (exponent + 112) << 23 | fraction << 13);
}

// Rounded to the nearest, ties to even.
DEVICE unsigned short to_half(float x) {
  unsigned sign = bits_of(x) >> 16 & 0x8000u, size = bits_of(x) & 0x7fffffffu;
  if (size > 0x7f800000u) return (unsigned short)(sign | 0x7e00u);
  if (size >= 0x477ff000u) return (unsigned short)(sign | 0x7c00u);
  if (size < 0x38800000u) return (unsigned short)(sign | (bits_of(float_of(size) * 16777216.f + rounding_magic) - bits_of(rounding_magic)));
  return (unsigned short)(sign | (size + 0xfffu + (size >> 13 & 1) - (112u << 23)) >> 13);
}

// Towards 0, held at the limits of so many bits, NaN to 0.
DEVICE long long to_integer(float x, int bits, bool is_signed) {
  float most = float_of((unsigned)(127 + (is_signed ? bits - 1 : bits)) << 23);
  if (x != x) return 0;
  unsigned long long largest = is_signed ? (1ull << (bits - 1)) - 1 : (1ull << bits) - 1;
  if (x >= most) return (long long)largest;
  if (x <= (is_signed ? -most : 0.f)) return is_signed ? -(long long)largest - 1 : 0;
  return (long long)x;
}

struct ConvertArguments {
  const void* x;
  void* y;
  long long count;
  int from, to;  // as in the enumeration DType; one of both is float
};

DEVICE float read(const void* x, int type, long long i) {
  switch (type) {
    case 0: return ((const float*)x)[i];
    case 1: return from_half(((const unsigned short*)x)[i]);
    case 2: return to_float(((const bf16*)x)[i]);
    case 3: return (float)((const double*)x)[i];
    case 4: return (float)((const long long*)x)[i];
    case 5: return (float)((const int*)x)[i];
    case 6: return (float)((const short*)x)[i];
    case 7: return (float)((const signed char*)x)[i];
    case 8: return (float)((const unsigned char*)x)[i];
    default: return ((const unsigned char*)x)[i] == 0 ? 0 : 1;
  }
}

DEVICE void write(void* y, int type, long long i, float value) {
  switch (type) {
    case 0: ((float*)y)[i] = value; break;
    case 1: ((unsigned short*)y)[i] = to_half(value); break;
    case 2: ((bf16*)y)[i] = from_float<bf16>(value); break;
    case 3: ((double*)y)[i] = value; break;
    case 4: ((long long*)y)[i] = to_integer(value, 64, true); break;
    case 5: ((int*)y)[i] = (int)to_integer(value, 32, true); break;
    case 6: ((short*)y)[i] = (short)to_integer(value, 16, true); break;
    case 7: ((signed char*)y)[i] = (signed char)to_integer(value, 8, true); break;
    case 8: ((unsigned char*)y)[i] = (unsigned char)to_integer(value, 8, false); break;
    default: ((unsigned char*)y)[i] = value != 0;
  }
}

KERNEL(convert, ConvertArguments, 256, 4) {
  for (long long i = first_element(); i < a.count; i += all_threads()) write(a.y, a.to, i, read(a.x, a.from, i));
}
