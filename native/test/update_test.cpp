// Several steps of the sinks that change a model, against the naive network's gradients and the
// published formulas.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "test/reference.h"
#include "test/support.h"

namespace lethe::test {
namespace {

using Vector = Reference::Vector;

struct Trained {
  Vector parameters;
  Vector trackedChange;  ///< the sum over the steps whose batch holds a tracked row
};

/** torch.optim.SGD, as its documentation writes it. */
Trained expectedSgd(const PassSpec& spec) {
  const Sgd& sgd = std::get<Sgd>(spec.sink);
  const double learningRate = sgd.learningRate.at(0, 1), momentum = sgd.momentum;
  const Reference reference(spec);
  Vector parameters = reference.parameters();
  Vector velocity(parameters.size(), 0.0), trackedChange = velocity;
  const auto isTracked = [&](std::uint32_t row) {
    return std::count(sgd.trackedRows.begin(), sgd.trackedRows.end(), row) > 0;
  };
  reference.forEachBatch([&](std::span<const std::uint32_t> rows) {
    const Vector gradient = reference.meanGradient(parameters, rows);
    const bool counts = std::any_of(rows.begin(), rows.end(), isTracked);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const double g = gradient[i] + static_cast<double>(sgd.weightDecay) * parameters[i];
      velocity[i] = momentum * velocity[i] + g;
      const double step = learningRate * (sgd.nesterov ? g + momentum * velocity[i] : velocity[i]);
      parameters[i] -= step;
      if (counts) trackedChange[i] -= step;
    }
  });
  return {parameters, trackedChange};
}

struct Scrubbed {
  Vector parameters;
  int clamped = 0;
  int free = 0;
};

Scrubbed expectedScrub(const PassSpec& spec) {
  const ClampedFisher& scrub = std::get<ClampedFisher>(spec.sink);
  const double clamp = scrub.clamp;
  const Reference reference(spec);
  Scrubbed result{reference.parameters()};
  reference.forEachBatch([&](std::span<const std::uint32_t> rows) {
    const Vector gradient = reference.meanGradient(result.parameters, rows);
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      const double step =
          static_cast<double>(scrub.learningRate) * gradient[i] /
          (static_cast<double>((*scrub.fisher)[i]) + static_cast<double>(scrub.alpha));
      result.parameters[i] -= std::clamp(step, -clamp, clamp);
      std::abs(step) > clamp ? ++result.clamped : ++result.free;
    }
  });
  return result;
}

class UpdateTest : public testing::TestWithParam<std::string> {
 protected:
  /** Compares the changes rather than the parameters, which would hide a small change. */
  void check(const PassSpec& spec, Vector expected) {
    std::vector<float> actual = run(spec, *makeBackend(GetParam())).values;
    ASSERT_EQ(actual.size(), expected.size());
    for (std::size_t i = 0; i < actual.size(); ++i) {
      expected[i] -= static_cast<double>((*spec.model.parameters)[i]);
      actual[i] -= (*spec.model.parameters)[i];
    }
    EXPECT_LT(relativeError(expected, actual), 1e-5);
  }

  void checkSgd(const Sgd& sgd) {
    for (const Features features : kAllFeatures) {
      PassSpec spec = makeSpec({33, 65, 31, 10}, features, 37, 16, sgd);
      spec.plan.epochs = 3;
      check(spec, expectedSgd(spec).parameters);
    }
  }

  PassSpec scrubSpec(float clamp) {
    PassSpec spec = makeSpec({33, 65, 31, 10}, Features::kBytes, 37, 16, Gradient{});
    const std::size_t count = spec.model.architecture.parameterCount();
    spec.sink =
        ClampedFisher{std::make_shared<const ParameterVector>(Random(5).uniforms(count, 0, 0.1f)),
                      0.1f, 0.01f, clamp};
    spec.objective = makeObjective(Target::kUniform, spec);
    return spec;
  }
};

TEST_P(UpdateTest, sgd_alone) { checkSgd({.learningRate = 0.1f}); }
TEST_P(UpdateTest, sgd_with_momentum) { checkSgd({.learningRate = 0.1f, .momentum = 0.9f}); }
TEST_P(UpdateTest, sgd_with_weight_decay) {
  checkSgd({.learningRate = 0.1f, .momentum = 0.5f, .weightDecay = 0.1f});
}
TEST_P(UpdateTest, sgd_with_nesterov) {
  checkSgd({.learningRate = 0.1f, .momentum = 0.9f, .weightDecay = 0.01f, .nesterov = true});
}

/** Plain SGD in float64 on data that were scaled beforehand; the map is folded in afterwards. */
TEST_P(UpdateTest, sgd_with_scaled_inputs) {
  for (const Features features : kAllFeatures) {
    InputScaling positive = *makeScaling(33);
    std::replace(positive.rates.begin(), positive.rates.end(), 0.0f, 1.0f);
    const auto scaling = std::make_shared<const InputScaling>(positive);
    const Sgd sgd{
        .learningRate = 0.1f, .momentum = 0.9f, .nesterov = true, .inputScaling = scaling};
    PassSpec spec = makeSpec({33, 65, 31, 10}, features, 37, 16, sgd);
    spec.plan.epochs = 3;
    const Layer first = spec.model.architecture.layers().front();
    const auto scale = [&](std::size_t k) {
      return std::sqrt(static_cast<double>(scaling->rates[k])) * static_cast<double>(scaling->unit);
    };

    std::vector<std::uint32_t> every(37);
    std::iota(every.begin(), every.end(), 0u);
    std::vector<float> inputs(37 * 33);
    spec.dataset->normalized(every, inputs.data());
    std::vector<std::uint32_t> labels;
    for (const std::uint32_t row : every) labels.push_back(spec.dataset->label(row));
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const double centred =
          static_cast<double>(inputs[i]) - static_cast<double>(scaling->centres[i % 33]);
      inputs[i] = static_cast<float>(centred * scale(i % 33));
    }
    ParameterVector scaled = *spec.model.parameters;
    for (std::size_t o = 0; o < first.outputs; ++o) {
      for (std::size_t k = 0; k < 33; ++k) {
        const std::size_t at = first.weightOffset + o * 33 + k;
        scaled[first.biasOffset + o] += scaled[at] * scaling->centres[k];
        scaled[at] = static_cast<float>(static_cast<double>(scaled[at]) / scale(k));
      }
    }
    PassSpec plain = spec;
    plain.sink = Sgd{.learningRate = 0.1f, .momentum = 0.9f, .nesterov = true};
    plain.dataset = Dataset::fromFloats(inputs, labels, 33, spec.dataset->classes());
    plain.model.parameters = std::make_shared<const ParameterVector>(scaled);
    Vector expected = expectedSgd(plain).parameters;
    for (std::size_t o = 0; o < first.outputs; ++o) {
      for (std::size_t k = 0; k < 33; ++k) {
        const std::size_t at = first.weightOffset + o * 33 + k;
        expected[at] *= scale(k);
        expected[first.biasOffset + o] -= expected[at] * static_cast<double>(scaling->centres[k]);
      }
    }
    check(spec, expected);
  }
}

TEST_P(UpdateTest, sgd_with_tracked_rows) {
  for (const Features features : kAllFeatures) {
    // The first and the last of three batches hold one, so stretches go on from epoch to epoch.
    PassSpec spec = makeSpec({33, 65, 31, 10}, features, 37, 16,
                             Sgd{.learningRate = 0.1f, .momentum = 0.9f, .trackedRows = {3, 35}});
    spec.plan.epochs = 3;
    const PassResult result = run(spec, *makeBackend(GetParam()));
    const Trained expected = expectedSgd(spec);
    EXPECT_LT(relativeError(expected.trackedChange, result.trackedChange), 1e-5);
    EXPECT_EQ(result.trackedSteps, 6u);
    check(spec, expected.parameters);
  }
}

TEST_P(UpdateTest, clamped_fisher_where_the_clamp_bites) {
  const PassSpec spec = scrubSpec(0.005f);
  const Scrubbed expected = expectedScrub(spec);
  ASSERT_GT(expected.clamped, 100);
  ASSERT_GT(expected.free, 100);
  check(spec, expected.parameters);
}

TEST_P(UpdateTest, clamped_fisher_where_no_clamp_bites) {
  const PassSpec spec = scrubSpec(10);
  const Scrubbed expected = expectedScrub(spec);
  ASSERT_EQ(expected.clamped, 0);
  check(spec, expected.parameters);
}

TEST_P(UpdateTest, leaves_the_models_snapshot_as_it_was) {
  const PassSpec spec = makeSpec({7, 6, 3}, Features::kFloats, 9, 4, Sgd{0.1f});
  const ParameterVector before = *spec.model.parameters;
  EXPECT_FALSE(sameBits(before, run(spec, *makeBackend(GetParam())).values));
  EXPECT_TRUE(sameBits(before, *spec.model.parameters));
}

INSTANTIATE_TEST_SUITE_P(Backends, UpdateTest, testing::ValuesIn(backendNames()), backendTestName);

}  // namespace
}  // namespace lethe::test
