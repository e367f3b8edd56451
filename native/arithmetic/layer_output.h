#pragma once

#include <cstddef>

#include "arithmetic/host_device.h"

/** How the sums of a layer become its outputs. */
namespace lethe::arithmetic {

/** The map x = scale u + offset of an input u, applied after the sums over the raw u. */
struct Affine {
  float scale;
  float offset;
};

/**
 * The weights of an output are summed in pieces of so many inputs, whose sums are added afterwards:
 * each piece can be summed while it is in the cache.
 */
inline constexpr std::size_t kPieceInputs = 256;

struct LayerEpilogue {
  const float* bias;        ///< [lanes]
  const float* weightSums;  ///< the sum of each output's weights, [lanes]; nullptr: no affine input
  Affine affine;
  bool relu;
};

/**
 * Ends a chain. Underflow may have left -0 where a chain over more zeros would end in +0. Adding +0
 * makes both +0, so that skipping zero factors changes no bit.
 */
template <class S>
LETHE_HOST_DEVICE inline typename S::Float finished(typename S::Float sum) {
  return S::add(sum, S::zero());
}

/** z = sum + bias, with the input's affine map folded in, then ReLU. */
template <class S>
struct LayerOutput {
  using Float = typename S::Float;
  LETHE_HOST_DEVICE explicit LayerOutput(const LayerEpilogue& epilogue)
      : epilogue(epilogue),
        scale(S::set(epilogue.affine.scale)),
        offset(S::set(epilogue.affine.offset)) {}

  LETHE_HOST_DEVICE Float operator()(Float sum, std::size_t lane) const {
    Float z = S::load(epilogue.bias + lane);
    if (epilogue.weightSums) {
      z = S::fma(scale, sum, S::fma(offset, S::load(epilogue.weightSums + lane), z));
    } else {
      z = S::add(sum, z);
    }
    return epilogue.relu ? S::max(S::zero(), z) : z;
  }

  const LayerEpilogue& epilogue;
  Float scale, offset;
};

/** The gradient of a weight whose input has an affine map, from the sum over the raw input. */
template <class S>
LETHE_HOST_DEVICE inline typename S::Float affineGradient(typename S::Float sum,
                                                          typename S::Float scale,
                                                          typename S::Float offset,
                                                          typename S::Float biasGradient) {
  return S::fma(scale, sum, S::mul(offset, biasGradient));
}

}  // namespace lethe::arithmetic
