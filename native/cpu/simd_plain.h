#pragma once

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "../arithmetic/scalar.h"
#include "sparse_entry.h"

namespace lethe::cpu {

/** Four lanes in plain C++: the definition that the vector instruction sets must reproduce. */
struct SimdPlain {
  static constexpr int kWidth = 4;
  static constexpr int kTileRows = 4;
  static constexpr int kTileVectors = 2;

  struct Float {
    float lane[kWidth];
  };
  struct Mask {
    bool lane[kWidth];
  };

  template <class Function>
  static Float map(Function function) {
    Float result;
    for (int i = 0; i < kWidth; ++i) result.lane[i] = function(i);
    return result;
  }

  static Float zero() { return set(0.0f); }
  static Float set(float value) {
    return map([=](int) { return value; });
  }
  static Float load(const float* p) {
    return map([=](int i) { return p[i]; });
  }
  static Float loadBytes(const uint8_t* p) {
    return map([=](int i) { return static_cast<float>(p[i]); });
  }
  static void store(float* p, Float a) { memcpy(p, a.lane, sizeof a.lane); }

  static size_t writeNonzeros(const float* p, uint32_t firstIndex, SparseEntry* entries) {
    return cpu::writeNonzeros(p, kWidth, firstIndex, entries);
  }

  static Float add(Float a, Float b) {
    return map([&](int i) { return a.lane[i] + b.lane[i]; });
  }
  static Float sub(Float a, Float b) {
    return map([&](int i) { return a.lane[i] - b.lane[i]; });
  }
  static Float mul(Float a, Float b) {
    return map([&](int i) { return a.lane[i] * b.lane[i]; });
  }
  static Float div(Float a, Float b) {
    return map([&](int i) { return a.lane[i] / b.lane[i]; });
  }
  static Float fma(Float a, Float b, Float c) {
    return map([&](int i) { return ::fmaf(a.lane[i], b.lane[i], c.lane[i]); });
  }
  static Float max(Float a, Float b) {
    return map([&](int i) { return Scalar::max(a.lane[i], b.lane[i]); });
  }
  static Float min(Float a, Float b) {
    return map([&](int i) { return Scalar::min(a.lane[i], b.lane[i]); });
  }
  static Mask less(Float a, Float b) {
    Mask mask;
    for (int i = 0; i < kWidth; ++i) mask.lane[i] = a.lane[i] < b.lane[i];
    return mask;
  }
  static Float select(Mask mask, Float yes, Float no) {
    return map([&](int i) { return mask.lane[i] ? yes.lane[i] : no.lane[i]; });
  }
  static Float powerOfTwo(Float n) {
    return map([&](int i) { return Scalar::powerOfTwo(n.lane[i]); });
  }
  static Float exponent(Float a) {
    return map([&](int i) { return Scalar::exponent(a.lane[i]); });
  }
  static Float mantissa(Float a) {
    return map([&](int i) { return Scalar::mantissa(a.lane[i]); });
  }

 private:
  using Scalar = arithmetic::Scalar;
};

}  // namespace lethe::cpu
