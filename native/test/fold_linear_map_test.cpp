#include "lethe/fold_linear_map.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "test/support.h"

namespace lethe::test {
namespace {

constexpr std::uint32_t kInputs = 40;
constexpr std::uint32_t kComponents = 7;
constexpr std::uint32_t kHidden = 300;  // more than a chunk of rows
constexpr std::uint32_t kClasses = 3;

class FoldLinearMapTest : public testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(Backends, FoldLinearMapTest, testing::ValuesIn(backendNames()),
                         backendTestName);

Model makeSmallModel() { return makeModel({kComponents, kHidden, kClasses}, 5); }

/** A map that reads every third input, in a mixed order. */
LinearMap makeMap() {
  Random random(3);
  std::vector<std::uint32_t> columns;
  for (std::uint32_t k = 0; k < kInputs; k += 3) columns.push_back(kInputs - 1 - k);
  const std::size_t weights = kComponents * columns.size();
  return {std::move(columns), random.uniforms(weights, -1, 1), random.uniforms(kComponents, -1, 1)};
}

TEST_P(FoldLinearMapTest, multiplies_the_first_layer_by_the_map) {
  const Model model = makeSmallModel();
  const LinearMap map = makeMap();
  Control control;
  const Model folded = foldLinearMap(*makeBackend(GetParam()), model, map, kInputs, 2, control);
  ASSERT_EQ((std::vector<std::uint32_t>{kInputs, kHidden, kClasses}), folded.architecture.widths());
  const ParameterVector& small = *model.parameters;
  const ParameterVector& large = *folded.parameters;
  const auto columnOf = [&](std::size_t input) {
    return static_cast<std::size_t>(std::find(map.columns.begin(), map.columns.end(), input) -
                                    map.columns.begin());
  };
  for (std::size_t unit = 0; unit < kHidden; ++unit) {
    const float* w1 = &small[unit * kComponents];
    double bias = small[kHidden * kComponents + unit];
    for (std::size_t c = 0; c < kComponents; ++c) bias += double{w1[c]} * map.bias[c];
    EXPECT_NEAR(bias, large[kHidden * kInputs + unit], 1e-6);
    for (std::size_t input = 0; input < kInputs; ++input) {
      const std::size_t column = columnOf(input);
      double weight = 0;
      for (std::size_t c = 0; column < map.columns.size() && c < kComponents; ++c) {
        weight += double{w1[c]} * map.weights[c * map.columns.size() + column];
      }
      EXPECT_NEAR(weight, large[unit * kInputs + input], 1e-6);
      if (column == map.columns.size()) {
        EXPECT_EQ(0, large[unit * kInputs + input]);
      }
    }
  }
  EXPECT_TRUE(std::equal(small.begin() + kHidden * (kComponents + 1), small.end(),
                         large.begin() + kHidden * (kInputs + 1), large.end()));
}

TEST_P(FoldLinearMapTest, has_the_same_bits_whatever_the_threads) {
  const auto backend = makeBackend(GetParam());
  const auto onThreads = [&](std::size_t threads) {
    Control control;
    return *foldLinearMap(*backend, makeSmallModel(), makeMap(), kInputs, threads, control)
                .parameters;
  };
  EXPECT_EQ(onThreads(1), onThreads(3));
}

TEST_P(FoldLinearMapTest, refuses_what_does_not_fit_and_what_is_not_finite) {
  const auto backend = makeBackend(GetParam());
  const auto fold = [&](const LinearMap& map) {
    Control control;
    foldLinearMap(*backend, makeSmallModel(), map, kInputs, 2, control);
  };
  LinearMap bad = makeMap();
  bad.bias.pop_back();
  EXPECT_TRUE(fails(ErrorCode::kInvalidArgument, "as many outputs", [&] { fold(bad); }));
  bad = makeMap();
  bad.weights.pop_back();
  EXPECT_TRUE(fails(ErrorCode::kInvalidArgument, "outputs x columns", [&] { fold(bad); }));
  bad = makeMap();
  bad.bias.assign(kComponents, 3e38f);
  EXPECT_TRUE(fails(ErrorCode::kDiverged, "not finite", [&] { fold(bad); }));
  bad = makeMap();
  bad.columns.back() = kInputs;
  EXPECT_TRUE(fails(ErrorCode::kInvalidArgument, "one of the inputs", [&] { fold(bad); }));
  bad = makeMap();
  std::fill(bad.weights.begin(), bad.weights.end(), 3e38f);
  EXPECT_TRUE(fails(ErrorCode::kDiverged, "not finite", [&] { fold(bad); }));
  Control control;
  control.abort();
  EXPECT_TRUE(fails(ErrorCode::kAborted, "aborted", [&] {
    foldLinearMap(*backend, makeSmallModel(), makeMap(), kInputs, 2, control);
  }));
}

}  // namespace
}  // namespace lethe::test
