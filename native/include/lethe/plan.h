#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

namespace lethe {

/** Which rows a pass visits, in which batches. */
struct Plan {
  std::vector<std::uint32_t> rows;  ///< dataset rows; visited in this order unless shuffled
  std::size_t batchSize = 128;      ///< the last batch of an epoch may be smaller
  std::uint32_t epochs = 1;
  std::optional<std::uint64_t> shuffleSeed;  ///< reshuffle each epoch
  std::uint64_t maxSteps = std::numeric_limits<std::uint64_t>::max();

  std::uint64_t stepsPerEpoch() const {
    return rows.size() / batchSize + (rows.size() % batchSize != 0);
  }
  std::uint64_t steps() const;
};

struct Batch {
  std::span<const std::uint32_t> rows;
  std::uint32_t epoch = 0;
  std::uint64_t step = 0;  ///< counted from the start of the pass
  bool endsEpoch = false;  ///< the last batch of an epoch, or of a pass cut short by maxSteps
};

/**
 * Yields a plan's batches. The order of epoch e is a Fisher-Yates shuffle of `rows` (for i from n -
 * 1 down to 1: swap i with below(i + 1)) drawn from Philox substream e: it does not depend on other
 * epochs.
 */
class BatchOrder {
 public:
  explicit BatchOrder(const Plan& plan);

  /** The next batch, or nothing at the end. Its rows stay valid until the next call. */
  std::optional<Batch> next();

 private:
  void beginEpoch();

  const Plan& plan_;
  std::vector<std::uint32_t> order_;
  std::uint64_t step_ = 0;
  std::uint64_t steps_;
};

}  // namespace lethe
