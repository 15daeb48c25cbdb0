// Vectors of floats, as wide as the processor has them, and the functions of a gate.
//
// A part of recurrence.cpp, so it is compiled once per instruction level and uses nothing of the
// standard library.
#pragma once

#include <stdint.h>
#include <string.h>

#ifdef __AVX__
#include <immintrin.h>
#endif

namespace recurra {
namespace {

#if defined(__AVX512F__)
constexpr __mmask16 ALL = 0xffff;
constexpr int LANES = 16, ROWS = 6;  // 32 registers: 6 × 4 sums
#elif defined(__AVX__)
constexpr int LANES = 8, ROWS = 3;  // 16 registers: 3 × 4 sums
#elif defined(__aarch64__)
constexpr int LANES = 4, ROWS = 6;
#else
constexpr int LANES = 4, ROWS = 3;
#endif

constexpr int WIDE = 4;         // vectors in a panel of the way back
constexpr int64_t BLOCK = 48;   // rows taken through a step together: their weights are read once
constexpr int64_t CHUNK = 128;  // rows · steps whose d is kept for the products of the way back
constexpr int64_t L1_BYTES = 24 * 1024;  // of a panel that may stay in the first cache

typedef float Vec __attribute__((vector_size(sizeof(float) * LANES)));
typedef float Unaligned __attribute__((vector_size(sizeof(float) * LANES), aligned(sizeof(float)),
                                       may_alias));

#define INLINE inline __attribute__((always_inline))

INLINE Vec load(const float *from) { return *reinterpret_cast<const Unaligned *>(from); }
INLINE void store(float *to, Vec v) { *reinterpret_cast<Unaligned *>(to) = v; }
INLINE Vec broadcast(float x) { return x - Vec{}; }
INLINE int64_t min(int64_t a, int64_t b) { return a < b ? a : b; }
INLINE int64_t max(int64_t a, int64_t b) { return a > b ? a : b; }
INLINE int64_t ceil_div(int64_t n, int64_t by) { return (n + by - 1) / by; }

INLINE void zero(float *to, int64_t count) { memset(to, 0, sizeof(float) * count); }

INLINE void copy(float *to, const float *from, int64_t count) {
  int64_t j = 0;
  for (; j + LANES <= count; j += LANES) store(to + j, load(from + j));
  for (; j < count; ++j) to[j] = from[j];
}

// p / q, for a q that is neither very small nor very large. A division of 16 lanes takes as long as
// the products of an input or two; a reciprocal of 14 bits and one step of Newton's do not.
INLINE Vec rcp_div(Vec p, Vec q) {
#ifdef __AVX512F__
  const Vec r = reinterpret_cast<Vec>(_mm512_maskz_rcp14_ps(ALL, reinterpret_cast<__m512>(q)));
  const Vec guess = p * r;
  return guess + r * (p - q * guess);
#else
  return p / q;
#endif
}

// x, but no further out than the ends; not-a-number stays. An instruction each: a comparison and what
// hangs on it would take as long as a third of the polynomials below.
INLINE Vec between(Vec low, Vec x, Vec high) {
#if defined(__AVX512F__)
  const auto least =
      _mm512_maskz_min_ps(ALL, reinterpret_cast<__m512>(high), reinterpret_cast<__m512>(x));
  return reinterpret_cast<Vec>(_mm512_maskz_max_ps(ALL, reinterpret_cast<__m512>(low), least));
#elif defined(__AVX__)
  const auto least = _mm256_min_ps(reinterpret_cast<__m256>(high), reinterpret_cast<__m256>(x));
  return reinterpret_cast<Vec>(_mm256_max_ps(reinterpret_cast<__m256>(low), least));
#else
  x = x > high ? high : x;
  return x < low ? low : x;
#endif
}

// Where the quotient below is 1 in every bit, and is taken to stay: a gate that is shut is shut, and
// a memory behind it does not fade. That depends on how a product and a sum are rounded.
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
constexpr float TANH_END = 7.99881172180175781f;
#else
constexpr float TANH_END = 7.90531110763549805f;
#endif

// An odd polynomial over an even one, within 4e-7 and exactly ±1 at its ends; not-a-number stays.
INLINE Vec tanh(Vec x) {
  x = between(broadcast(-TANH_END), x, broadcast(TANH_END));
  const Vec y = x * x;
  Vec p = y * -2.76076847742355e-16f + 2.00018790482477e-13f;
  p = p * y + -8.60467152213735e-11f;
  p = p * y + 5.12229709037114e-08f;
  p = p * y + 1.48572235717979e-05f;
  p = p * y + 6.37261928875436e-04f;
  p = p * y + 4.89352455891786e-03f;
  Vec q = y * 1.19825839466702e-06f + 1.18534705686654e-04f;
  q = q * y + 2.26843463243900e-03f;
  q = q * y + 4.89352518554385e-03f;
  return rcp_div(x * p, q);
}

INLINE Vec sigmoid(Vec x) { return tanh(x * 0.5f) * 0.5f + 0.5f; }

// Read ahead what a row needs in a step to come: it lies where no processor looks by itself.
INLINE void prefetch(const float *from, int64_t count) {
  for (int64_t j = 0; j < count; j += 16) __builtin_prefetch(from + j);
}

}  // namespace
}  // namespace recurra
