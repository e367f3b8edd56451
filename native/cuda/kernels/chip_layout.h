#pragma once

#include <cstddef>

#include "arithmetic/ceil_divide.h"

/** What a block of the persistent kernel keeps in shared memory from one step to the next. */
namespace lethe::cuda {

using arithmetic::ceilDivide;

/** The outputs of the first layer that a block owns: it keeps their weights on chip. */
struct OwnOutputs {
  std::size_t first;
  std::size_t count;
};

/** Shares the outputs out as evenly as groups of four allow. */
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

/** A unit: the bytes that a thread loads or stores at once. */
inline constexpr std::size_t kUnitBytes = 16;

/** Where each array begins, in bytes from the beginning, all multiples of kUnitBytes. */
struct ChipLayout {
  /** The layout for a block's share of `outputs` rows of `stride` floats and for a batch of `rows`.
   */
  LETHE_HOST_DEVICE constexpr ChipLayout(std::size_t outputs, std::size_t stride,
                                         std::size_t blocks, std::size_t rows, std::size_t rowBytes)
      : weights(0),
        gradients(outputsPerBlock(outputs, blocks) * stride * sizeof(float)),
        batch(gradients + (rows + 1) * kUnitBytes),
        // An odd number of units, so that eight consecutive rows use all banks of shared memory.
        batchStride((ceilDivide(rowBytes, kUnitBytes) | 1) * kUnitBytes),
        state(batch + rows * batchStride),
        bytes(state + gradients) {}

  std::size_t weights;    ///< [owned outputs][stride]
  std::size_t gradients;  ///< [rows + 1][4]: at four owned outputs; the last row is their sums
  std::size_t batch;      ///< [rows][batchStride bytes]
  std::size_t batchStride;
  std::size_t state;  ///< like the weights; last, because it stays outside if there is no room
  std::size_t bytes;
};

}  // namespace lethe::cuda
