#include "lethe/pass.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "core/check_sink.h"
#include "core/scaled_inputs.h"
#include "core/tracked_change.h"
#include "lethe/error.h"
#include "lethe/floating_point.h"

namespace lethe {
namespace {

void require(bool condition, const std::string& message) {
  if (!condition) throw Error(ErrorCode::kInvalidArgument, message);
}

bool nonNegative(float value) { return std::isfinite(value) && value >= 0; }

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
  const SinkTraits traits = sinkTraits(spec.sink);
  require(!traits.hasLoss || architecture.classes() >= dataset.classes(),
          "the model has " + std::to_string(architecture.classes()) +
              " classes, but the data set has " + std::to_string(dataset.classes()));
  checkPlan(spec.plan, dataset);
  require(!spec.plan.hardest || traits.changesParameters,
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
  checkSink(spec.sink, architecture, dataset);
}

Error diverged() {
  return Error(
      ErrorCode::kDiverged,
      "a value is not finite any more; the model is as it was: try a smaller learning rate");
}

PassResult visitRows(Backend& backend, const PassSpec& spec, Control& control) {
  const SinkTraits traits = sinkTraits(spec.sink);
  const std::uint64_t steps = spec.plan.steps();
  const Model model =
      traits.inputScaling ? forScaledInputs(spec.model, *traits.inputScaling) : spec.model;
  const auto executor =
      backend.prepare({model, spec.dataset, spec.objective, spec.sink, spec.plan});
  const auto requireFinite = [&] {
    if (!executor->finite()) throw diverged();
  };

  PassResult result;
  std::uint64_t rowsInEpoch = 0;
  std::optional<TrackedChange> tracked;
  if (!traits.trackedRows.empty()) {
    tracked.emplace(traits.trackedRows, spec.dataset->rows(),
                    spec.model.architecture.parameterCount());
  }
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
      spec.dataset->checkFile();
      requireFinite();
      if (traits.hasLoss) {
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
  if (traits.inputScaling) {
    forInputs(model.architecture, *traits.inputScaling, result.values);
    if (!allFinite(result.values.data(), result.values.size())) throw diverged();
  }
  if (traits.meanOverRows) {
    const auto rows = static_cast<float>(result.rows);
    for (float& value : result.values) value /= rows;
  }
  return result;
}

}  // namespace

PassResult pass(Backend& backend, const PassSpec& spec, Control& control) {
  const FloatingPointMode mode;
  check(spec);
  return readUnchanged(*spec.dataset, [&] { return visitRows(backend, spec, control); });
}

}  // namespace lethe
