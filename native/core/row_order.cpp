#include "lethe/row_order.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string_view>

#include "lethe/error.h"

namespace lethe {
namespace {

template <class Key>
std::vector<std::uint32_t> sorted(std::size_t size, const Key& keyOf) {
  if (size > UINT32_MAX) throw Error(ErrorCode::kInvalidArgument, "there are too many rows");
  std::vector<std::uint32_t> order(size);
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return keyOf(a) < keyOf(b); });
  return order;
}

}  // namespace

std::vector<std::uint32_t> ascendingOrder(std::span<const std::int64_t> numbers) {
  return sorted(numbers.size(), [&](std::uint32_t row) { return numbers[row]; });
}

std::vector<std::uint32_t> ascendingOrder(std::span<const std::uint8_t> bytes,
                                          std::span<const std::uint32_t> ends) {
  if (!std::is_sorted(ends.begin(), ends.end()) || (!ends.empty() && ends.back() > bytes.size())) {
    throw Error(ErrorCode::kInvalidArgument, "the ends of the texts must ascend within the bytes");
  }
  // Characters of a string view compare as unsigned bytes, like those of memcmp.
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  return sorted(ends.size(), [&](std::uint32_t row) {
    const std::uint32_t start = row == 0 ? 0 : ends[row - 1];
    return std::string_view(text + start, ends[row] - start);
  });
}

}  // namespace lethe
