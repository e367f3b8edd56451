#pragma once

#include <cfenv>

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

}  // namespace lethe
