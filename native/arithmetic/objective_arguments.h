#pragma once

#include <cstddef>
#include <cstdint>

#include "lethe/target.h"

namespace lethe::arithmetic {

struct ObjectiveArguments {
  float* logits;  ///< [rows][stride], replaced by the gradient at the logits
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
