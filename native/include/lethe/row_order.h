#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace lethe {

/** The places of the numbers in ascending order; equal numbers keep theirs. */
std::vector<std::uint32_t> ascendingOrder(std::span<const std::int64_t> numbers);

/**
 * The places of texts in ascending order of their bytes; equal texts keep theirs. Text i ends
 * before ends[i] and begins where the text before it ends. Throws kInvalidArgument: ends that
 * descend, or lie beyond the bytes.
 */
std::vector<std::uint32_t> ascendingOrder(std::span<const std::uint8_t> bytes,
                                          std::span<const std::uint32_t> ends);

}  // namespace lethe
