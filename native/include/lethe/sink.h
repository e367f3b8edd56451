#pragma once

#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "lethe/model.h"
#include "lethe/schedule.h"

namespace lethe {

/**
 * Stochastic gradient descent as torch.optim.SGD computes it: g += weightDecay p; v = momentum v +
 * g, v starting at zero; p -= learningRate v, or with Nesterov p -= learningRate (g + momentum v).
 */
struct Sgd {
  Schedule learningRate;
  float momentum = 0;
  float weightDecay = 0;
  bool nesterov = false;
  /** Dataset rows; PassResult::trackedChange answers what the steps do whose batch holds one of
   * them, chosen by `hardest` or not. */
  std::vector<std::uint32_t> trackedRows = {};
};

/** The clamped scrub step of the reference study: p -= clamp(learningRate g / (F + alpha),
 * +-clamp). */
struct ClampedFisher {
  std::shared_ptr<const ParameterVector> fisher;
  float learningRate;
  float alpha;
  float clamp;
};

/** Collects the gradient of the mean loss over all rows of the plan. */
struct Gradient {};

enum class FisherMode {
  kBatch,   ///< squares of each batch's mean gradient, over the rows: the reference study's
  kPerRow,  ///< squares of each row's gradient, over the rows: the empirical Fisher diagonal
};

/** Collects the Fisher diagonal, divided by the rows seen. */
struct SquaredGradient {
  FisherMode mode = FisherMode::kPerRow;
};

/** Collects the Kronecker factors of the Fisher information, divided by the rows seen: see
 * kronecker.h. */
struct KroneckerFactors {};

/** Collects the logits, [rows, classes] in the order of the plan; no backward pass. */
struct Logits {};

/**
 * Collects the loss of each row and 1 where its label has the largest logit, the lowest of equals,
 * else 0: [rows, 2] in the order of the plan; no backward pass.
 */
struct RowLosses {};

using Sink = std::variant<Sgd, ClampedFisher, Gradient, SquaredGradient, KroneckerFactors, Logits,
                          RowLosses>;

/** Whether rows go forward only. */
inline bool forwardOnly(const Sink& sink) {
  return std::holds_alternative<Logits>(sink) || std::holds_alternative<RowLosses>(sink);
}

/** Whether the result is new parameters, rather than something beside them. */
inline bool changesParameters(const Sink& sink) {
  return std::holds_alternative<Sgd>(sink) || std::holds_alternative<ClampedFisher>(sink);
}

}  // namespace lethe
