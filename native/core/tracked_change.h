#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "lethe/backend.h"

namespace lethe {

/**
 * Sums up the parameter changes of the steps whose batch holds one of the tracked rows. For each
 * stretch of consecutive such steps it adds the parameters at the end less those at the beginning,
 * so that the sum is the same for every backend that computes the same parameters.
 */
class TrackedChange {
 public:
  /** @param rows each in 0..datasetRows - 1 */
  TrackedChange(std::span<const std::uint32_t> rows, std::size_t datasetRows,
                std::size_t parameterCount);

  /** To be called before every step of the executor, with the rows of its batch. */
  void beforeStep(std::span<const std::uint32_t> batch, Executor& executor);

  /** The sum. To be called once, after the last step. */
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
