#pragma once

#include <bit>
#include <cfenv>
#include <cstddef>
#include <cstdint>

#if defined(__x86_64__) || defined(_M_X64)
#include <xmmintrin.h>
#endif

namespace lethe {

/**
 * While it lives, the calling thread rounds to nearest and keeps subnormal numbers, whatever the
 * host process has set: the determinism contract rests on it.
 */
class FloatingPointMode {
 public:
#if defined(__x86_64__) || defined(_M_X64)
  FloatingPointMode() : saved_(_mm_getcsr()) { _mm_setcsr(kMaskedExceptionsOnly); }
  ~FloatingPointMode() { _mm_setcsr(saved_); }
#else
  FloatingPointMode() { std::feholdexcept(&saved_), std::fesetenv(FE_DFL_ENV); }
  ~FloatingPointMode() { std::fesetenv(&saved_); }
#endif
  FloatingPointMode(const FloatingPointMode&) = delete;
  FloatingPointMode& operator=(const FloatingPointMode&) = delete;

 private:
#if defined(__x86_64__) || defined(_M_X64)
  static constexpr unsigned kMaskedExceptionsOnly = 0x1F80;
  unsigned saved_;
#else
  std::fenv_t saved_;
#endif
};

/** Whether no value is infinite or not a number. */
inline bool allFinite(const float* values, std::size_t count) {
  constexpr std::uint32_t kExponent = 0x7F800000;
  std::uint32_t bad = 0;
  for (std::size_t i = 0; i < count; ++i) {
    bad |= (std::bit_cast<std::uint32_t>(values[i]) & kExponent) == kExponent;
  }
  return bad == 0;
}

}  // namespace lethe
