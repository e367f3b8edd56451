#include "lethe/dataset_builder.h"

#include <gtest/gtest.h>

#include <numeric>

#include "test/support.h"

namespace lethe::test {
namespace {

TEST(DatasetBuilder, makes_a_data_set_of_rows_in_any_portions) {
  // Over several pieces, the later of which are larger.
  std::vector<float> values(300'000);
  std::iota(values.begin(), values.end(), 0.0f);
  const std::span<const float> all(values);
  DatasetBuilder builder(DatasetBuilder::Storage::kFloats);
  for (std::size_t first = 0, size = 0; first < all.size(); first += size) {
    size = std::min<std::size_t>(all.size() - first, 3 * (first % 7000 + 1));
    builder.append(all.subspan(first, size));
  }
  const std::vector<std::uint32_t> labels(100'000, 1);
  const auto dataset = builder.finish({}, labels, 3, 2, {});
  EXPECT_TRUE(sameBits(values, {dataset->floatFeatures(), dataset->floatFeatures() + 300'000}));
}

TEST(DatasetBuilder, puts_rows_in_their_order) {
  DatasetBuilder builder(DatasetBuilder::Storage::kBytes);
  builder.append(std::vector<std::uint8_t>{1, 2, 3, 4});
  const auto dataset = builder.finish({0.5f, 1}, {0, 1}, 2, 2, {1, 0});
  EXPECT_EQ(dataset->byteFeatures()[0], 3);
  EXPECT_EQ(dataset->label(0), 1u);
  EXPECT_EQ(dataset->map().scale, 0.5f);
}

TEST(DatasetBuilder, refuses_what_a_data_set_refuses) {
  DatasetBuilder builder(DatasetBuilder::Storage::kFloats);
  EXPECT_TRUE(fails(ErrorCode::kInvalidArgument, "same type",
                    [&] { builder.append(std::vector<std::uint8_t>{1}); }));
  builder.append(std::vector<float>{1, 2, 3});
  EXPECT_TRUE(fails(ErrorCode::kInvalidArgument, "one label a row",
                    [&] { builder.finish({}, {0}, 2, 1, {}); }));
  EXPECT_TRUE(fails(ErrorCode::kInvalidArgument, "one label a row",
                    [&] { builder.finish({}, {}, 2, 1, {}); }));
}

}  // namespace
}  // namespace lethe::test
