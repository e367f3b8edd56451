#include <gtest/gtest.h>

#include "test/support.h"

namespace lethe::test {
namespace {

class PredictorTest : public testing::TestWithParam<std::string> {};

TEST_P(PredictorTest, gives_the_bits_of_a_pass_for_any_number_of_rows) {
  const auto backend = makeBackend(GetParam());
  const Model model = makeModel({271, 70, 10});
  const auto predictor = backend->predictor(model);
  for (const std::size_t rows : {1, 2, 63, 64, 65, 200}) {
    for (const Features features : kAllFeatures) {
      SCOPED_TRACE(featuresName(features) + ", " + std::to_string(rows));
      const auto dataset = makeDataset(features, rows, 271, 10, rows);
      const PassSpec spec{model, dataset, everyRow(*dataset, 128), {}, Logits{}};
      EXPECT_TRUE(sameBits(run(spec, *backend).values, predictor->logits(dataset, spec.plan.rows)));
    }
  }
}

/** So many parameters that the threads of the backend share them out. */
TEST_P(PredictorTest, gives_the_same_bits_with_several_threads) {
  const Model model = makeModel({271, 4000, 10});
  const auto alone = makeBackend(GetParam(), 1)->predictor(model);
  const auto together = makeBackend(GetParam(), 3)->predictor(model);
  for (const std::size_t rows : {1, 2, 3, 65}) {
    const auto dataset = makeDataset(Features::kFloats, rows, 271, 10, rows);
    const Plan plan = everyRow(*dataset, 128);
    EXPECT_TRUE(sameBits(alone->logits(dataset, plan.rows), together->logits(dataset, plan.rows)));
  }
}

TEST_P(PredictorTest, refuses_logits_that_are_not_finite) {
  const auto predictor = makeBackend(GetParam())->predictor(makeModel({3, 2}));
  const std::vector<std::uint32_t> one{0};
  const auto huge = Dataset::fromFloats({3e38f, 3e38f, 3e38f}, {0}, 3, 1);
  const auto model = Model{Architecture({3, 2}),
                           std::make_shared<const ParameterVector>(ParameterVector(8, 9.0f))};
  EXPECT_TRUE(fails(ErrorCode::kDiverged, "not finite",
                    [&] { makeBackend(GetParam())->predictor(model)->logits(huge, one); }));
  const auto small = Dataset::fromFloats({1, 2, 3}, {0}, 3, 1);
  EXPECT_EQ(predictor->logits(small, one).size(), 2u);
}

TEST_P(PredictorTest, keeps_no_data_set) {
  const auto predictor = makeBackend(GetParam())->predictor(makeModel({20, 10}));
  const auto dataset = makeDataset(Features::kBytes, 3, 20, 10);
  const std::vector<std::uint32_t> rows{0, 2};
  predictor->logits(dataset, rows);
  EXPECT_EQ(dataset.use_count(), 1);
}

TEST_P(PredictorTest, says_how_much_memory_it_holds) {
  const Model model = makeModel({271, 70, 10});
  const auto predictor = makeBackend(GetParam())->predictor(model);
  const std::size_t bytes = predictor->bytes();
  // The weights again, and little besides: the activations of some rows.
  EXPECT_GT(bytes, model.parameters->size() * sizeof(float));
  EXPECT_LT(bytes, 4 * model.parameters->size() * sizeof(float));
  const auto dataset = makeDataset(Features::kBytes, 3, 271, 10);
  predictor->logits(dataset, std::vector<std::uint32_t>{0, 2});
  EXPECT_EQ(predictor->bytes(), bytes);
}

INSTANTIATE_TEST_SUITE_P(Backends, PredictorTest, testing::ValuesIn(backendNames()),
                         backendTestName);

}  // namespace
}  // namespace lethe::test
