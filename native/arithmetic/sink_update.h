#pragma once

#include "arithmetic/update.h"
#include "lethe/sink.h"

/** The rule that a sink applies to the gradient of every parameter. */
namespace lethe::arithmetic {

/** The rule in step `step` of `steps`, by the kind of sink. */
struct UpdateInStep {
  std::uint64_t step;
  std::uint64_t steps;

  Update operator()(const Sgd& sgd) const {
    Update update{UpdateKind::kSgd, sgd.learningRate.at(step, steps)};
    update.momentum = sgd.momentum;
    update.weightDecay = sgd.weightDecay;
    update.nesterov = sgd.nesterov;
    return update;
  }
  Update operator()(const ClampedFisher& scrub) const {
    Update update{UpdateKind::kClampedFisher, scrub.learningRate};
    update.alpha = scrub.alpha;
    update.clamp = scrub.clamp;
    return update;
  }
  Update operator()(const Gradient&) const { return {UpdateKind::kAccumulate}; }
  Update operator()(const SquaredGradient& squared) const {
    return {squared.mode == FisherMode::kBatch ? UpdateKind::kAccumulateSquare
                                               : UpdateKind::kAccumulate};
  }
  Update operator()(const KroneckerFactors&) const { return {UpdateKind::kAccumulate}; }
  /** Sinks without a backward pass have no gradients, so this rule is never applied. */
  Update operator()(const Logits&) const { return {UpdateKind::kAccumulate}; }
  Update operator()(const RowLosses&) const { return {UpdateKind::kAccumulate}; }
};

/** The rule in step `step` of `steps`; only its learning rate differs from step to step. */
inline Update updateFor(const Sink& sink, std::uint64_t step, std::uint64_t steps) {
  return std::visit(UpdateInStep{step, steps}, sink);
}

}  // namespace lethe::arithmetic
