// Which rows a step learns from: samples of an epoch and the hardest rows of a batch.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "test/support.h"

namespace lethe::test {
namespace {

Plan sampling(std::size_t always, std::size_t pool, std::size_t samples) {
  Plan plan;
  plan.rows.resize(always);
  std::iota(plan.rows.begin(), plan.rows.end(), 0u);
  plan.sampledRows.resize(pool);
  std::iota(plan.sampledRows.begin(), plan.sampledRows.end(), 1000u);
  plan.samplesPerEpoch = samples;
  plan.shuffleSeed = 5;
  plan.batchSize = 4;
  return plan;
}

std::vector<std::vector<std::uint32_t>> epochs(const Plan& plan) {
  std::vector<std::vector<std::uint32_t>> visited(plan.epochs);
  BatchOrder order(plan);
  while (const auto batch = order.next()) {
    auto& epoch = visited[batch->epoch];
    epoch.insert(epoch.end(), batch->rows.begin(), batch->rows.end());
  }
  return visited;
}

TEST(Sampling, adds_fresh_rows_to_every_epoch_each_once) {
  Plan plan = sampling(7, 30, 12);
  plan.epochs = 200;
  std::map<std::uint32_t, int> visits;
  for (const auto& epoch : epochs(plan)) {
    const std::set<std::uint32_t> rows(epoch.begin(), epoch.end());
    ASSERT_EQ(epoch.size(), 19u);
    ASSERT_EQ(rows.size(), 19u);
    for (std::uint32_t row = 0; row < 7; ++row) EXPECT_TRUE(rows.contains(row));
    for (const std::uint32_t row : rows) ++visits[row];
  }
  // Each sampled row is in 2 of 5 epochs; 200 of them have a standard deviation of 7.
  for (std::uint32_t row = 1000; row < 1030; ++row) EXPECT_NEAR(visits[row], 80, 35) << row;
}

TEST(Sampling, of_all_rows_is_a_permutation) {
  Plan plan = sampling(0, 30, 30);
  std::vector<std::uint32_t> rows = epochs(plan).front();
  std::sort(rows.begin(), rows.end());
  EXPECT_EQ(rows, plan.sampledRows);
}

TEST(Sampling, of_an_epoch_does_not_depend_on_the_others) {
  Plan plan = sampling(3, 30, 12);
  plan.epochs = 3;
  const auto three = epochs(plan);
  plan.epochs = 2;
  EXPECT_EQ(epochs(plan).back(), three[1]);
  EXPECT_NE(three[0], three[1]);
}

PassSpec hardestSpec(std::size_t hardest, Features features = Features::kFloats) {
  PassSpec spec = makeSpec({20, 9, 5}, features, 24, 24, Sgd{.learningRate = 0.5f});
  spec.plan.hardest = hardest;
  return spec;
}

/** The plan's rows of the largest loss, found from the logits in double precision. */
std::vector<std::uint32_t> rowsOfLargestLoss(const PassSpec& spec, std::size_t count) {
  PassSpec forward = spec;
  forward.plan.hardest.reset();
  forward.sink = Logits{};
  const std::vector<float> logits = run(forward, *makeBackend(backendNames().front())).values;
  const std::size_t classes = spec.model.architecture.classes();
  std::vector<double> losses;
  for (std::size_t i = 0; i < spec.plan.rows.size(); ++i) {
    double sum = 0;
    for (std::size_t c = 0; c < classes; ++c) {
      sum += std::exp(static_cast<double>(logits[i * classes + c]));
    }
    losses.push_back(std::log(sum) - logits[i * classes + spec.dataset->label(spec.plan.rows[i])]);
  }
  std::vector<std::uint32_t> order(losses.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(),
            [&](std::uint32_t a, std::uint32_t b) { return losses[a] > losses[b]; });
  order.resize(count);
  std::sort(order.begin(), order.end());
  return order;
}

TEST(Hardest, is_a_step_on_the_rows_of_the_largest_loss) {
  for (const Features features : kAllFeatures) {
    for (const std::size_t count : {1, 5, 24}) {
      SCOPED_TRACE(featuresName(features) + ", " + std::to_string(count));
      const PassSpec spec = hardestSpec(count, features);
      PassSpec chosen = spec;
      chosen.plan.hardest.reset();
      chosen.plan.rows = rowsOfLargestLoss(spec, count);
      const auto backend = makeBackend(backendNames().front());
      EXPECT_TRUE(sameBits(run(chosen, *backend).values, run(spec, *backend).values));
    }
  }
}

TEST(Hardest, takes_the_earlier_of_equal_rows) {
  // Without weights every row has the same loss, but not the same gradient.
  PassSpec spec = hardestSpec(2);
  spec.dataset = Dataset::fromFloats(Random(1).uniforms(24 * 20, -1, 1),
                                     std::vector<std::uint32_t>(24, 3), 20, 5);
  spec.model.architecture = Architecture({20, 5});
  spec.model.parameters = std::make_shared<const ParameterVector>(105, 0.0f);
  PassSpec first = spec;
  first.plan.hardest.reset();
  first.plan.rows = {0, 1};
  const auto backend = makeBackend(backendNames().front());
  EXPECT_TRUE(sameBits(run(first, *backend).values, run(spec, *backend).values));
}

TEST(Hardest, counts_the_losses_of_all_rows) {
  const auto backend = makeBackend(backendNames().front());
  PassSpec all = hardestSpec(24), few = hardestSpec(3);
  EXPECT_EQ(run(all, *backend).epochLoss, run(few, *backend).epochLoss);
  EXPECT_EQ(run(few, *backend).rows, 24u);
}

TEST(Hardest, keeps_the_same_share_of_a_smaller_batch) {
  Plan plan;
  plan.batchSize = 10;
  plan.hardest = 3;
  EXPECT_EQ(plan.keptRows(10), 3u);
  EXPECT_EQ(plan.keptRows(5), 2u);
  EXPECT_EQ(plan.keptRows(1), 1u);
}

}  // namespace
}  // namespace lethe::test
