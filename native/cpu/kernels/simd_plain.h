#pragma once

#include <stdint.h>

#include "arithmetic/four_lanes.h"
#include "cpu/kernels/sparse_entry.h"

namespace lethe::cpu {

/** Four lanes in plain C++, as the kernels use them. */
struct SimdPlain : arithmetic::FourLanes {
  static constexpr int kTileRows = 4;
  static constexpr int kTileVectors = 2;

  static Float loadBytes(const uint8_t* p) {
    return map([=](int i) { return static_cast<float>(p[i]); });
  }
  static size_t writeNonzeros(const float* p, uint32_t firstIndex, SparseEntry* entries) {
    return cpu::writeNonzeros(p, kWidth, firstIndex, entries);
  }
};

}  // namespace lethe::cpu
