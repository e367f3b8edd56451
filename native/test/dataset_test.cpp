#include "lethe/dataset.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "test/support.h"

namespace lethe::test {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

template <class Action>
testing::AssertionResult refuses(const char* part, const Action& action) {
  return fails(ErrorCode::kInvalidArgument, part, action);
}

TEST(Dataset, holds_bytes_with_their_map) {
  const auto dataset = Dataset::fromBytes({0, 1, 2, 3, 4, 255}, {0.5f, -1}, {1, 0, 2}, 2, 3);
  EXPECT_EQ(dataset->rows(), 3u);
  EXPECT_EQ(dataset->columns(), 2u);
  EXPECT_EQ(dataset->classes(), 3u);
  EXPECT_EQ(dataset->label(2), 2u);
  EXPECT_EQ(dataset->nonzeros(0), 1u);
  EXPECT_EQ(dataset->nonzeros(1), 2u);
  EXPECT_EQ(dataset->bytes(), 6 + 3 * 2 * sizeof(std::uint32_t));
  EXPECT_EQ(dataset->byteFeatures()[5], 255);
  EXPECT_EQ(dataset->floatFeatures(), nullptr);
}

TEST(Dataset, holds_floats) {
  const auto dataset = Dataset::fromFloats({0.5f, -2}, {0, 1}, 1, 2);
  EXPECT_EQ(dataset->bytes(), 2 * sizeof(float) + 2 * 2 * sizeof(std::uint32_t));
  EXPECT_EQ(dataset->floatFeatures()[1], -2);
  EXPECT_EQ(dataset->byteFeatures(), nullptr);
}

TEST(Dataset, normalizes_the_rows_asked_for) {
  const auto bytes = Dataset::fromBytes({0, 1, 2, 255}, {0.1f, -0.3f}, {0, 0}, 2, 1);
  std::vector<float> out(4);
  bytes->normalized(std::vector<std::uint32_t>{1, 0}, out.data());
  EXPECT_TRUE(sameBits({std::fma(0.1f, 2.0f, -0.3f), std::fma(0.1f, 255.0f, -0.3f), -0.3f,
                        std::fma(0.1f, 1.0f, -0.3f)},
                       out));
  const auto floats = Dataset::fromFloats({1, 2, 3, 4}, {0, 0}, 2, 1);
  floats->normalized(std::vector<std::uint32_t>{1, 1}, out.data());
  EXPECT_TRUE(sameBits({3, 4, 3, 4}, out));
}

TEST(Dataset, refuses_features_that_do_not_fit_the_labels) {
  const char* part = "one label a row";
  EXPECT_TRUE(refuses(part, [] { Dataset::fromBytes({}, {}, {}, 1, 1); }));
  EXPECT_TRUE(refuses(part, [] { Dataset::fromBytes({1}, {}, {0}, 0, 1); }));
  EXPECT_TRUE(refuses(part, [] { Dataset::fromBytes({1, 2, 3}, {}, {0}, 2, 1); }));
  EXPECT_TRUE(refuses(part, [] { Dataset::fromBytes({1, 2}, {}, {0, 0}, 2, 1); }));
  EXPECT_TRUE(refuses(part, [] { Dataset::fromFloats({1, 2, 3, 4}, {0}, 2, 1); }));
  EXPECT_TRUE(refuses(part, [] { Dataset::fromFloats({kNan}, {0}, 0, 1); }));
  // rows x columns would wrap around to the size.
  EXPECT_TRUE(refuses(part, [] { Dataset::fromBytes({1, 2}, {}, {0, 0}, SIZE_MAX / 2 + 2, 1); }));
}

TEST(Dataset, refuses_labels_out_of_range) {
  EXPECT_TRUE(refuses("the label of row 1 is 3", [] {
    Dataset::fromBytes({1, 2, 3}, {}, {0, 3, 1}, 1, 3);
  }));
  EXPECT_TRUE(refuses("classes", [] { Dataset::fromBytes({1}, {}, {0}, 1, 0); }));
}

TEST(Dataset, refuses_a_map_that_loses_the_data) {
  for (const AffineMap map : {AffineMap{kNan, 0}, AffineMap{kInfinity, 0}, AffineMap{0, 0},
                              AffineMap{1, kNan}, AffineMap{1, -kInfinity}}) {
    EXPECT_TRUE(refuses("affine map", [&] { Dataset::fromBytes({1}, map, {0}, 1, 1); }));
  }
}

TEST(Dataset, refuses_features_that_are_not_finite) {
  for (const float bad : {kNan, kInfinity, -kInfinity}) {
    EXPECT_TRUE(refuses("row 1, column 0", [&] {
      Dataset::fromFloats({1, 2, bad, 4}, {0, 0}, 2, 1);
    }));
  }
}

TEST(Dataset, selects_rows_and_columns_in_their_order) {
  const auto bytes = Dataset::fromBytes({1, 0, 3, 4, 5, 6}, {0.5f, -1}, {1, 2}, 3, 3);
  const auto selected =
      bytes->select(std::vector<std::uint32_t>{1, 0}, std::vector<std::uint32_t>{2, 1});
  EXPECT_EQ(selected->columns(), 2u);
  EXPECT_EQ(selected->classes(), 3u);
  EXPECT_EQ(selected->label(0), 2u);
  EXPECT_EQ(selected->label(1), 1u);
  EXPECT_EQ(selected->nonzeros(1), 1u);
  EXPECT_EQ(selected->map().scale, 0.5f);
  EXPECT_EQ(std::vector<std::uint8_t>({6, 5, 3, 0}),
            std::vector<std::uint8_t>(selected->byteFeatures(), selected->byteFeatures() + 4));
  const auto floats = Dataset::fromFloats({1, 2}, {0, 0}, 1, 1);
  const std::vector<std::uint32_t> second{1}, first{0};
  EXPECT_EQ(floats->select(second, first)->floatFeatures()[0], 2);

  EXPECT_TRUE(fails(ErrorCode::kInvalidRows, "row 2",
                    [&] { bytes->select(std::vector<std::uint32_t>{2}, first); }));
  EXPECT_TRUE(refuses("column must be below 3",
                      [&] { bytes->select(first, std::vector<std::uint32_t>{3}); }));
  EXPECT_TRUE(refuses("at least one", [&] { bytes->select({}, first); }));
  EXPECT_TRUE(refuses("at least one", [&] { bytes->select(first, {}); }));
}

TEST(Dataset, refuses_rows_that_it_does_not_have) {
  const auto dataset = Dataset::fromBytes({1, 2}, {}, {0, 0}, 1, 1);
  float out[2];
  dataset->checkRows(std::vector<std::uint32_t>{0, 1, 1});
  const std::vector<std::uint32_t> rows{0, 2};
  EXPECT_TRUE(
      fails(ErrorCode::kInvalidRows, "row 2 is out of range", [&] { dataset->checkRows(rows); }));
  EXPECT_TRUE(fails(ErrorCode::kInvalidRows, "row 2 is out of range",
                    [&] { dataset->normalized(rows, out); }));
}

TEST(Dataset, arranges_its_rows_where_they_are) {
  const auto bytes = Dataset::fromBytes({1, 0, 2, 2, 0, 0}, {}, {3, 1, 2}, 2, 4);
  bytes->arrange({2, 0, 1});
  EXPECT_EQ(std::vector<std::uint8_t>({0, 0, 1, 0, 2, 2}),
            std::vector<std::uint8_t>(bytes->byteFeatures(), bytes->byteFeatures() + 6));
  EXPECT_EQ(bytes->label(0), 2u);
  EXPECT_EQ(bytes->label(1), 3u);
  EXPECT_EQ(bytes->nonzeros(0), 0u);
  EXPECT_EQ(bytes->nonzeros(2), 2u);
  const auto floats = Dataset::fromFloats({1, 2, 3, 4}, {0, 1, 2, 3}, 1, 4);
  floats->arrange({1, 0, 3, 2});
  EXPECT_TRUE(sameBits({2, 1, 4, 3}, {floats->floatFeatures(), floats->floatFeatures() + 4}));
  for (const std::vector<std::uint32_t>& order :
       {std::vector<std::uint32_t>{0, 1, 2}, {0, 1, 2, 2}, {0, 1, 2, 4}, {0, 1, 2, 3, 0}, {}}) {
    EXPECT_TRUE(refuses("every row once", [&] { floats->arrange(order); }));
  }
}

TEST(Dataset, erases_rows_in_place) {
  const auto bytes = Dataset::fromBytes({1, 2, 3, 4, 5, 6}, {}, {1, 1, 1}, 2, 2);
  const std::uint8_t* memory = bytes->byteFeatures();
  bytes->erase(std::vector<std::uint32_t>{1});
  EXPECT_EQ(bytes->byteFeatures(), memory);
  EXPECT_EQ(std::vector<std::uint8_t>({1, 2, 0, 0, 5, 6}),
            std::vector<std::uint8_t>(memory, memory + 6));
  EXPECT_EQ(bytes->label(1), 0u);
  EXPECT_EQ(bytes->nonzeros(1), 0u);
  EXPECT_EQ(bytes->label(2), 1u);
  const auto floats = Dataset::fromFloats({1, 2, 3}, {0, 0, 0}, 1, 1);
  floats->erase(std::vector<std::uint32_t>{2, 0});
  EXPECT_TRUE(sameBits({0, 2, 0}, {floats->floatFeatures(), floats->floatFeatures() + 3}));
  EXPECT_TRUE(fails(ErrorCode::kInvalidRows, "row 3", [&] {
    floats->erase(std::vector<std::uint32_t>{1, 3});
  }));
  EXPECT_EQ(floats->floatFeatures()[1], 2);
}

TEST(Dataset, copies_features_as_they_are_stored) {
  const auto bytes = Dataset::fromBytes({1, 2, 3, 4}, {0.5f, -1}, {0, 0}, 2, 1);
  std::byte raw[4];
  bytes->copyRows(std::vector<std::uint32_t>{1, 0}, raw);
  EXPECT_EQ(raw[0], std::byte{3});
  EXPECT_EQ(raw[3], std::byte{2});
  const auto floats = Dataset::fromFloats({1, -0.0f}, {0, 0}, 1, 1);
  std::vector<float> out(2);
  floats->copyRows(std::vector<std::uint32_t>{1, 0}, reinterpret_cast<std::byte*>(out.data()));
  EXPECT_TRUE(sameBits({-0.0f, 1}, out));
  EXPECT_TRUE(fails(ErrorCode::kInvalidRows, "row 2",
                    [&] { floats->copyRows(std::vector<std::uint32_t>{2}, raw); }));
}

TEST(Dataset, takes_counts_of_nonzeros_for_every_row_or_none) {
  const auto counted = Dataset::fromCounted({1, 0, 0, 0}, {1, 0}, {0, 0}, 2, 1);
  EXPECT_EQ(1u, counted->nonzeros(0));
  EXPECT_EQ(0u, counted->nonzeros(1));
  EXPECT_TRUE(fails(ErrorCode::kInvalidArgument, "one count", [] {
    Dataset::fromCounted({1, 0, 0, 0}, {1}, {0, 0}, 2, 1);
  }));
}

}  // namespace
}  // namespace lethe::test
