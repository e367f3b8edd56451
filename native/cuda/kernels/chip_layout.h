#pragma once

#include <cstddef>

#include "arithmetic/ceil_divide.h"

/** What a block of the persistent kernel keeps in its memory from one step to the next. */
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

/** Bytes that memory is best copied by. */
inline constexpr std::size_t kUnitBytes = 16;

/** Where it lies: bytes from the beginning, multiples of kUnitBytes. */
struct ChipLayout {
  /** A block's share of `outputs` rows of `stride` floats, and `rows` rows of a batch. */
  LETHE_HOST_DEVICE constexpr ChipLayout(std::size_t outputs, std::size_t stride,
                                         std::size_t blocks, std::size_t rows, std::size_t rowBytes)
      : weights(0),
        gradients(outputsPerBlock(outputs, blocks) * stride * sizeof(float)),
        batch(gradients + (rows + 1) * kUnitBytes),
        // An odd number of units: eight rows of them lie in all banks of the memory.
        batchStride((ceilDivide(rowBytes, kUnitBytes) | 1) * kUnitBytes),
        state(batch + rows * batchStride),
        bytes(state + gradients) {}

  std::size_t weights;    ///< [own outputs][stride]
  std::size_t gradients;  ///< [rows + 1][4]: at four own outputs, and their sums
  std::size_t batch;      ///< [rows][batchStride bytes]
  std::size_t batchStride;
  std::size_t state;  ///< like the weights; where there is no room for it, it stays outside
  std::size_t bytes;
};

}  // namespace lethe::cuda
