#pragma once

#include <cstddef>
#include <cstdint>

#include "lethe/target.h"

namespace lethe::arithmetic {

/** The rows of a batch, and the target distribution of each. */
struct ObjectiveArguments {
  /**
   * [rows][stride], replaced by the gradient at the logits. The padding beyond the classes is zero
   * and stays so, which the backward pass relies on: it was computed from padding weights of zero.
   */
  float* logits;
  std::ptrdiff_t stride;
  std::size_t rows;
  std::size_t classes;
  Target target;
  const std::uint32_t* labels;        ///< kLabel: [rows]
  const std::uint8_t* removed;        ///< kMasked: [classes]
  const float* const* distributions;  ///< kExplicit: [rows] pointers to [classes]
  float* scratch;                     ///< [2][stride]
  float scale;                        ///< weight, or weight / batch
  const float* rowWeights;            ///< [rows]; nullptr: 1 for all
  float* losses;                      ///< [rows]
};

}  // namespace lethe::arithmetic
