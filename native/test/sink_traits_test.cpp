// The traits of each sink agree with what a pass does with it, on every backend.

#include "lethe/sink_traits.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "lethe/kronecker.h"
#include "test/support.h"

namespace lethe::test {
namespace {

constexpr std::uint32_t kInputs = 6, kHidden = 5, kClasses = 3;
constexpr std::size_t kRows = 11, kBatch = 4;

struct NamedSink {
  std::string name;
  Sink sink;
};

/** Every kind of sink, with each of its modes. */
std::vector<NamedSink> allSinks() {
  const Architecture architecture({kInputs, kHidden, kClasses});
  const auto fisher = std::make_shared<const ParameterVector>(architecture.parameterCount(), 0.5f);
  return {{"sgd", Sgd{.learningRate = 0.1f, .trackedRows = {2}}},
          {"clamped_fisher", ClampedFisher{fisher, 0.1f, 0.01f, 0.05f}},
          {"gradient", Gradient{}},
          {"squared_gradient_of_batches", SquaredGradient{FisherMode::kBatch}},
          {"squared_gradient_of_rows", SquaredGradient{FisherMode::kPerRow}},
          {"kronecker_factors", KroneckerFactors{}},
          {"logits", Logits{}},
          {"row_losses", RowLosses{}}};
}

class SinkTraitsTest : public testing::TestWithParam<std::string> {
 protected:
  static PassSpec spec(const Sink& sink) {
    return makeSpec({kInputs, kHidden, kClasses}, Features::kFloats, kRows, kBatch, sink);
  }
  /** Calls check(sink, traits) for every sink. */
  template <class Check>
  static void forEachSink(const Check& check) {
    for (const auto& [name, sink] : allSinks()) {
      SCOPED_TRACE(name);
      check(sink, sinkTraits(sink));
    }
  }
};

TEST_P(SinkTraitsTest, tell_how_many_values_a_pass_answers) {
  forEachSink([](const Sink& sink, const SinkTraits& traits) {
    const PassSpec pass = spec(sink);
    const Architecture& architecture = pass.model.architecture;
    const std::size_t expected =
        traits.backward == Backward::kUpdate          ? architecture.parameterCount()
        : traits.backward == Backward::kOuterProducts ? kroneckerSize(architecture)
                                                      : kRows * traits.valuesPerRow(kClasses);
    EXPECT_EQ(run(pass, *makeBackend(GetParam())).values.size(), expected);
  });
}

TEST_P(SinkTraitsTest, tell_whether_a_row_has_a_loss_and_needs_a_label) {
  forEachSink([](const Sink& sink, const SinkTraits& traits) {
    const auto backend = makeBackend(GetParam());
    PassSpec pass = spec(sink);
    EXPECT_EQ(run(pass, *backend).epochLoss.size(), traits.hasLoss ? 1u : 0u);
    pass.dataset = makeDataset(Features::kFloats, kRows, kInputs, kClasses + 1);
    const auto more = [&] { run(pass, *backend); };
    if (traits.hasLoss) {
      EXPECT_TRUE(fails(ErrorCode::kInvalidArgument, "classes", more));
    } else {
      EXPECT_NO_THROW(more());
    }
  });
}

TEST_P(SinkTraitsTest, tell_whether_the_answer_is_new_parameters) {
  forEachSink([](const Sink& sink, const SinkTraits& traits) {
    const auto backend = makeBackend(GetParam());
    PassSpec pass = spec(sink);
    pass.objective.weight = 1e-9f;  // so small that new parameters are the old ones
    const ParameterVector values = run(pass, *backend).values;
    EXPECT_EQ(relativeError({pass.model.parameters->begin(), pass.model.parameters->end()},
                            values) < 1e-3,
              traits.changesParameters);
    pass.plan.hardest = 2;
    const auto ofTheHardest = [&] { run(pass, *backend); };
    if (traits.changesParameters) {
      EXPECT_NO_THROW(ofTheHardest());
    } else {
      EXPECT_TRUE(fails(ErrorCode::kInvalidArgument, "hardest", ofTheHardest));
    }
  });
}

double sum(const std::vector<float>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0,
                         [](double all, float value) { return all + std::abs(value); });
}

TEST_P(SinkTraitsTest, tell_what_is_averaged) {
  forEachSink([](const Sink& sink, const SinkTraits& traits) {
    if (traits.changesParameters || !traits.goesBackward()) return;
    const auto backend = makeBackend(GetParam());
    PassSpec once = spec(sink), twice = once, together = once;
    once.plan.rows = {3};
    twice.plan.epochs = 2;
    twice.plan.rows = {3};
    together.plan.rows = {3, 3};
    const double one = sum(run(once, *backend).values);
    EXPECT_GT(one, 0);
    EXPECT_NEAR(sum(run(twice, *backend).values), traits.meanOverRows ? one : 2 * one, 1e-5 * one);
    // Rows in one batch: the sum of two equal gradients, or the mean, which is one of them.
    EXPECT_NEAR(sum(run(together, *backend).values), traits.averagesBatch ? one / 2 : one,
                1e-5 * one);
  });
}

TEST_P(SinkTraitsTest, tell_of_which_rows_the_change_is_answered) {
  forEachSink([](const Sink& sink, const SinkTraits& traits) {
    EXPECT_EQ(run(spec(sink), *makeBackend(GetParam())).trackedSteps, traits.trackedRows.size());
  });
}

INSTANTIATE_TEST_SUITE_P(Backends, SinkTraitsTest, testing::ValuesIn(backendNames()),
                         backendTestName);

TEST(SinkTraits, of_every_sink_agree_with_each_other) {
  for (const auto& [name, sink] : allSinks()) {
    SCOPED_TRACE(name);
    const SinkTraits traits = sinkTraits(sink);
    EXPECT_EQ(traits.goesBackward(), traits.rowValues == RowValues::kNone);
    EXPECT_TRUE(traits.hasLoss || !traits.goesBackward());
    if (traits.backward != Backward::kUpdate) {
      EXPECT_FALSE(traits.changesParameters || traits.squaresRows);
      EXPECT_EQ(traits.initialState, nullptr);
    }
    EXPECT_FALSE(traits.squaresRows && traits.averagesBatch);
    EXPECT_FALSE(traits.changesParameters && traits.meanOverRows);
    EXPECT_TRUE(traits.trackedRows.empty() || traits.changesParameters);
  }
}

TEST(SinkTraits, refer_to_what_the_sink_holds) {
  const auto fisher = std::make_shared<const ParameterVector>(3, 1.0f);
  const Sink scrub = ClampedFisher{fisher, 1, 1, 1};
  EXPECT_EQ(sinkTraits(scrub).initialState, fisher.get());
  const Sink sgd = Sgd{.learningRate = 1, .trackedRows = {4, 2}};
  EXPECT_EQ(sinkTraits(sgd).trackedRows.data(), std::get<Sgd>(sgd).trackedRows.data());
}

TEST(SinkTraits, tell_how_many_values_a_row_has) {
  EXPECT_EQ(Gradient{}.traits().valuesPerRow(10), 0u);
  EXPECT_EQ(Logits{}.traits().valuesPerRow(10), 10u);
  EXPECT_EQ(RowLosses{}.traits().valuesPerRow(10), 2u);
}

}  // namespace
}  // namespace lethe::test
