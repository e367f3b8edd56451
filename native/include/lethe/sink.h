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
 * Lets SGD train as if every input x were scale (x - centre), each column with a centre and a scale
 * of its own, although data and model stay as they are: a diagonal preconditioner of the first
 * layer. The gradient of a weight is scale^2 times that of a centred input, and the bias that is
 * trained is that of the centred inputs. Zeros of the data stay zeros.
 */
struct InputScaling {
  std::vector<float> centres;  ///< [inputs]
  std::vector<float> rates;    ///< [inputs], (scale / unit)^2; 0: the weights stay as they are
  float unit = 1;  ///< a power of two about as large as the scales, which keeps squares in range
};

/**
 * Stochastic gradient descent as torch.optim.SGD computes it: g += weightDecay p; v = momentum v +
 * g, v starting at zero; p -= learningRate v, or with Nesterov p -= learningRate (g + momentum v).
 */
struct Sgd {
  Schedule learningRate;
  float momentum = 0;
  float weightDecay = 0;
  bool nesterov = false;
  /**
   * Dataset rows. PassResult::trackedChange is what the steps changed whose batch held one of them,
   * whether or not `hardest` kept that row.
   */
  std::vector<std::uint32_t> trackedRows = {};
  /** nullptr: inputs as they are. Neither with a weight decay nor with tracked rows. */
  std::shared_ptr<const InputScaling> inputScaling = nullptr;

  SinkTraits traits() const {
    return {.backward = Backward::kUpdate,
            .changesParameters = true,
            .averagesBatch = true,
            .trackedRows = trackedRows,
            .inputScaling = inputScaling.get()};
  }
};

/**
 * The clamped scrub step of the reference study, F the Fisher diagonal:
 * p -= clamp(learningRate g / (F + alpha), +-clamp).
 */
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
  kBatch,   ///< sums the squares of each batch's mean gradient, as the reference study does
  kPerRow,  ///< sums the squares of each row's gradient: the empirical Fisher diagonal
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

/** Collects the Kronecker factors of the Fisher information, divided by the rows seen; see
 * kronecker.h. */
struct KroneckerFactors {
  SinkTraits traits() const { return {.backward = Backward::kOuterProducts, .meanOverRows = true}; }
};

/** Collects the logits, [rows, classes] in the order of the plan. There is no backward pass. */
struct Logits {
  SinkTraits traits() const { return {.rowValues = RowValues::kLogits, .hasLoss = false}; }
};

/**
 * Collects two values of each row, [rows, 2] in the order of the plan: its loss, and 1 if its label
 * has the largest logit (the lowest class among equals), else 0. There is no backward pass.
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
