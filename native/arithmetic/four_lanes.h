#pragma once

#include "arithmetic/scalar.h"

namespace lethe::arithmetic {

/**
 * Four lanes in plain C++. They define the bits that vector instructions must reproduce, and they
 * give a thread of a CUDA device four independent chains, so that it does not wait for each result.
 */
struct FourLanes {
  static constexpr int kWidth = 4;

  struct Float {
    float lane[kWidth];
  };
  struct Mask {
    bool lane[kWidth];
  };

  LETHE_HOST_DEVICE static Float zero() { return set(0.0f); }
  LETHE_HOST_DEVICE static Float set(float value) {
    return map([=](int) { return value; });
  }
  LETHE_HOST_DEVICE static Float load(const float* p) {
    return map([=](int i) { return p[i]; });
  }
  LETHE_HOST_DEVICE static void store(float* p, Float a) {
    LETHE_UNROLL
    for (int i = 0; i < kWidth; ++i) p[i] = a.lane[i];
  }

  LETHE_HOST_DEVICE static Float add(Float a, Float b) {
    return map([&](int i) { return a.lane[i] + b.lane[i]; });
  }
  LETHE_HOST_DEVICE static Float sub(Float a, Float b) {
    return map([&](int i) { return a.lane[i] - b.lane[i]; });
  }
  LETHE_HOST_DEVICE static Float mul(Float a, Float b) {
    return map([&](int i) { return a.lane[i] * b.lane[i]; });
  }
  LETHE_HOST_DEVICE static Float div(Float a, Float b) {
    return map([&](int i) { return a.lane[i] / b.lane[i]; });
  }
  LETHE_HOST_DEVICE static Float fma(Float a, Float b, Float c) {
    return map([&](int i) { return Scalar::fma(a.lane[i], b.lane[i], c.lane[i]); });
  }
  LETHE_HOST_DEVICE static Float max(Float a, Float b) {
    return map([&](int i) { return Scalar::max(a.lane[i], b.lane[i]); });
  }
  LETHE_HOST_DEVICE static Float min(Float a, Float b) {
    return map([&](int i) { return Scalar::min(a.lane[i], b.lane[i]); });
  }
  LETHE_HOST_DEVICE static Mask less(Float a, Float b) {
    Mask mask;
    LETHE_UNROLL
    for (int i = 0; i < kWidth; ++i) mask.lane[i] = a.lane[i] < b.lane[i];
    return mask;
  }
  LETHE_HOST_DEVICE static Float select(Mask mask, Float yes, Float no) {
    return map([&](int i) { return mask.lane[i] ? yes.lane[i] : no.lane[i]; });
  }
  LETHE_HOST_DEVICE static Float powerOfTwo(Float n) {
    return map([&](int i) { return Scalar::powerOfTwo(n.lane[i]); });
  }
  LETHE_HOST_DEVICE static Float exponent(Float a) {
    return map([&](int i) { return Scalar::exponent(a.lane[i]); });
  }
  LETHE_HOST_DEVICE static Float mantissa(Float a) {
    return map([&](int i) { return Scalar::mantissa(a.lane[i]); });
  }

 protected:
  template <class Function>
  LETHE_HOST_DEVICE static Float map(Function function) {
    Float result;
    LETHE_UNROLL
    for (int i = 0; i < kWidth; ++i) result.lane[i] = function(i);
    return result;
  }
};

}  // namespace lethe::arithmetic
