// Both Fisher diagonals against the squares of the naive network's gradients.

#include <gtest/gtest.h>

#include "test/reference.h"
#include "test/support.h"

namespace lethe::test {
namespace {

using Vector = Reference::Vector;

void addSquares(const Vector& gradient, Vector& sum) {
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += gradient[i] * gradient[i];
}

Vector expectedFisher(const PassSpec& spec, FisherMode mode) {
  const Reference reference(spec);
  const Vector parameters = reference.parameters();
  Vector fisher(parameters.size(), 0.0);
  double seen = 0;
  reference.forEachBatch([&](std::span<const std::uint32_t> rows) {
    seen += static_cast<double>(rows.size());
    if (mode == FisherMode::kBatch)
      return addSquares(reference.meanGradient(parameters, rows), fisher);
    for (const std::uint32_t row : rows) addSquares(reference.gradient(parameters, row), fisher);
  });
  for (double& value : fisher) value /= seen;
  return fisher;
}

class FisherTest : public testing::TestWithParam<std::string> {
 protected:
  void check(FisherMode mode, Target target) {
    for (const auto& widths : {std::vector<std::uint32_t>{5, 3}, {7, 6, 5, 3}, {33, 65, 31, 10}}) {
      for (const Features features : kAllFeatures) {
        SCOPED_TRACE(testing::PrintToString(widths) + " " + featuresName(features));
        PassSpec spec = makeSpec(widths, features, 37, 16, SquaredGradient{mode});
        spec.objective = makeObjective(target, spec);
        const PassResult result = run(spec, *makeBackend(GetParam()));
        EXPECT_LT(relativeError(expectedFisher(spec, mode), result.values), 1e-5);
      }
    }
  }
};

TEST_P(FisherTest, of_each_row) { check(FisherMode::kPerRow, Target::kLabel); }
TEST_P(FisherTest, of_each_row_towards_the_uniform_target) {
  check(FisherMode::kPerRow, Target::kUniform);
}
TEST_P(FisherTest, of_each_batch) { check(FisherMode::kBatch, Target::kLabel); }
TEST_P(FisherTest, of_each_batch_with_explicit_targets) {
  check(FisherMode::kBatch, Target::kExplicit);
}

TEST_P(FisherTest, is_the_same_in_both_modes_for_batches_of_one) {
  PassSpec spec = makeSpec({7, 6, 3}, Features::kFloats, 11, 1, SquaredGradient{});
  const Vector perRow = expectedFisher(spec, FisherMode::kPerRow);
  for (const FisherMode mode : {FisherMode::kPerRow, FisherMode::kBatch}) {
    spec.sink = SquaredGradient{mode};
    EXPECT_LT(relativeError(perRow, run(spec, *makeBackend(GetParam())).values), 1e-5);
  }
}

/** The reference study stops after the batch in which it has seen enough rows. */
TEST_P(FisherTest, divides_by_the_rows_seen_when_cut_short) {
  PassSpec spec = makeSpec({7, 6, 3}, Features::kBytes, 20, 8, SquaredGradient{FisherMode::kBatch});
  PassSpec cut = spec;
  cut.plan.maxSteps = 2;
  spec.plan.rows.resize(16);
  EXPECT_LT(relativeError(expectedFisher(spec, FisherMode::kBatch),
                          run(cut, *makeBackend(GetParam())).values),
            1e-5);
}

INSTANTIATE_TEST_SUITE_P(Backends, FisherTest, testing::ValuesIn(backendNames()), backendTestName);

}  // namespace
}  // namespace lethe::test
