#pragma once

#include <cstddef>
#include <cstdint>

#include "lethe/target.h"

namespace lethe::arithmetic {

struct ObjectiveArguments {
  /**
   * [rows][stride], replaced by the gradient at the logits. What lies beyond the classes stays
   * zero, as the way back needs it: the padded weights that it is a product of are zero.
   */
  float* logits;
  std::ptrdiff_t stride;
  std::size_t rows;
  std::size_t classes;
  Target target;
  const std::uint32_t* labels;        ///< kLabel: [rows]
  const std::uint8_t* removed;        ///< kMasked: [classes]
  const float* const* distributions;  ///< kExplicit: [rows] pointers to [classes]
  float* scratch;                     ///< [stride]
  float scale;                        ///< weight / batch
  const float* rowWeights;            ///< [rows]; nullptr: 1 for all
  float* losses;                      ///< [rows]
};

}  // namespace lethe::arithmetic
