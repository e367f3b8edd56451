#pragma once

#include "arithmetic/exp_log.h"
#include "arithmetic/objective.h"
#include "cpu/kernels/dense_kernels.h"
#include "cpu/kernels/sparse_kernels.h"

/**
 * The arithmetic of kernels.h, written once over a Simd type. Each kernels_<isa>.cpp instantiates
 * it under its own compiler flags. Only the Simd types and plain C functions appear here, so that
 * no inline function of the standard library is compiled for an instruction set that the machine
 * may lack.
 */
namespace lethe::cpu {

template <class S>
void updateBias(const float* gradient, float* parameters, float* state, const Update& update) {
  withStep<S>(update, [&](const auto& step) {
    for (std::size_t lane = 0; lane < kPanelLanes; lane += S::kWidth) {
      step(S::load(gradient + lane), parameters + lane, state + lane);
    }
  });
}

template <class S>
void columnSums(const float* b, std::ptrdiff_t stride, std::size_t depth, float* out) {
  constexpr int kVectors = kPanelLanes / S::kWidth;
  typename S::Float sums[kVectors];
  for (auto& sum : sums) sum = S::zero();
  for (std::size_t k = 0; k < depth; ++k, b += stride) {
    for (int v = 0; v < kVectors; ++v) sums[v] = S::add(sums[v], S::load(b + v * S::kWidth));
  }
  for (int v = 0; v < kVectors; ++v) S::store(out + v * S::kWidth, sums[v]);
}

template <class S>
void columnDots(const float* b, std::ptrdiff_t stride, std::size_t depth, const float* factors,
                float* out) {
  constexpr int kVectors = kPanelLanes / S::kWidth;
  typename S::Float sums[kVectors];
  for (auto& sum : sums) sum = S::zero();
  for (std::size_t k = 0; k < depth; ++k, b += stride) {
    const auto factor = S::set(factors[k]);
    for (int v = 0; v < kVectors; ++v) {
      sums[v] = S::fma(factor, S::load(b + v * S::kWidth), sums[v]);
    }
  }
  for (int v = 0; v < kVectors; ++v) S::store(out + v * S::kWidth, sums[v]);
}

template <class S>
void widen(const std::uint8_t* in, std::size_t count, float* out) {
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    for (std::size_t j = 0; j < 16; j += S::kWidth) S::store(out + i + j, S::loadBytes(in + i + j));
  }
  for (; i < count; ++i) out[i] = static_cast<float>(in[i]);
}

/** Applies function to `count` floats; `in` and `out` are padded to whole vectors. */
template <class S, class Function>
inline void mapVectors(const float* in, std::size_t count, float* out, const Function& function) {
  for (std::size_t i = 0; i < count; i += S::kWidth) S::store(out + i, function(S::load(in + i)));
}

template <class S>
void affineSquare(const float* in, Affine affine, std::size_t count, float* out) {
  const auto scale = S::set(affine.scale), offset = S::set(affine.offset);
  mapVectors<S>(in, count, out, [&](typename S::Float u) {
    const auto x = S::fma(scale, u, offset);
    return S::mul(x, x);
  });
}

template <class S>
void expArray(const float* in, std::size_t count, float* out) {
  mapVectors<S>(in, count, out, [](typename S::Float x) { return exp<S>(x); });
}

template <class S>
void logArray(const float* in, std::size_t count, float* out) {
  mapVectors<S>(in, count, out, [](typename S::Float x) { return log<S>(x); });
}

template <class S>
double saturate(std::size_t iterations) {
  constexpr int kChains = 12;  // more than latency times throughput on any machine so far
  typename S::Float sums[kChains];
  for (int i = 0; i < kChains; ++i) sums[i] = S::set(static_cast<float>(i));
  const auto factor = S::set(0.5f), addend = S::set(1.0f);
  for (std::size_t n = 0; n < iterations; ++n) {
    for (auto& sum : sums) sum = S::fma(sum, factor, addend);
  }
  auto total = S::zero();
  for (const auto& sum : sums) total = S::add(total, sum);
  float lanes[S::kWidth];
  S::store(lanes, total);
  volatile float result = lanes[0];
  static_cast<void>(result);
  return 2.0 * kChains * S::kWidth * static_cast<double>(iterations);
}

template <class S>
constexpr Kernels makeKernels(const char* name) {
  return {name,
          forward<S>,
          backpropagate<S>,
          updateWeights<S>,
          forwardSparse<S>,
          updateWeightsSparse<S>,
          updateBias<S>,
          columnSums<S>,
          columnDots<S>,
          objective<S>,
          nonzeros<S>,
          widen<S>,
          affineSquare<S>,
          saturate<S>,
          expArray<S>,
          logArray<S>};
}

}  // namespace lethe::cpu
