#pragma once

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "arithmetic/host_device.h"

namespace lethe::arithmetic {

/** One lane, for a thread of a CUDA device. Every operation rounds as IEEE 754 says. */
struct Scalar {
  static constexpr int kWidth = 1;
  using Float = float;
  using Mask = bool;

  LETHE_HOST_DEVICE static float zero() { return 0; }
  LETHE_HOST_DEVICE static float set(float value) { return value; }
  LETHE_HOST_DEVICE static float load(const float* p) { return *p; }
  LETHE_HOST_DEVICE static void store(float* p, float a) { *p = a; }
  LETHE_HOST_DEVICE static float add(float a, float b) { return a + b; }
  LETHE_HOST_DEVICE static float sub(float a, float b) { return a - b; }
  LETHE_HOST_DEVICE static float mul(float a, float b) { return a * b; }
  LETHE_HOST_DEVICE static float div(float a, float b) { return a / b; }
  LETHE_HOST_DEVICE static float fma(float a, float b, float c) { return ::fmaf(a, b, c); }
  /** a > b ? a : b, so that a NaN in b stays. */
  LETHE_HOST_DEVICE static float max(float a, float b) { return a > b ? a : b; }
  /** a < b ? a : b, so that a NaN in b stays. */
  LETHE_HOST_DEVICE static float min(float a, float b) { return a < b ? a : b; }
  LETHE_HOST_DEVICE static bool less(float a, float b) { return a < b; }
  LETHE_HOST_DEVICE static float select(bool mask, float yes, float no) { return mask ? yes : no; }
  /** 2^n for whole n in -126..127; 1 for a NaN, which no whole number is. */
  LETHE_HOST_DEVICE static float powerOfTwo(float n) {
    const int32_t whole = n == n ? static_cast<int32_t>(n) : 0;
    return fromBits(static_cast<uint32_t>(whole + 127) << 23);
  }
  /** The unbiased exponent of a normal a > 0; mantissa(a) is a scaled into [1, 2). */
  LETHE_HOST_DEVICE static float exponent(float a) {
    return static_cast<float>(static_cast<int32_t>(toBits(a) >> 23) - 127);
  }
  LETHE_HOST_DEVICE static float mantissa(float a) {
    return fromBits((toBits(a) & 0x007FFFFFu) | 0x3F800000u);
  }

  LETHE_HOST_DEVICE static uint32_t toBits(float a) {
    uint32_t bits;
    memcpy(&bits, &a, sizeof bits);
    return bits;
  }
  LETHE_HOST_DEVICE static float fromBits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
  }
};

}  // namespace lethe::arithmetic
