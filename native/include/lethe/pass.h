#pragma once

#include <cstdint>
#include <vector>

#include "lethe/backend.h"
#include "lethe/control.h"

namespace lethe {

struct PassResult {
  /**
   * Sgd, ClampedFisher: the new parameters. Gradient, SquaredGradient: one value per parameter.
   * KroneckerFactors: see kronecker.h. Logits: [rows, classes]. RowLosses: [rows, 2].
   */
  std::vector<float> values;
  /**
   * Sgd with tracked rows: the sum of the parameters' changes in the steps whose batch held one of
   * them; otherwise empty.
   */
  ParameterVector trackedChange;
  std::uint64_t trackedSteps = 0;  ///< how many steps those were
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
 * Runs the pass that every method is made of: it visits the plan's batches, computes the
 * objective's gradient and gives it to the sink. The result is a function of the arguments alone,
 * whatever the threads and the instruction set. Throws kInvalidArgument, kInvalidRows, kEmptySet,
 * kAborted, kDiverged (something is not finite).
 */
PassResult pass(Backend& backend, const PassSpec& spec, Control& control);

}  // namespace lethe
