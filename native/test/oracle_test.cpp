// Every backend against the scalar oracle of the determinism contract, bit by bit.

#include "test/oracle.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "test/support.h"

namespace lethe::test {
namespace {

struct Shape {
  std::vector<std::uint32_t> widths;
  std::size_t rows;
  std::size_t batchSize;
};

/** The sizes tested; in the last ones batches, inputs and panels take more than one task. */
const std::vector<Shape> kShapes{{{5, 1}, 3, 2},
                                 {{7, 6, 5, 3}, 11, 4},
                                 {{33, 65, 31, 10}, 37, 16},
                                 {{271, 37, 10}, 150, 131},
                                 {{260, 290, 3}, 10, 10}};

const Sgd kSgd{.learningRate = 0.1f, .momentum = 0.9f};

class OracleTest : public testing::TestWithParam<std::string> {
 protected:
  void check(const PassSpec& spec) {
    const PassResult expected = oraclePass(spec);
    const PassResult actual = run(spec, *makeBackend(GetParam(), 3));
    EXPECT_TRUE(sameBits(expected.values, actual.values));
    EXPECT_EQ(expected.epochLoss, actual.epochLoss);
    EXPECT_EQ(expected.steps, actual.steps);
    EXPECT_EQ(expected.rows, actual.rows);
    EXPECT_TRUE(sameBits(expected.trackedChange, actual.trackedChange));
    EXPECT_EQ(expected.trackedSteps, actual.trackedSteps);
  }

  void checkShapes(const Sink& sink, Target target = Target::kLabel) {
    for (const Shape& shape : kShapes) {
      for (const Features features : kAllFeatures) {
        SCOPED_TRACE(testing::PrintToString(shape.widths) + " " + featuresName(features));
        PassSpec spec = makeSpec(shape.widths, features, shape.rows, shape.batchSize, sink);
        spec.plan.epochs = 2;
        spec.objective = makeObjective(target, spec);
        check(spec);
      }
    }
  }
};

TEST_P(OracleTest, sgd) { checkShapes(kSgd); }
TEST_P(OracleTest, sgd_with_weight_decay_and_nesterov) {
  checkShapes(Sgd{.learningRate = 0.1f, .momentum = 0.7f, .weightDecay = 0.01f, .nesterov = true});
}
TEST_P(OracleTest, sgd_with_scaled_inputs) {
  for (const Shape& shape : kShapes) {
    for (const Features features : kAllFeatures) {
      SCOPED_TRACE(testing::PrintToString(shape.widths) + " " + featuresName(features));
      const auto scaling = makeScaling(shape.widths.front());
      PassSpec spec = makeSpec(
          shape.widths, features, shape.rows, shape.batchSize,
          Sgd{.learningRate = 0.1f, .momentum = 0.9f, .nesterov = true, .inputScaling = scaling});
      spec.plan.epochs = 2;
      check(spec);
    }
  }
}
TEST_P(OracleTest, sgd_towards_the_uniform_target) { checkShapes(kSgd, Target::kUniform); }
TEST_P(OracleTest, sgd_towards_the_masked_target) { checkShapes(kSgd, Target::kMasked); }
TEST_P(OracleTest, sgd_towards_explicit_targets) { checkShapes(kSgd, Target::kExplicit); }
TEST_P(OracleTest, gradient) { checkShapes(Gradient{}); }
TEST_P(OracleTest, fisher_of_each_row) { checkShapes(SquaredGradient{FisherMode::kPerRow}); }
TEST_P(OracleTest, fisher_of_each_batch) { checkShapes(SquaredGradient{FisherMode::kBatch}); }
TEST_P(OracleTest, logits) { checkShapes(Logits{}); }
TEST_P(OracleTest, losses_of_rows) { checkShapes(RowLosses{}); }

TEST_P(OracleTest, losses_of_rows_whose_logits_are_equal) {
  PassSpec spec = makeSpec({7, 5, 4}, Features::kBytes, 40, 16, RowLosses{});
  spec.model.parameters = std::make_shared<const ParameterVector>(64);
  ASSERT_EQ(64u, spec.model.architecture.parameterCount());
  check(spec);
  const auto values = run(spec, *makeBackend(GetParam())).values;
  for (std::size_t i = 0; i < 40; ++i) {
    EXPECT_EQ(spec.dataset->label(spec.plan.rows[i]) == 0 ? 1 : 0, values[2 * i + 1]);
  }
}

TEST_P(OracleTest, sgd_with_a_weight_and_a_shuffled_subset) {
  PassSpec spec = makeSpec({33, 20, 10}, Features::kBytes, 60, 16, kSgd);
  spec.plan.rows.resize(41);
  spec.plan.epochs = 3;
  spec.plan.shuffleSeed = 7;
  spec.plan.maxSteps = 8;
  spec.objective.weight = -0.3f;
  check(spec);
}

TEST_P(OracleTest, sgd_on_samples_and_hardest_rows_with_a_schedule) {
  for (const Features features : kAllFeatures) {
    SCOPED_TRACE(featuresName(features));
    PassSpec spec = makeSpec({271, 33, 10}, features, 150, 64, kSgd);
    spec.plan.sampledRows.assign(spec.plan.rows.begin() + 60, spec.plan.rows.end());
    spec.plan.rows.resize(60);
    spec.plan.samplesPerEpoch = 45;
    spec.plan.shuffleSeed = 9;
    spec.plan.epochs = 3;
    spec.plan.hardest = 20;
    spec.sink = Sgd{.learningRate = Schedule({{0, 0.01f}, {0.3f, 0.2f}, {1, 0}}),
                    .momentum = 0.9f,
                    .nesterov = true};
    check(spec);
  }
}

TEST_P(OracleTest, sgd_with_tracked_rows) {
  for (const Features features : kAllFeatures) {
    SCOPED_TRACE(featuresName(features));
    PassSpec spec = makeSpec({33, 20, 10}, features, 60, 8, kSgd);
    spec.plan.epochs = 3;
    spec.plan.shuffleSeed = 7;
    std::get<Sgd>(spec.sink).trackedRows = {11, 12, 40, 41, 59};
    check(spec);
    const std::uint64_t held = run(spec, *makeBackend(GetParam())).trackedSteps;
    EXPECT_GT(held, 3u);
    EXPECT_LT(held, spec.plan.steps() - 3);
    // Whether a row is tracked does not depend on whether it is among the hardest.
    spec.plan.hardest = 2;
    check(spec);
    EXPECT_EQ(run(spec, *makeBackend(GetParam())).trackedSteps, held);
  }
}

TEST_P(OracleTest, clamped_fisher) {
  for (const Features features : kAllFeatures) {
    PassSpec spec = makeSpec({33, 65, 31, 10}, features, 37, 16, Gradient{});
    const std::size_t count = spec.model.architecture.parameterCount();
    spec.sink =
        ClampedFisher{std::make_shared<const ParameterVector>(Random(5).uniforms(count, 0, 0.1f)),
                      0.1f, 0.01f, 0.005f};
    spec.objective = makeObjective(Target::kUniform, spec);
    check(spec);
  }
}

/** Products that underflow may leave a chain at -0, where later zeros in it would make it +0. */
TEST_P(OracleTest, sums_that_underflow) {
  Random random(11);
  std::vector<float> features = random.uniforms(40 * 33, -1e-38f, 1e-38f);
  for (float& value : features) {
    if (random.below(4) > 0) value = 0;
  }
  PassSpec spec = makeSpec({33, 10}, Features::kFloats, 40, 16, Logits{});
  spec.dataset = Dataset::fromFloats(features, std::vector<std::uint32_t>(40), 33, 10);
  ParameterVector parameters = *spec.model.parameters;
  for (float& parameter : parameters) parameter *= 1e-20f;
  std::fill(parameters.end() - 10, parameters.end(), -0.0f);  // any other bias would hide the sign
  spec.model.parameters = std::make_shared<const ParameterVector>(parameters);
  check(spec);
}

INSTANTIATE_TEST_SUITE_P(Backends, OracleTest, testing::ValuesIn(backendNames()), backendTestName);

}  // namespace
}  // namespace lethe::test
