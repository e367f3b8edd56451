#pragma once

#include <cstddef>

/** How a stage of a step is cut into tasks. */
namespace lethe::cpu {

/** Small enough to balance a few threads, large enough to amortize streaming a panel. */
inline constexpr std::size_t kRowsPerTask = 64;

/**
 * The same for the inputs of an update. It is also the piece of the determinism contract whose
 * weights are summed while they are in the cache: a sum over all inputs adds those of the pieces.
 */
inline constexpr std::size_t kInputsPerTask = 256;

constexpr std::size_t ceilDivide(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

}  // namespace lethe::cpu
