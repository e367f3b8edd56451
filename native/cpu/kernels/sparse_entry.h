#pragma once

#include <stddef.h>
#include <stdint.h>

namespace lethe::cpu {

/** A nonzero of an operand, with its index in its row or column. */
struct SparseEntry {
  float value;
  uint32_t index;
};

/**
 * Writes the nonzeros among `count` values to `entries`, which has room for one more, and returns
 * how many there are.
 */
inline size_t writeNonzeros(const float* values, size_t count, uint32_t firstIndex,
                            SparseEntry* entries) {
  size_t written = 0;
  for (size_t i = 0; i < count; ++i) {
    // A zero is written too and then overwritten, because a branch would often be mispredicted.
    entries[written] = {values[i], firstIndex + static_cast<uint32_t>(i)};
    written += values[i] != 0;
  }
  return written;
}

}  // namespace lethe::cpu
