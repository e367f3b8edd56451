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
  std::vector<std::uint32_t> sampledRows;  ///< every epoch visits some of these besides `rows`
  std::size_t samplesPerEpoch = 0;         ///< how many, without replacement; needs a shuffleSeed
  /** How many rows of a full batch, those of the largest loss, go on to the backward pass. */
  std::optional<std::size_t> hardest;

  std::size_t rowsPerEpoch() const { return rows.size() + samplesPerEpoch; }
  std::uint64_t stepsPerEpoch() const {
    return rowsPerEpoch() / batchSize + (rowsPerEpoch() % batchSize != 0);
  }
  /** How many rows of a batch go on to the backward pass: a smaller batch keeps the same share. */
  std::size_t keptRows(std::size_t batchRows) const {
    return hardest ? (batchRows * *hardest + batchSize - 1) / batchSize : batchRows;
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
 * Yields a plan's batches. The order of epoch e is drawn from Philox substreams e and does not
 * depend on other epochs: the samples are the first places of a Fisher-Yates shuffle of
 * `sampledRows` (for i from 0: swap i with i + below(n - i)), appended to `rows`; then all are
 * shuffled (for i from n - 1 down to 1: swap i with below(i + 1)).
 */
class BatchOrder {
 public:
  explicit BatchOrder(const Plan& plan);

  /** The next batch, or nothing at the end. Its rows stay valid until the next call. */
  std::optional<Batch> next();

 private:
  void beginEpoch();
  void sample(std::uint32_t epoch);

  const Plan& plan_;
  std::vector<std::uint32_t> order_;
  std::uint64_t step_ = 0;
  std::uint64_t steps_;
};

}  // namespace lethe
