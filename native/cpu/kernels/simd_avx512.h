#pragma once

#include <immintrin.h>
#include <stdint.h>

#include "cpu/kernels/sparse_entry.h"

namespace lethe::cpu {

/** Sixteen lanes. min and max keep a NaN of the second operand, as the instructions do. */
struct SimdAvx512 {
  static constexpr int kWidth = 16;
  static constexpr int kTileRows = 8;
  static constexpr int kTileVectors = 2;

  using Float = __m512;
  using Mask = __mmask16;

  static Float zero() { return _mm512_setzero_ps(); }
  static Float set(float value) { return _mm512_set1_ps(value); }
  static Float load(const float* p) { return _mm512_loadu_ps(p); }
  static Float loadBytes(const uint8_t* p) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes));
  }
  static void store(float* p, Float a) { _mm512_storeu_ps(p, a); }

  /** Writes a whole vector of entries; those beyond the nonzeros have no meaning. */
  static size_t writeNonzeros(const float* p, uint32_t firstIndex, SparseEntry* entries) {
    const Float a = load(p);
    const Mask nonzero = _mm512_cmp_ps_mask(a, zero(), _CMP_NEQ_UQ);
    if (nonzero == 0) return 0;
    const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i all = _mm512_add_epi32(_mm512_set1_epi32(static_cast<int>(firstIndex)), lanes);
    const __m512i values = _mm512_maskz_compress_epi32(nonzero, _mm512_castps_si512(a));
    const __m512i indices = _mm512_maskz_compress_epi32(nonzero, all);
    // Lane 16 + i of a permutation of two vectors is lane i of the second.
    const __m512i pairs = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const __m512i laterPairs = _mm512_add_epi32(pairs, _mm512_set1_epi32(8));
    _mm512_storeu_si512(entries, _mm512_permutex2var_epi32(values, pairs, indices));
    _mm512_storeu_si512(entries + 8, _mm512_permutex2var_epi32(values, laterPairs, indices));
    return static_cast<size_t>(__builtin_popcount(nonzero));
  }

  static Float add(Float a, Float b) { return _mm512_add_ps(a, b); }
  static Float sub(Float a, Float b) { return _mm512_sub_ps(a, b); }
  static Float mul(Float a, Float b) { return _mm512_mul_ps(a, b); }
  static Float div(Float a, Float b) { return _mm512_div_ps(a, b); }
  static Float fma(Float a, Float b, Float c) { return _mm512_fmadd_ps(a, b, c); }
  static Float max(Float a, Float b) { return _mm512_max_ps(a, b); }
  static Float min(Float a, Float b) { return _mm512_min_ps(a, b); }
  static Mask less(Float a, Float b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
  static Float select(Mask mask, Float yes, Float no) {
    return _mm512_mask_blend_ps(mask, no, yes);
  }
  static Float powerOfTwo(Float n) {
    const __m512i biased = _mm512_add_epi32(_mm512_cvttps_epi32(n), _mm512_set1_epi32(127));
    return _mm512_castsi512_ps(_mm512_slli_epi32(biased, 23));
  }
  static Float exponent(Float a) {
    const __m512i biased = _mm512_srli_epi32(_mm512_castps_si512(a), 23);
    return _mm512_cvtepi32_ps(_mm512_sub_epi32(biased, _mm512_set1_epi32(127)));
  }
  static Float mantissa(Float a) {
    const __m512i fraction =
        _mm512_and_si512(_mm512_castps_si512(a), _mm512_set1_epi32(0x007FFFFF));
    return _mm512_castsi512_ps(_mm512_or_si512(fraction, _mm512_set1_epi32(0x3F800000)));
  }
};

}  // namespace lethe::cpu
