#include "lethe/map_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <numeric>
#include <set>
#include <thread>

#include "lethe/column_statistics.h"
#include "test/support.h"

namespace lethe::test {
namespace {

constexpr std::size_t kRows = 700;  // several chunks, the last one smaller
constexpr std::size_t kColumns = 90;
constexpr std::size_t kOutputs = 35;

class MapRowsTest : public testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(Backends, MapRowsTest, testing::ValuesIn(backendNames()), backendTestName);

LinearMap makeMap(std::vector<std::uint32_t> columns) {
  Random random(3);
  const std::size_t weights = kOutputs * columns.size();
  return {std::move(columns), random.uniforms(weights, -1, 1), random.uniforms(kOutputs, -1, 1)};
}

std::vector<std::uint32_t> someColumns() {
  std::vector<std::uint32_t> columns;
  for (std::uint32_t k = 0; k < kColumns; ++k) {
    if (k % 7 != 3) columns.push_back(k);
  }
  std::swap(columns[4], columns[30]);
  return columns;
}

std::vector<std::uint32_t> rowsBackwards() {
  std::vector<std::uint32_t> rows(kRows);
  std::iota(rows.rbegin(), rows.rend(), 0u);
  return rows;
}

TEST_P(MapRowsTest, is_the_product_on_any_features) {
  const auto rows = rowsBackwards();
  const LinearMap map = makeMap(someColumns());
  for (const Features features : kAllFeatures) {
    SCOPED_TRACE(featuresName(features));
    const auto dataset = makeDataset(features, kRows, kColumns, 4);
    Control control;
    const auto mapped = mapRows(*makeBackend(GetParam()), dataset, rows, map, 2, control);
    ASSERT_EQ(kRows, mapped->rows());
    ASSERT_EQ(kOutputs, mapped->columns());
    std::vector<float> inputs(kColumns);
    for (std::size_t i = 0; i < kRows; i += 33) {
      dataset->normalized({&rows[i], 1}, inputs.data());
      EXPECT_EQ(dataset->label(rows[i]), mapped->label(i));
      for (std::size_t o = 0; o < kOutputs; ++o) {
        double sum = map.bias[o];
        double size = std::abs(sum);
        for (std::size_t k = 0; k < map.columns.size(); ++k) {
          const double product =
              double{map.weights[o * map.columns.size() + k]} * inputs[map.columns[k]];
          sum += product;
          size += std::abs(product);
        }
        EXPECT_NEAR(sum, mapped->floatFeatures()[i * kOutputs + o], 1e-5 * size);
      }
    }
  }
}

/** A map that gives each row its own columns in another order. */
LinearMap permutation() {
  LinearMap map{std::vector<std::uint32_t>(kColumns), std::vector<float>(kColumns * kColumns),
                std::vector<float>(kColumns)};
  std::iota(map.columns.rbegin(), map.columns.rend(), 0u);
  for (std::size_t k = 0; k < kColumns; ++k) map.weights[k * kColumns + k] = 1;
  return map;
}

TEST_P(MapRowsTest, reads_all_columns_in_the_order_of_the_map) {
  const auto rows = rowsBackwards();
  const auto dataset = makeDataset(Features::kFloats, kRows, kColumns, 4);
  Control control;
  const auto mapped = mapRows(*makeBackend(GetParam()), dataset, rows, permutation(), 2, control);
  for (std::size_t i = 0; i < kRows; i += 33) {
    const float* from = dataset->floatFeatures() + rows[i] * kColumns;
    const float* to = mapped->floatFeatures() + i * kColumns;
    for (std::size_t k = 0; k < kColumns; ++k) EXPECT_EQ(to[k], from[kColumns - 1 - k]);
  }
}

TEST_P(MapRowsTest, counts_the_nonzeros_of_each_row) {
  const auto dataset = makeDataset(Features::kSparseFloats, kRows, kColumns, 4);
  Control control;
  const auto mapped =
      mapRows(*makeBackend(GetParam()), dataset, rowsBackwards(), permutation(), 2, control);
  std::set<std::uint32_t> counts;
  for (std::size_t i = 0; i < kRows; ++i) {
    const std::span row(mapped->floatFeatures() + i * kColumns, kColumns);
    EXPECT_EQ(mapped->nonzeros(i), kColumns - std::count(row.begin(), row.end(), 0.0f));
    counts.insert(mapped->nonzeros(i));
  }
  EXPECT_GT(counts.size(), 5u);
}

TEST_P(MapRowsTest, has_the_bits_of_a_layer_whatever_the_threads) {
  const auto rows = rowsBackwards();
  const LinearMap map = makeMap(someColumns());
  const auto dataset = makeDataset(Features::kSparseBytes, kRows, kColumns, 4);
  const auto backend = makeBackend(GetParam());
  ParameterVector parameters = map.weights;
  parameters.insert(parameters.end(), map.bias.begin(), map.bias.end());
  const auto selected = dataset->select(rows, map.columns);
  const Model layer{Architecture({static_cast<std::uint32_t>(map.columns.size()), kOutputs}),
                    std::make_shared<const ParameterVector>(std::move(parameters))};
  Control control;
  const auto expected =
      pass(*backend, {layer, selected, everyRow(*selected, 128), {}, Logits{}}, control).values;
  for (const std::size_t threads : {1, 2, 5}) {
    const auto mapped = mapRows(*backend, dataset, rows, map, threads, control);
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), mapped->floatFeatures()));
  }
}

TEST_P(MapRowsTest, refuses_what_is_no_map_and_what_it_cannot_map) {
  const auto backend = makeBackend(GetParam());
  const auto dataset = makeDataset(Features::kFloats, kRows, kColumns, 4);
  const auto rows = rowsBackwards();
  const auto run = [&](const LinearMap& map, std::vector<std::uint32_t> of) {
    Control control;
    mapRows(*backend, dataset, of, map, 2, control);
  };
  const LinearMap map = makeMap(someColumns());
  LinearMap bad = map;
  bad.weights.pop_back();
  EXPECT_TRUE(fails(ErrorCode::kInvalidArgument, "outputs x columns", [&] { run(bad, rows); }));
  bad = map;
  bad.bias.back() = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(fails(ErrorCode::kInvalidArgument, "must be finite", [&] { run(bad, rows); }));
  bad = map;
  bad.columns.back() = kColumns;
  EXPECT_TRUE(fails(ErrorCode::kInvalidArgument, "every column", [&] { run(bad, rows); }));
  bad = map;
  std::fill(bad.weights.begin(), bad.weights.end(), 3e38f);
  EXPECT_TRUE(fails(ErrorCode::kDiverged, "not finite", [&] { run(bad, rows); }));
  EXPECT_TRUE(fails(ErrorCode::kEmptySet, "no rows", [&] { run(map, {}); }));
  EXPECT_TRUE(fails(ErrorCode::kInvalidRows, "out of range", [&] { run(map, {kRows}); }));
}

TEST_P(MapRowsTest, ends_when_asked_to) {
  const auto dataset = makeDataset(Features::kFloats, kRows, kColumns, 4);
  Control control;
  control.abort();
  EXPECT_TRUE(fails(ErrorCode::kAborted, "aborted", [&] {
    mapRows(*makeBackend(GetParam()), dataset, rowsBackwards(), makeMap(someColumns()), 2, control);
  }));
}

/** Its first call of all fails; the others take a while and are counted. */
class FailingBackend final : public Backend {
 public:
  class FailingPredictor final : public Predictor {
   public:
    explicit FailingPredictor(std::atomic<int>& calls) : calls_(calls) {}
    std::vector<float> logits(std::shared_ptr<const Dataset>,
                              std::span<const std::uint32_t> rows) override {
      if (calls_++ == 0) throw Error(ErrorCode::kDiverged, "the first call");
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      return std::vector<float>(rows.size());
    }
    std::size_t bytes() const override { return 0; }

   private:
    std::atomic<int>& calls_;
  };

  std::string description() const override { return "failing"; }
  std::unique_ptr<Executor> prepare(const Job&) override { return nullptr; }
  std::unique_ptr<Predictor> predictor(const Model&) override {
    return std::make_unique<FailingPredictor>(calls);
  }

  std::atomic<int> calls{0};
};

TEST(MapRows, ends_on_every_thread_once_one_has_failed) {
  constexpr std::size_t kMany = 1u << 19;  // 2,048 chunks of a millisecond each
  const auto dataset = Dataset::fromFloats({1}, {0}, 1, 1);
  FailingBackend backend;
  Control control;
  EXPECT_TRUE(fails(ErrorCode::kDiverged, "the first call", [&] {
    mapRows(backend, dataset, std::vector<std::uint32_t>(kMany), {{0}, {1}, {0}}, 3, control);
  }));
  EXPECT_LT(backend.calls, 1000);
}

TEST(ColumnStatistics, are_those_of_the_rows) {
  const auto dataset = Dataset::fromFloats({1, 2, 3, 2, 100, 100, 8, 2}, {0, 0, 0, 0}, 2, 1);
  const std::vector<std::uint32_t> rows{0, 1, 3};
  const auto [means, variances] = columnStatistics(*dataset, rows);
  EXPECT_EQ(4, means[0]);
  EXPECT_EQ(2, means[1]);
  EXPECT_DOUBLE_EQ((9 + 1 + 16) / 3.0, variances[0]);
  EXPECT_EQ(0, variances[1]);
  EXPECT_TRUE(fails(ErrorCode::kEmptySet, "no rows", [&] { columnStatistics(*dataset, {}); }));
}

TEST(ColumnStatistics, scale_columns) {
  const auto dataset = Dataset::fromBytes({0, 10, 20, 30}, {0.5f, -1}, {0, 0}, 2, 1);
  const std::vector<std::uint32_t> rows{1, 0};
  EXPECT_EQ((std::vector<float>{26, 18, 6, -2}),
            scaledColumns(*dataset, rows, {{1, 0}, {1, 0}, {2, 2}}));
  EXPECT_TRUE(fails(ErrorCode::kInvalidArgument, "a mean and a scale", [&] {
    scaledColumns(*dataset, rows, {{2}, {1}, {2}});
  }));
  EXPECT_TRUE(fails(ErrorCode::kInvalidArgument, "a mean and a scale", [&] {
    scaledColumns(*dataset, rows, {{1}, {}, {2}});
  }));
}

}  // namespace
}  // namespace lethe::test
