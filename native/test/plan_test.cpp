#include "lethe/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "lethe/philox.h"

namespace lethe::test {
namespace {

struct Visit {
  std::vector<std::vector<std::uint32_t>> batches;
  std::vector<std::uint32_t> epochs;  ///< of each batch
  std::vector<bool> ends;             ///< whether it ends its epoch
};

Visit visit(const Plan& plan) {
  Visit visit;
  BatchOrder order(plan);
  while (const auto batch = order.next()) {
    EXPECT_EQ(batch->step, visit.batches.size());
    visit.batches.emplace_back(batch->rows.begin(), batch->rows.end());
    visit.epochs.push_back(batch->epoch);
    visit.ends.push_back(batch->endsEpoch);
  }
  EXPECT_EQ(visit.batches.size(), plan.steps());
  EXPECT_FALSE(order.next());
  return visit;
}

/** The rows of one epoch in the order of their visit. */
std::vector<std::uint32_t> epochOrder(const Plan& plan, std::uint32_t epoch) {
  const Visit visited = visit(plan);
  std::vector<std::uint32_t> rows;
  for (std::size_t i = 0; i < visited.batches.size(); ++i) {
    if (visited.epochs[i] != epoch) continue;
    rows.insert(rows.end(), visited.batches[i].begin(), visited.batches[i].end());
  }
  return rows;
}

Plan rowsFrom100(std::size_t count, std::size_t batchSize, std::uint32_t epochs) {
  Plan plan;
  plan.rows.resize(count);
  std::iota(plan.rows.begin(), plan.rows.end(), 100u);
  plan.batchSize = batchSize;
  plan.epochs = epochs;
  return plan;
}

TEST(Plan, visits_unshuffled_rows_in_their_order) {
  using Batches = std::vector<std::vector<std::uint32_t>>;
  const Visit visited = visit(rowsFrom100(5, 2, 2));
  EXPECT_EQ(visited.batches,
            (Batches{{100, 101}, {102, 103}, {104}, {100, 101}, {102, 103}, {104}}));
  EXPECT_EQ(visited.epochs, (std::vector<std::uint32_t>{0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(visited.ends, (std::vector<bool>{false, false, true, false, false, true}));
}

TEST(Plan, visits_each_row_once_an_epoch_when_shuffled) {
  Plan plan = rowsFrom100(53, 8, 3);
  plan.shuffleSeed = 1;
  std::vector<std::vector<std::uint32_t>> orders;
  for (std::uint32_t epoch = 0; epoch < 3; ++epoch) {
    orders.push_back(epochOrder(plan, epoch));
    std::vector<std::uint32_t> sorted = orders.back();
    EXPECT_NE(sorted, plan.rows);
    std::sort(sorted.begin(), sorted.end());
    EXPECT_EQ(sorted, plan.rows);
  }
  EXPECT_NE(orders[0], orders[1]);
  EXPECT_NE(orders[1], orders[2]);
}

TEST(Plan, keeps_repeated_rows_when_shuffled) {
  Plan plan;
  plan.rows = {4, 4, 9};
  plan.shuffleSeed = 1;
  std::vector<std::uint32_t> order = epochOrder(plan, 0);
  std::sort(order.begin(), order.end());
  EXPECT_EQ(order, plan.rows);
}

/** The documented algorithm, written again: Fisher-Yates from the end, Philox substream 2. */
TEST(Plan, shuffles_by_the_documented_algorithm) {
  Plan plan = rowsFrom100(20, 6, 3);
  plan.shuffleSeed = 99;
  std::vector<std::uint32_t> expected = plan.rows;
  PhiloxStream stream(99, PhiloxPurpose::kBatchOrder, 2);
  for (std::uint32_t i = 19; i > 0; --i) std::swap(expected[i], expected[stream.below(i + 1)]);
  EXPECT_EQ(epochOrder(plan, 2), expected);
}

TEST(Plan, orders_an_epoch_by_seed_and_epoch_alone) {
  Plan longer = rowsFrom100(31, 8, 5), shorter = rowsFrom100(31, 3, 2);
  longer.shuffleSeed = shorter.shuffleSeed = 7;
  EXPECT_EQ(epochOrder(longer, 1), epochOrder(shorter, 1));
  Plan other = longer;
  other.shuffleSeed = 8;
  EXPECT_NE(epochOrder(longer, 1), epochOrder(other, 1));
}

TEST(Plan, stops_after_max_steps) {
  Plan plan = rowsFrom100(5, 2, 3);
  plan.maxSteps = 4;
  const Visit visited = visit(plan);
  EXPECT_EQ(visited.epochs, (std::vector<std::uint32_t>{0, 0, 0, 1}));
  EXPECT_EQ(visited.ends, (std::vector<bool>{false, false, true, true}));
}

TEST(Plan, shuffles_independently_of_max_steps) {
  Plan whole = rowsFrom100(12, 4, 1);
  whole.shuffleSeed = 3;
  Plan cut = whole;
  cut.maxSteps = 2;
  std::vector<std::uint32_t> expected = epochOrder(whole, 0);
  expected.resize(8);
  EXPECT_EQ(epochOrder(cut, 0), expected);
}

TEST(Plan, takes_a_batch_of_everything) {
  for (const std::size_t batchSize : {std::size_t{5}, std::size_t{6}, SIZE_MAX}) {
    const Visit visited = visit(rowsFrom100(5, batchSize, 1));
    ASSERT_EQ(visited.batches.size(), 1u) << batchSize;
    EXPECT_EQ(visited.batches[0].size(), 5u);
  }
}

TEST(Plan, counts_steps_beyond_32_bits) {
  const Plan plan = rowsFrom100(3, 1, 0xffffffff);
  EXPECT_EQ(plan.steps(), 3ull * 0xffffffff);
}

}  // namespace
}  // namespace lethe::test
