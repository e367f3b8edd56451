#pragma once

#include <immintrin.h>
#include <stdint.h>

#include "cpu/kernels/sparse_entry.h"

namespace lethe::cpu {

/** Eight lanes. min and max keep a NaN of the second operand, as the instructions do. */
struct SimdAvx2 {
  static constexpr int kWidth = 8;
  static constexpr int kTileRows = 6;
  static constexpr int kTileVectors = 2;

  using Float = __m256;
  using Mask = __m256;

  static Float zero() { return _mm256_setzero_ps(); }
  static Float set(float value) { return _mm256_set1_ps(value); }
  static Float load(const float* p) { return _mm256_loadu_ps(p); }
  static Float loadBytes(const uint8_t* p) {
    const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes));
  }
  static void store(float* p, Float a) { _mm256_storeu_ps(p, a); }

  /** Returns early for eight zeros, because pictures have long runs of them. */
  static size_t writeNonzeros(const float* p, uint32_t firstIndex, SparseEntry* entries) {
    const Float zeros = _mm256_cmp_ps(load(p), zero(), _CMP_EQ_OQ);
    if (_mm256_movemask_ps(zeros) == 0xFF) return 0;
    return cpu::writeNonzeros(p, kWidth, firstIndex, entries);
  }

  static Float add(Float a, Float b) { return _mm256_add_ps(a, b); }
  static Float sub(Float a, Float b) { return _mm256_sub_ps(a, b); }
  static Float mul(Float a, Float b) { return _mm256_mul_ps(a, b); }
  static Float div(Float a, Float b) { return _mm256_div_ps(a, b); }
  static Float fma(Float a, Float b, Float c) { return _mm256_fmadd_ps(a, b, c); }
  static Float max(Float a, Float b) { return _mm256_max_ps(a, b); }
  static Float min(Float a, Float b) { return _mm256_min_ps(a, b); }
  static Mask less(Float a, Float b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
  static Float select(Mask mask, Float yes, Float no) { return _mm256_blendv_ps(no, yes, mask); }
  static Float powerOfTwo(Float n) {
    const __m256i biased = _mm256_add_epi32(_mm256_cvttps_epi32(n), _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(biased, 23));
  }
  static Float exponent(Float a) {
    const __m256i biased = _mm256_srli_epi32(_mm256_castps_si256(a), 23);
    return _mm256_cvtepi32_ps(_mm256_sub_epi32(biased, _mm256_set1_epi32(127)));
  }
  static Float mantissa(Float a) {
    const __m256i fraction =
        _mm256_and_si256(_mm256_castps_si256(a), _mm256_set1_epi32(0x007FFFFF));
    return _mm256_castsi256_ps(_mm256_or_si256(fraction, _mm256_set1_epi32(0x3F800000)));
  }
};

}  // namespace lethe::cpu
