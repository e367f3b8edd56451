#pragma once

#include <arm_neon.h>
#include <stdint.h>
#include <string.h>

#include "cpu/kernels/sparse_entry.h"

namespace lethe::cpu {

/** Four lanes of AArch64 Advanced SIMD. */
struct SimdNeon {
  static constexpr int kWidth = 4;
  static constexpr int kTileRows = 6;
  static constexpr int kTileVectors = 4;

  using Float = float32x4_t;
  using Mask = uint32x4_t;

  static Float zero() { return vdupq_n_f32(0.0f); }
  static Float set(float value) { return vdupq_n_f32(value); }
  static Float load(const float* p) { return vld1q_f32(p); }
  static Float loadBytes(const uint8_t* p) {
    uint32_t bytes;
    memcpy(&bytes, p, sizeof bytes);
    const uint16x8_t words = vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(bytes)));
    return vcvtq_f32_u32(vmovl_u16(vget_low_u16(words)));
  }
  static void store(float* p, Float a) { vst1q_f32(p, a); }

  static size_t writeNonzeros(const float* p, uint32_t firstIndex, SparseEntry* entries) {
    return cpu::writeNonzeros(p, kWidth, firstIndex, entries);
  }

  static Float add(Float a, Float b) { return vaddq_f32(a, b); }
  static Float sub(Float a, Float b) { return vsubq_f32(a, b); }
  static Float mul(Float a, Float b) { return vmulq_f32(a, b); }
  static Float div(Float a, Float b) { return vdivq_f32(a, b); }
  static Float fma(Float a, Float b, Float c) { return vfmaq_f32(c, a, b); }
  /** Compares and selects, because vmaxq orders +0 and -0, which the other instruction sets do not.
   */
  static Float max(Float a, Float b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
  static Float min(Float a, Float b) { return vbslq_f32(vcltq_f32(a, b), a, b); }
  static Mask less(Float a, Float b) { return vcltq_f32(a, b); }
  static Float select(Mask mask, Float yes, Float no) { return vbslq_f32(mask, yes, no); }
  static Float powerOfTwo(Float n) {
    const int32x4_t biased = vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127));
    return vreinterpretq_f32_s32(vshlq_n_s32(biased, 23));
  }
  static Float exponent(Float a) {
    const int32x4_t biased = vreinterpretq_s32_u32(vshrq_n_u32(vreinterpretq_u32_f32(a), 23));
    return vcvtq_f32_s32(vsubq_s32(biased, vdupq_n_s32(127)));
  }
  static Float mantissa(Float a) {
    const uint32x4_t fraction = vandq_u32(vreinterpretq_u32_f32(a), vdupq_n_u32(0x007FFFFF));
    return vreinterpretq_f32_u32(vorrq_u32(fraction, vdupq_n_u32(0x3F800000)));
  }
};

}  // namespace lethe::cpu
