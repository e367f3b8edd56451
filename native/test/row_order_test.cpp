#include "lethe/row_order.h"

#include <gtest/gtest.h>

#include <limits>

#include "test/support.h"

namespace lethe::test {
namespace {

using Order = std::vector<std::uint32_t>;

TEST(RowOrder, is_that_of_the_numbers) {
  const std::vector<std::int64_t> numbers{5, std::numeric_limits<std::int64_t>::max(), -1, 5,
                                          std::numeric_limits<std::int64_t>::min()};
  EXPECT_EQ(ascendingOrder(numbers), (Order{4, 2, 0, 3, 1}));
  EXPECT_EQ(ascendingOrder(std::span<const std::int64_t>{}), Order{});
}

TEST(RowOrder, is_that_of_the_texts_bytes) {
  // "b", "a", "\xff", "", "ab", "a": unsigned bytes, and a text comes before its continuations.
  const std::vector<std::uint8_t> bytes{'b', 'a', 0xff, 'a', 'b', 'a'};
  const std::vector<std::uint32_t> ends{1, 2, 3, 3, 5, 6};
  EXPECT_EQ(ascendingOrder(bytes, ends), (Order{3, 1, 5, 4, 0, 2}));
}

TEST(RowOrder, refuses_texts_that_are_not_among_the_bytes) {
  const std::vector<std::uint8_t> bytes{1, 2};
  for (const std::vector<std::uint32_t>& ends : {Order{3}, Order{2, 1}}) {
    EXPECT_TRUE(
        fails(ErrorCode::kInvalidArgument, "must ascend", [&] { ascendingOrder(bytes, ends); }));
  }
}

}  // namespace
}  // namespace lethe::test
