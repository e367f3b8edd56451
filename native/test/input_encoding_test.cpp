#include "lethe/input_encoding.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "test/support.h"

namespace lethe::test {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kLargest = std::numeric_limits<float>::max();
using Kind = EncodedColumn::Kind;

/** A standardized number that may be missing, three categories that may be missing, a number. */
InputEncoding mixed() {
  return InputEncoding({{Kind::kNumber, true, 2, 1, 4, 0},
                        {Kind::kCategory, true, 0, 0, 1, 3},
                        {Kind::kNumber, false, 0, 0, 1, 0}});
}

std::vector<float> encoded(const InputEncoding& encoding, const std::vector<float>& row) {
  std::vector<float> out(encoding.inputs());
  encoding.encode(row.data(), out.data());
  return out;
}

TEST(InputEncoding, counts_its_inputs) {
  EXPECT_EQ(mixed().columns(), 3u);
  EXPECT_EQ(mixed().inputs(), 2u + 4u + 1u);
}

TEST(InputEncoding, encodes_numbers_categories_and_missing_values) {
  EXPECT_TRUE(sameBits({(9.0f - 1) / 4, 0, 0, 1, 0, 0, -5}, encoded(mixed(), {9, 1, -5})));
  EXPECT_TRUE(sameBits({(2.0f - 1) / 4, 1, 0, 0, 0, 1, 0}, encoded(mixed(), {kNan, kNan, 0})));
}

TEST(InputEncoding, takes_what_is_no_place_for_no_category) {
  for (const float value : {-1.0f, 3.0f, 0.5f, 1e30f, -kLargest}) {
    EXPECT_TRUE(sameBits({-0.25f, 0, 0, 0, 0, 0, 7}, encoded(mixed(), {0, value, 7}))) << value;
  }
}

TEST(InputEncoding, holds_numbers_within_float32) {
  const InputEncoding steep({{Kind::kNumber, false, 0, -kLargest, 1e-30f, 0}});
  EXPECT_TRUE(sameBits({kLargest}, encoded(steep, {kLargest})));
  const InputEncoding falling({{Kind::kNumber, false, 0, kLargest, 1e-30f, 0}});
  EXPECT_TRUE(sameBits({-kLargest}, encoded(falling, {-kLargest})));
}

TEST(InputEncoding, refuses_columns_that_make_no_inputs) {
  const auto refuses = [](std::vector<EncodedColumn> columns) {
    return fails(ErrorCode::kInvalidArgument, "", [&] { InputEncoding{std::move(columns)}; });
  };
  EXPECT_TRUE(refuses({}));
  EXPECT_TRUE(refuses({{Kind::kCategory, false, 0, 0, 1, 0}}));
  EXPECT_TRUE(refuses({{Kind::kNumber, false, 0, 0, 0, 0}}));
  EXPECT_TRUE(refuses({{Kind::kNumber, false, kNan, 0, 1, 0}}));
  EXPECT_TRUE(refuses({{Kind::kNumber, false, 0, 0, std::numeric_limits<float>::infinity(), 0}}));
}

TEST(InputEncoding, encodes_all_rows_of_a_data_set_on_any_number_of_threads) {
  constexpr std::size_t kRows = 257;
  std::vector<float> values(3 * kRows);
  std::vector<std::uint32_t> labels(kRows);
  for (std::size_t row = 0; row < kRows; ++row) {
    values[3 * row] = row % 5 == 0 ? kNan : static_cast<float>(row);
    values[3 * row + 1] = row % 7 == 0 ? kNan : static_cast<float>(row % 3);
    values[3 * row + 2] = static_cast<float>(row % 2);
    labels[row] = row % 2;
  }
  const auto raw = Dataset::fromFloats(values, labels, 3, 2, {1, 1, 0});
  for (const std::size_t threads : {1u, 2u, 7u, 1000u}) {
    const auto inputs = encodeRows(*raw, mixed(), threads);
    ASSERT_EQ(inputs->rows(), kRows);
    ASSERT_EQ(inputs->columns(), 7u);
    EXPECT_EQ(inputs->classes(), 2u);
    for (std::size_t row = 0; row < kRows; ++row) {
      const auto own =
          encoded(mixed(), {values[3 * row], values[3 * row + 1], values[3 * row + 2]});
      EXPECT_TRUE(sameBits(
          own, {inputs->floatFeatures() + 7 * row, inputs->floatFeatures() + 7 * (row + 1)}));
      EXPECT_EQ(inputs->nonzeros(row), countNonzeros(own));
      EXPECT_EQ(inputs->label(row), labels[row]);
    }
  }
}

TEST(InputEncoding, refuses_data_sets_of_other_columns_and_bytes) {
  const auto narrow = Dataset::fromFloats({1, 2}, {0}, 2, 1);
  EXPECT_TRUE(
      fails(ErrorCode::kInvalidArgument, "3 columns", [&] { encodeRows(*narrow, mixed()); }));
  const auto bytes = Dataset::fromBytes({1, 2, 3}, {}, {0}, 3, 1);
  EXPECT_TRUE(fails(ErrorCode::kInvalidArgument, "bytes", [&] { encodeRows(*bytes, mixed()); }));
  const std::vector<std::uint32_t> rows{0};
  EXPECT_TRUE(
      fails(ErrorCode::kInvalidArgument, "bytes", [&] { presentStatistics(*bytes, rows); }));
}

TEST(PresentStatistics, leaves_missing_values_out) {
  const auto raw = Dataset::fromFloats({1, kNan, 4, kNan, 10, 3, kNan, 5}, {0, 0, 0, 0}, 2, 1,
                                       MissingColumns{1, 1});
  const std::vector<std::uint32_t> rows{0, 1, 3};
  for (const std::size_t threads : {1u, 2u, 9u}) {
    const auto found = presentStatistics(*raw, rows, threads);
    EXPECT_EQ(found.counts, (std::vector<double>{2, 1}));
    EXPECT_EQ(found.means, (std::vector<double>{2.5, 5}));
    EXPECT_EQ(found.variances, (std::vector<double>{2.25, 0}));
  }
}

TEST(PresentStatistics, are_0_where_every_value_is_missing) {
  const auto raw = Dataset::fromFloats({kNan, kNan}, {0, 0}, 1, 1, MissingColumns{1});
  const auto found = presentStatistics(*raw, std::vector<std::uint32_t>{0, 1});
  EXPECT_EQ(found.counts, std::vector<double>{0});
  EXPECT_EQ(found.means, std::vector<double>{0});
  EXPECT_EQ(found.variances, std::vector<double>{0});
}

TEST(PresentStatistics, keep_a_small_variance_beside_a_large_mean) {
  std::vector<float> values;
  for (int i = 0; i < 1000; ++i) values.push_back(1e7f + static_cast<float>(i % 2));
  const std::vector<std::uint32_t> labels(1000);
  std::vector<std::uint32_t> rows(1000);
  std::iota(rows.begin(), rows.end(), 0u);
  const auto raw = Dataset::fromFloats(values, labels, 1, 1);
  EXPECT_EQ(presentStatistics(*raw, rows).variances, std::vector<double>{0.25});
}

TEST(Dataset, takes_missing_values_only_where_they_may_be) {
  const auto refuses = [](const char* part, const MissingColumns& missing) {
    return fails(ErrorCode::kInvalidArgument, part, [&] {
      Dataset::fromFloats({1, kNan}, {0}, 2, 1, missing);
    });
  };
  EXPECT_TRUE(std::isnan(Dataset::fromFloats({1, kNan}, {0}, 2, 1, {0, 1})->floatFeatures()[1]));
  EXPECT_TRUE(refuses("row 0, column 1", {}));
  EXPECT_TRUE(refuses("row 0, column 1", {1, 0}));
  EXPECT_TRUE(refuses("every column", {1}));
  EXPECT_TRUE(fails(ErrorCode::kInvalidArgument, "row 0, column 0", [] {
    Dataset::fromFloats({std::numeric_limits<float>::infinity()}, {0}, 1, 1, {1});
  }));
}

}  // namespace
}  // namespace lethe::test
