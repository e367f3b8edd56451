#include "core/check_sink.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "lethe/error.h"
#include "lethe/floating_point.h"

namespace lethe {
namespace {

void require(bool condition, const char* message) {
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

struct Check {
  const Architecture& architecture;
  const Dataset& dataset;

  void checkScaling(const Sgd& sgd) const {
    const auto& [centres, rates, unit] = *sgd.inputScaling;
    require(centres.size() == architecture.inputs() && rates.size() == architecture.inputs(),
            "an input scaling must hold one centre and one rate per input");
    require(allFinite(centres.data(), centres.size()), "every centre must be finite");
    require(std::all_of(rates.begin(), rates.end(), nonNegative),
            "every rate must be finite and at least 0");
    int exponent;
    require(positive(unit) && positive(1 / unit) && std::frexp(unit, &exponent) == 0.5f,
            "the unit must be a power of two");
    require(sgd.weightDecay == 0, "an input scaling has no weightDecay");
    require(sgd.trackedRows.empty(), "an input scaling has no trackedRows");
  }

  void operator()(const Sgd& sgd) const {
    checkSchedule(sgd.learningRate);
    require(nonNegative(sgd.momentum) && sgd.momentum < 1, "momentum must be in [0, 1)");
    require(nonNegative(sgd.weightDecay), "weightDecay must be a finite number of at least 0");
    require(!sgd.nesterov || sgd.momentum > 0, "nesterov needs a momentum above 0");
    dataset.checkRows(sgd.trackedRows);
    if (sgd.inputScaling) checkScaling(sgd);
  }
  void operator()(const ClampedFisher& scrub) const {
    require(positive(scrub.learningRate), "learningRate must be a finite number above 0");
    require(positive(scrub.alpha), "alpha must be a finite number above 0");
    require(positive(scrub.clamp), "clamp must be a finite number above 0");
    require(scrub.fisher && scrub.fisher->size() == architecture.parameterCount(),
            "the Fisher diagonal must hold one value per parameter");
    require(std::all_of(scrub.fisher->begin(), scrub.fisher->end(), nonNegative),
            "the Fisher diagonal must hold finite values of at least 0");
  }
  void operator()(const SquaredGradient&) const {}
  template <class Other>
  void operator()(const Other&) const {
    static_assert(std::is_empty_v<Other>, "a sink with values needs a check of them");
  }
};

}  // namespace

void checkSink(const Sink& sink, const Architecture& architecture, const Dataset& dataset) {
  std::visit(Check{architecture, dataset}, sink);
}

}  // namespace lethe
