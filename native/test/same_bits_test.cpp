// A result is a function of the arguments alone: not of the threads, the instruction set, the run
// or the batch that a row is computed in.

#include <gtest/gtest.h>

#include "test/support.h"

namespace lethe::test {
namespace {

/** Stages of one task and of several, odd batches, a smaller last batch. */
PassSpec wideSpec(Features features, const Sink& sink) {
  PassSpec spec = makeSpec({300, 70, 33, 10}, features, 310, 140, sink);
  spec.plan.epochs = 2;
  spec.plan.shuffleSeed = 42;
  return spec;
}

/** A CUDA device computes all of a pass by itself. */
std::vector<std::size_t> threadCounts(const std::string& backend) {
  if (backend.starts_with("cuda")) return {1};
  return {1, 2, 3, 5};
}

void expectSameBits(const PassSpec& spec) {
  const PassResult expected = run(spec, *makeBackend(backendNames().front(), 1));
  for (const std::string& name : backendNames()) {
    for (const std::size_t threads : threadCounts(name)) {
      SCOPED_TRACE(name + ", " + std::to_string(threads) + " threads");
      const PassResult actual = run(spec, *makeBackend(name, threads));
      EXPECT_TRUE(sameBits(expected.values, actual.values));
      EXPECT_TRUE(sameBits(expected.trackedChange, actual.trackedChange));
      EXPECT_EQ(expected.epochLoss, actual.epochLoss);
    }
  }
}

class SameBitsTest : public testing::TestWithParam<Features> {};

TEST_P(SameBitsTest, after_training) {
  expectSameBits(wideSpec(GetParam(), Sgd{.learningRate = 0.05f, .momentum = 0.9f}));
}

TEST_P(SameBitsTest, after_training_on_the_hardest_rows_with_a_schedule) {
  PassSpec spec = wideSpec(
      GetParam(), Sgd{.learningRate = Schedule({{0, 0}, {0.2f, 0.1f}, {1, 0}}), .momentum = 0.9f});
  spec.plan.hardest = 50;
  expectSameBits(spec);
}

TEST_P(SameBitsTest, after_training_with_scaled_inputs) {
  PassSpec spec = wideSpec(GetParam(), Sgd{.learningRate = 0.05f,
                                           .momentum = 0.9f,
                                           .nesterov = true,
                                           .inputScaling = makeScaling(300)});
  expectSameBits(spec);
  spec.plan.hardest = 50;
  expectSameBits(spec);
}

TEST_P(SameBitsTest, in_the_change_of_tracked_rows) {
  expectSameBits(
      wideSpec(GetParam(), Sgd{.learningRate = 0.05f, .momentum = 0.9f, .trackedRows = {5, 100}}));
}

TEST_P(SameBitsTest, in_the_fisher_of_each_row) {
  expectSameBits(wideSpec(GetParam(), SquaredGradient{FisherMode::kPerRow}));
}

TEST_P(SameBitsTest, in_the_fisher_of_each_batch) {
  expectSameBits(wideSpec(GetParam(), SquaredGradient{FisherMode::kBatch}));
}

TEST_P(SameBitsTest, in_the_kronecker_factors) {
  expectSameBits(wideSpec(GetParam(), KroneckerFactors{}));
}

TEST_P(SameBitsTest, after_a_scrub) {
  PassSpec spec = wideSpec(GetParam(), SquaredGradient{});
  const auto fisher = std::make_shared<const ParameterVector>(
      run(spec, *makeBackend(backendNames().front(), 1)).values);
  spec.sink = ClampedFisher{fisher, 0.1f, 0.01f, 0.05f};
  spec.objective = makeObjective(Target::kUniform, spec);
  expectSameBits(spec);
}

TEST_P(SameBitsTest, in_logits) { expectSameBits(wideSpec(GetParam(), Logits{})); }

TEST_P(SameBitsTest, in_logits_of_any_batch) {
  PassSpec spec = wideSpec(GetParam(), Logits{});
  spec.plan.epochs = 1;
  for (const std::string& name : backendNames()) {
    const auto backend = makeBackend(name);
    spec.plan.batchSize = 128;
    const std::vector<float> expected = run(spec, *backend).values;
    for (const std::size_t batchSize : {1, 7, 1000}) {
      SCOPED_TRACE(name + ", batches of " + std::to_string(batchSize));
      spec.plan.batchSize = batchSize;
      EXPECT_TRUE(sameBits(expected, run(spec, *backend).values));
    }
  }
}

TEST_P(SameBitsTest, in_a_second_run_of_a_backend) {
  const PassSpec spec = wideSpec(GetParam(), Sgd{.learningRate = 0.05f, .momentum = 0.9f});
  const auto backend = makeBackend(backendNames().front());
  const std::vector<float> first = run(spec, *backend).values;
  EXPECT_TRUE(sameBits(first, run(spec, *backend).values));
}

INSTANTIATE_TEST_SUITE_P(Data, SameBitsTest, testing::ValuesIn(kAllFeatures),
                         [](const auto& info) { return featuresName(info.param); });

/** A row of few nonzeros is skipped through when alone, and not among rows of many. */
TEST(SameBits, of_a_row_dense_or_zero_skipped) {
  constexpr std::size_t kColumns = 300, kDenseRows = 30;
  Random random(3);
  std::vector<float> features = random.uniforms((kDenseRows + 1) * kColumns, -2, 2);
  for (std::size_t k = 0; k < kColumns; ++k) {
    if (k % 7 > 0) features[k] = 0;
  }
  const auto dataset =
      Dataset::fromFloats(features, std::vector<std::uint32_t>(kDenseRows + 1), kColumns, 10);
  const Model model = makeModel({kColumns, 70, 10});
  Plan together = everyRow(*dataset, kDenseRows + 1);
  Plan alone = together;
  alone.rows = {0};
  for (const std::string& name : backendNames()) {
    const auto backend = makeBackend(name);
    const std::vector<float> all = run({model, dataset, together, {}, Logits{}}, *backend).values;
    const std::vector<float> one = run({model, dataset, alone, {}, Logits{}}, *backend).values;
    EXPECT_TRUE(sameBits({all.begin(), all.begin() + 10}, one)) << name;
  }
}

}  // namespace
}  // namespace lethe::test
