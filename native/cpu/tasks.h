#pragma once

#include <cstddef>

#include "arithmetic/ceil_divide.h"
#include "arithmetic/layer_output.h"

/** The sizes of the tasks that a stage is cut into. */
namespace lethe::cpu {

/** Few enough rows to balance a few threads, and enough to pay for streaming a panel. */
inline constexpr std::size_t kRowsPerTask = 64;

/** The inputs of an update task are a piece, whose weights are summed while they are cached. */
inline constexpr std::size_t kInputsPerTask = arithmetic::kPieceInputs;

/** Panels of an update that share a large batch's inputs; their sums fit the second-level cache. */
inline constexpr std::size_t kUpdatePanels = 4;

using arithmetic::ceilDivide;

}  // namespace lethe::cpu
