#include "lethe/schedule.h"

#include <gtest/gtest.h>

#include "test/support.h"

namespace lethe::test {
namespace {

std::vector<float> valuesOf(const Schedule& schedule, std::uint64_t steps) {
  std::vector<float> values;
  for (std::uint64_t step = 0; step < steps; ++step) values.push_back(schedule.at(step, steps));
  return values;
}

TEST(Schedule, is_constant_with_one_value) {
  EXPECT_EQ(valuesOf(0.25f, 3), (std::vector<float>{0.25f, 0.25f, 0.25f}));
}

/** One cycle of ten steps, computed by hand. */
TEST(Schedule, runs_straight_between_its_knots) {
  const Schedule cycle({{0, 0}, {0.5f, 1}, {1, 0}});
  EXPECT_EQ(valuesOf(cycle, 8), (std::vector<float>{0, 0.25f, 0.5f, 0.75f, 1, 0.75f, 0.5f, 0.25f}));
}

TEST(Schedule, is_constant_before_its_first_and_after_its_last_knot) {
  const Schedule schedule({{0.25f, 4}, {0.75f, 2}});
  EXPECT_EQ(valuesOf(schedule, 4), (std::vector<float>{4, 4, 3, 2}));
}

TEST(Schedule, is_what_a_pass_follows) {
  // Of two steps at rates r and 0 the second must change nothing, and the first what it does alone.
  PassSpec spec = makeSpec({7, 6, 3}, Features::kFloats, 20, 10, Sgd{.learningRate = 0.1f});
  spec.plan.maxSteps = 1;
  const auto backend = makeBackend(backendNames().front());
  const std::vector<float> once = run(spec, *backend).values;
  spec.plan.maxSteps = 2;
  spec.sink = Sgd{.learningRate = Schedule({{0, 0.1f}, {0.5f, 0}})};
  EXPECT_TRUE(sameBits(once, run(spec, *backend).values));
}

}  // namespace
}  // namespace lethe::test
