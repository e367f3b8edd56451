#pragma once

#include <cstddef>

#include "../arithmetic/ceil_divide.h"

namespace lethe::cuda {

using arithmetic::ceilDivide;

/** The outputs of the first layer whose weights a block keeps on chip. */
struct OwnOutputs {
  std::size_t first;
  std::size_t count;
};

/** As even as fours can be shared out. */
LETHE_HOST_DEVICE constexpr std::size_t outputsPerBlock(std::size_t outputs, std::size_t blocks) {
  return ceilDivide(ceilDivide(outputs, 4), blocks) * 4;
}

LETHE_HOST_DEVICE constexpr OwnOutputs ownOutputs(std::size_t outputs, std::size_t blocks,
                                                  std::size_t block) {
  const std::size_t each = outputsPerBlock(outputs, blocks);
  const std::size_t first = block * each;
  if (first >= outputs) return {outputs, 0};
  return {first, outputs - first < each ? outputs - first : each};
}

/** Bytes of a block for the weights that it owns, [outputs][stride], and as many beside them. */
LETHE_HOST_DEVICE constexpr std::size_t ownBytes(std::size_t outputs, std::size_t stride,
                                                 std::size_t blocks) {
  return 2 * outputsPerBlock(outputs, blocks) * stride * sizeof(float);
}

}  // namespace lethe::cuda
