#include "lethe/pass.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "core/tracked_change.h"
#include "lethe/error.h"
#include "lethe/floating_point.h"

namespace lethe {
namespace {

void require(bool condition, const std::string& message) {
  if (!condition) throw Error(ErrorCode::kInvalidArgument, message);
}

bool positive(float value) { return std::isfinite(value) && value > 0; }
bool nonNegative(float value) { return std::isfinite(value) && value >= 0; }

void checkSchedule(const Schedule& learningRate) {
  const auto& knots = learningRate.knots();
  float last = -1;
  for (const Schedule::Knot& knot : knots) {
    require(knot.at > last && knot.at >= 0 && knot.at <= 1,
            "the knots of learningRate must lie in [0, 1], each after the one before");
    require(nonNegative(knot.value), "learningRate must be finite and at least 0 in every knot");
    last = knot.at;
  }
  require(std::any_of(knots.begin(), knots.end(),
                      [](const Schedule::Knot& knot) { return knot.value > 0; }),
          "learningRate must be a finite number above 0");
}

struct SinkCheck {
  const Model& model;
  const Dataset& dataset;

  void operator()(const Sgd& sgd) const {
    checkSchedule(sgd.learningRate);
    require(nonNegative(sgd.momentum) && sgd.momentum < 1, "momentum must be in [0, 1)");
    require(nonNegative(sgd.weightDecay), "weightDecay must be a finite number of at least 0");
    require(!sgd.nesterov || sgd.momentum > 0, "nesterov needs a momentum above 0");
    dataset.checkRows(sgd.trackedRows);
  }
  void operator()(const ClampedFisher& scrub) const {
    require(positive(scrub.learningRate), "learningRate must be a finite number above 0");
    require(positive(scrub.alpha), "alpha must be a finite number above 0");
    require(positive(scrub.clamp), "clamp must be a finite number above 0");
    require(scrub.fisher && scrub.fisher->size() == model.architecture.parameterCount(),
            "the Fisher diagonal must hold one value per parameter");
    require(std::all_of(scrub.fisher->begin(), scrub.fisher->end(), nonNegative),
            "the Fisher diagonal must hold finite values of at least 0");
  }
  void operator()(const Gradient&) const {}
  void operator()(const SquaredGradient&) const {}
  void operator()(const KroneckerFactors&) const {}
  void operator()(const Logits&) const {}
  void operator()(const RowLosses&) const {}
};

void checkPlan(const Plan& plan, const Dataset& dataset) {
  require(plan.batchSize > 0, "batchSize must be at least 1");
  require(plan.epochs > 0, "epochs must be at least 1");
  require(plan.maxSteps > 0, "maxSteps must be at least 1");
  require(plan.samplesPerEpoch <= plan.sampledRows.size(),
          "samplesPerEpoch must not exceed the rows to sample from");
  require(plan.samplesPerEpoch == 0 || plan.shuffleSeed, "sampling rows needs a shuffleSeed");
  require(!plan.hardest || (*plan.hardest > 0 && *plan.hardest <= plan.batchSize),
          "hardest must be in 1..batchSize");
  if (plan.rowsPerEpoch() == 0) {
    throw Error(ErrorCode::kEmptySet, "there are no rows to pass over");
  }
  dataset.checkRows(plan.rows);
  dataset.checkRows(plan.sampledRows);
}

void check(const PassSpec& spec) {
  require(spec.dataset != nullptr, "a pass needs a data set");
  const Architecture& architecture = spec.model.architecture;
  const Dataset& dataset = *spec.dataset;
  require(spec.model.parameters && spec.model.parameters->size() == architecture.parameterCount(),
          "the model must hold one value per parameter of its architecture");
  require(architecture.inputs() == dataset.columns(),
          "the model takes " + std::to_string(architecture.inputs()) +
              " inputs, but the data set has " + std::to_string(dataset.columns()) + " columns");
  require(std::holds_alternative<Logits>(spec.sink) || architecture.classes() >= dataset.classes(),
          "the model has " + std::to_string(architecture.classes()) +
              " classes, but the data set has " + std::to_string(dataset.classes()));
  checkPlan(spec.plan, dataset);
  require(!spec.plan.hardest || changesParameters(spec.sink),
          "hardest needs a sink that changes the model");

  const Objective& objective = spec.objective;
  require(std::isfinite(objective.weight), "the objective's weight must be finite");
  if (objective.target == Target::kMasked) {
    require(objective.removed.size() == architecture.classes(),
            "the mask of removed classes must hold one value per class");
    require(std::count(objective.removed.begin(), objective.removed.end(), 0) > 0,
            "at least one class must not be removed");
  }
  if (objective.target == Target::kExplicit) {
    require(objective.distributions &&
                objective.distributions->size() == dataset.rows() * architecture.classes(),
            "explicit targets must hold one value per data set row and class");
    require(
        std::all_of(objective.distributions->begin(), objective.distributions->end(), nonNegative),
        "explicit targets must be finite and at least 0");
  }
  if (objective.rowWeights) {
    require(objective.rowWeights->size() == dataset.rows(),
            "rowWeights must hold one value per data set row");
    require(std::all_of(objective.rowWeights->begin(), objective.rowWeights->end(),
                        [](float weight) { return std::isfinite(weight); }),
            "every row's weight must be finite");
  }
  std::visit(SinkCheck{spec.model, dataset}, spec.sink);
}

/** Turns the executor's sums over steps into means over rows. */
void normalize(std::vector<float>& values, const Sink& sink, std::uint64_t rows) {
  if (!std::holds_alternative<Gradient>(sink) && !std::holds_alternative<SquaredGradient>(sink) &&
      !std::holds_alternative<KroneckerFactors>(sink)) {
    return;
  }
  const auto divisor = static_cast<float>(rows);
  for (float& value : values) value /= divisor;
}

std::optional<TrackedChange> trackedChange(const PassSpec& spec) {
  const auto* sgd = std::get_if<Sgd>(&spec.sink);
  if (!sgd || sgd->trackedRows.empty()) return std::nullopt;
  return TrackedChange(sgd->trackedRows, spec.dataset->rows(),
                       spec.model.architecture.parameterCount());
}

}  // namespace

PassResult pass(Backend& backend, const PassSpec& spec, Control& control) {
  const FloatingPointMode mode;
  check(spec);
  const std::uint64_t steps = spec.plan.steps();
  const auto executor =
      backend.prepare({spec.model, spec.dataset, spec.objective, spec.sink, spec.plan});
  const auto requireFinite = [&] {
    if (executor->finite()) return;
    throw Error(
        ErrorCode::kDiverged,
        "a value is not finite any more; the model is as it was: try a smaller learning rate");
  };

  PassResult result;
  std::uint64_t rowsInEpoch = 0;
  std::optional<TrackedChange> tracked = trackedChange(spec);
  BatchOrder order(spec.plan);
  control.poll({0, steps, 0});
  while (const auto batch = order.next()) {
    if (tracked) tracked->beforeStep(batch->rows, *executor);
    executor->step(batch->rows);
    result.steps += 1;
    result.rows += batch->rows.size();
    rowsInEpoch += batch->rows.size();
    control.poll({result.steps, steps, batch->epoch});
    if (batch->endsEpoch) {
      requireFinite();
      if (!std::holds_alternative<Logits>(spec.sink)) {
        result.epochLoss.push_back(executor->takeLoss() / static_cast<double>(rowsInEpoch));
      }
      rowsInEpoch = 0;
    }
  }
  if (tracked) {
    result.trackedChange = tracked->finish(*executor);
    result.trackedSteps = tracked->steps();
  }
  result.values = executor->finish();
  normalize(result.values, spec.sink, result.rows);
  return result;
}

}  // namespace lethe
