#pragma once

#include "arithmetic/update.h"
#include "lethe/sink.h"

/** What a sink asks of a backend. */
namespace lethe::arithmetic {

/** What becomes of the gradients; of Sgd without the learning rate, which is the step's. */
inline Update updateFor(const Sink& sink) {
  if (const auto* sgd = std::get_if<Sgd>(&sink)) {
    Update update{UpdateKind::kSgd};
    update.momentum = sgd->momentum;
    update.weightDecay = sgd->weightDecay;
    update.nesterov = sgd->nesterov;
    return update;
  }
  if (const auto* scrub = std::get_if<ClampedFisher>(&sink)) {
    Update update{UpdateKind::kClampedFisher, scrub->learningRate};
    update.alpha = scrub->alpha;
    update.clamp = scrub->clamp;
    return update;
  }
  const auto* squared = std::get_if<SquaredGradient>(&sink);
  const bool squareOfMean = squared && squared->mode == FisherMode::kBatch;
  return {squareOfMean ? UpdateKind::kAccumulateSquare : UpdateKind::kAccumulate};
}

/** Whether the squares of each row's gradient are summed. */
inline bool sumsRowSquares(const Sink& sink) {
  const auto* squared = std::get_if<SquaredGradient>(&sink);
  return squared && squared->mode == FisherMode::kPerRow;
}

/** Whether gradients are divided by the rows of their batch. */
inline bool averagesBatch(const Sink& sink) {
  return !std::holds_alternative<Gradient>(sink) && !sumsRowSquares(sink) &&
         !std::holds_alternative<KroneckerFactors>(sink);
}

}  // namespace lethe::arithmetic
