#pragma once

#include "arithmetic/host_device.h"

namespace lethe::arithmetic {

/**
 * e^x, relative error below 1.5 units in the last place, down to the smallest subnormal and up to
 * infinity; NaN stays. x = n ln 2 + r with |r| <= ln 2 / 2; e^r by its Taylor series to r^7 / 7!
 * (truncation below 6e-9).
 */
template <class S>
LETHE_HOST_DEVICE typename S::Float exp(typename S::Float x) {
  // Beyond these bounds the result rounds to 0 or to infinity.
  x = S::max(S::set(-104.0f), S::min(S::set(89.0f), x));
  const auto roundToInteger = S::set(0x1.8p23f);
  const auto n =
      S::sub(S::fma(x, S::set(0x1.715476p0f), roundToInteger), roundToInteger);  // x / ln 2
  const auto minusN = S::sub(S::zero(), n);
  auto r = S::fma(minusN, S::set(0x1.62e430p-1f), x);  // ln 2 rounded to float32
  r = S::fma(minusN, S::set(-0x1.05c610p-29f), r);     // what the rounding left

  auto series = S::set(1.0f / 5040);
  series = S::fma(series, r, S::set(1.0f / 720));
  series = S::fma(series, r, S::set(1.0f / 120));
  series = S::fma(series, r, S::set(1.0f / 24));
  series = S::fma(series, r, S::set(1.0f / 6));
  series = S::fma(series, r, S::set(0.5f));
  series = S::fma(series, r, S::set(1.0f));
  series = S::fma(series, r, S::set(1.0f));

  // 2^n in two factors, so that neither leaves the range of normal numbers.
  const auto half = S::sub(S::fma(n, S::set(0.5f), roundToInteger), roundToInteger);
  return S::mul(S::mul(series, S::powerOfTwo(half)), S::powerOfTwo(S::sub(n, half)));
}

/**
 * ln x for finite x > 0, subnormal ones included; error below 2 units in the last place.
 * x = 2^e m with m in [sqrt(1/2), sqrt(2)); ln m = 2 artanh(s), s = (m - 1) / (m + 1), by its
 * Taylor series to s^9 (truncation below 1e-9).
 */
template <class S>
LETHE_HOST_DEVICE typename S::Float log(typename S::Float x) {
  const auto subnormal = S::less(x, S::set(0x1p-126f));
  x = S::select(subnormal, S::mul(x, S::set(0x1p24f)), x);
  auto e = S::exponent(x);
  e = S::select(subnormal, S::sub(e, S::set(24.0f)), e);
  auto m = S::mantissa(x);
  const auto large = S::less(S::set(0x1.6a09e6p0f), m);  // sqrt(2)
  m = S::select(large, S::mul(m, S::set(0.5f)), m);
  e = S::select(large, S::add(e, S::set(1.0f)), e);

  const auto f = S::sub(m, S::set(1.0f));
  const auto s = S::div(f, S::add(m, S::set(1.0f)));
  const auto s2 = S::mul(s, s);
  auto series = S::set(2.0f / 9);
  series = S::fma(series, s2, S::set(2.0f / 7));
  series = S::fma(series, s2, S::set(2.0f / 5));
  series = S::fma(series, s2, S::set(2.0f / 3));
  series = S::mul(series, s2);
  // 2 s = f - s f, which keeps the leading term exact.
  const auto logM = S::add(f, S::mul(s, S::sub(series, f)));
  return S::fma(e, S::set(0x1.62e430p-1f), S::fma(e, S::set(-0x1.05c610p-29f), logM));
}

}  // namespace lethe::arithmetic
