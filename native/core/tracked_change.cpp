#include "core/tracked_change.h"

#include <algorithm>
#include <utility>

namespace lethe {

TrackedChange::TrackedChange(std::span<const std::uint32_t> rows, std::size_t datasetRows,
                             std::size_t parameterCount)
    : isTracked_(datasetRows), sum_(parameterCount) {
  for (const std::uint32_t row : rows) isTracked_[row] = true;
}

void TrackedChange::beforeStep(std::span<const std::uint32_t> batch, Executor& executor) {
  const bool counts =
      std::any_of(batch.begin(), batch.end(), [&](std::uint32_t row) { return isTracked_[row]; });
  steps_ += counts;
  if (counts && !start_) start_ = executor.parameters();
  if (!counts && start_) endStretch(executor);
}

ParameterVector TrackedChange::finish(Executor& executor) {
  if (start_) endStretch(executor);
  return std::move(sum_);
}

void TrackedChange::endStretch(Executor& executor) {
  const ParameterVector end = executor.parameters();
  for (std::size_t i = 0; i < sum_.size(); ++i) sum_[i] += end[i] - (*start_)[i];
  start_.reset();
}

}  // namespace lethe
