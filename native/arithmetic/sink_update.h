#pragma once

#include <vector>

#include "arithmetic/update.h"
#include "lethe/dataset.h"
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

/** What is added to scale unit u for each input u, so that the input is centred. */
inline std::vector<float> offsetsFrom(const InputScaling& scaling, AffineMap map) {
  std::vector<float> offsets;
  offsets.reserve(scaling.centres.size());
  for (const float centre : scaling.centres) {
    offsets.push_back(scaling.unit * (map.offset - centre));
  }
  return offsets;
}

/** The affine map with an input scaling: sums of weights have been multiplied by the offsets. */
inline AffineMap scaledMap(const InputScaling& scaling, AffineMap map) {
  return {scaling.unit * map.scale, 1};
}

/** The rule in step `step` of `steps`; only its learning rate differs from step to step. */
inline Update updateFor(const Sink& sink, std::uint64_t step, std::uint64_t steps) {
  return std::visit(UpdateInStep{step, steps}, sink);
}

}  // namespace lethe::arithmetic
