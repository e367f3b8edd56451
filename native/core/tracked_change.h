#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "lethe/backend.h"

namespace lethe {

/**
 * Sums up what the steps do to the parameters whose batch holds one of some rows. Of each stretch
 * of such steps it adds the parameters at the end less those at the beginning, stretch by stretch:
 * the sum is the same for every backend that computes the same parameters.
 */
class TrackedChange {
 public:
  /** `rows` lie in 0..datasetRows - 1. */
  TrackedChange(std::span<const std::uint32_t> rows, std::size_t datasetRows,
                std::size_t parameterCount);

  /** Call it before every step of the executor, with the rows of its batch. */
  void beforeStep(std::span<const std::uint32_t> batch, Executor& executor);

  /** The sum, after the last step; call it once. */
  ParameterVector finish(Executor& executor);

  /** Steps so far whose batch held one of the rows. */
  std::uint64_t steps() const { return steps_; }

 private:
  void endStretch(Executor& executor);

  std::vector<bool> isTracked_;           ///< by dataset row
  std::optional<ParameterVector> start_;  ///< the parameters at the beginning of this stretch
  ParameterVector sum_;
  std::uint64_t steps_ = 0;
};

}  // namespace lethe
