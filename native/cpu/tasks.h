#pragma once

#include <cstddef>

#include "arithmetic/ceil_divide.h"
#include "arithmetic/layer_output.h"

/** How a stage of a step is cut into tasks. */
namespace lethe::cpu {

/** Small enough to balance a few threads, large enough to amortize streaming a panel. */
inline constexpr std::size_t kRowsPerTask = 64;

/** The same for the inputs of an update: its weights are summed while they are in the cache. */
inline constexpr std::size_t kInputsPerTask = arithmetic::kPieceInputs;

/** Panels of an update that share a large batch's inputs; their sums fit the second-level cache. */
inline constexpr std::size_t kUpdatePanels = 4;

using arithmetic::ceilDivide;

}  // namespace lethe::cpu
