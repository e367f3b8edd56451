#pragma once

#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "lethe/model.h"
#include "lethe/schedule.h"
#include "lethe/sink_traits.h"

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

  SinkTraits traits() const {
    return {.backward = Backward::kUpdate,
            .changesParameters = true,
            .averagesBatch = true,
            .trackedRows = trackedRows};
  }
};

/** The clamped scrub step of the reference study: p -= clamp(learningRate g / (F + alpha),
 * +-clamp). */
struct ClampedFisher {
  std::shared_ptr<const ParameterVector> fisher;
  float learningRate;
  float alpha;
  float clamp;

  SinkTraits traits() const {
    return {.backward = Backward::kUpdate,
            .changesParameters = true,
            .averagesBatch = true,
            .initialState = fisher.get()};
  }
};

/** Collects the gradient of the mean loss over all rows of the plan. */
struct Gradient {
  SinkTraits traits() const { return {.backward = Backward::kUpdate, .meanOverRows = true}; }
};

enum class FisherMode {
  kBatch,   ///< squares of each batch's mean gradient, over the rows: the reference study's
  kPerRow,  ///< squares of each row's gradient, over the rows: the empirical Fisher diagonal
};

/** Collects the Fisher diagonal, divided by the rows seen. */
struct SquaredGradient {
  FisherMode mode = FisherMode::kPerRow;

  SinkTraits traits() const {
    return {.backward = Backward::kUpdate,
            .averagesBatch = mode == FisherMode::kBatch,
            .squaresRows = mode == FisherMode::kPerRow,
            .meanOverRows = true};
  }
};

/** Collects the Kronecker factors of the Fisher information, divided by the rows seen: see
 * kronecker.h. */
struct KroneckerFactors {
  SinkTraits traits() const { return {.backward = Backward::kOuterProducts, .meanOverRows = true}; }
};

/** Collects the logits, [rows, classes] in the order of the plan; no backward pass. */
struct Logits {
  SinkTraits traits() const { return {.rowValues = RowValues::kLogits, .hasLoss = false}; }
};

/**
 * Collects the loss of each row and 1 where its label has the largest logit, the lowest of equals,
 * else 0: [rows, 2] in the order of the plan; no backward pass.
 */
struct RowLosses {
  SinkTraits traits() const { return {.rowValues = RowValues::kLossAndHit}; }
};

using Sink = std::variant<Sgd, ClampedFisher, Gradient, SquaredGradient, KroneckerFactors, Logits,
                          RowLosses>;

/** The traits refer to the sink, which must outlive them. */
inline SinkTraits sinkTraits(const Sink& sink) {
  return std::visit([](const auto& kind) { return kind.traits(); }, sink);
}
SinkTraits sinkTraits(Sink&&) = delete;

}  // namespace lethe
