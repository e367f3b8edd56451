#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "lethe/backend.h"

namespace lethe {

struct Progress {
  std::uint64_t step;  ///< steps done
  std::uint64_t steps;
  std::uint32_t epoch;  ///< the epoch of the last step, from 0
};

/** How the outside watches and stops a running pass. */
class Control {
 public:
  void abort() { aborted_.store(true, std::memory_order_relaxed); }
  bool aborted() const { return aborted_.load(std::memory_order_relaxed); }

  /** Called on the thread of the pass, at most 20 times a second. */
  std::function<void(const Progress&)> onProgress;

  /** Reports progress if the last report is old enough. Throws kAborted. */
  void poll(const Progress& progress);

 private:
  std::atomic<bool> aborted_{false};
  std::chrono::steady_clock::time_point lastReport_{};
};

struct PassResult {
  /** Sgd, ClampedFisher: the new parameters. Gradient, SquaredGradient: one value per parameter.
   * KroneckerFactors: see kronecker.h. Logits: [rows, classes]. RowLosses: [rows, 2]. */
  std::vector<float> values;
  /** Sgd with tracked rows: the sum of the parameters' changes in the steps whose batch held one of
   * them; otherwise empty. */
  ParameterVector trackedChange;
  std::uint64_t trackedSteps = 0;  ///< how many these are
  std::vector<double> epochLoss;   ///< mean row loss of each epoch, in nats; empty for Logits
  std::uint64_t steps = 0;
  std::uint64_t rows = 0;  ///< rows visited, counted once per visit
};

struct PassSpec {
  Model model;
  std::shared_ptr<const Dataset> dataset;
  Plan plan;
  Objective objective;
  Sink sink;
};

/**
 * The one pass that every method is made of: visits the plan's batches, computes the objective's
 * gradient and feeds the sink. The result is a function of the arguments alone, whatever the
 * threads and the instruction set. Throws kInvalidArgument, kInvalidRows, kEmptySet, kAborted,
 * kDiverged (something is not finite).
 */
PassResult pass(Backend& backend, const PassSpec& spec, Control& control);

}  // namespace lethe
