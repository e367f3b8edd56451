#pragma once

#include "cpu/kernels/epilogues.h"

/**
 * Products whose input has many zeros. fma(0, b, sum) is sum for every finite b, so that a chain
 * over the nonzeros ends in the same bits as the dense one.
 */
namespace lethe::cpu {

template <class S>
std::size_t nonzeros(const float* values, std::size_t count, std::uint32_t firstIndex,
                     SparseEntry* entries) {
  std::size_t written = 0, i = 0;
  for (; i + S::kWidth <= count; i += S::kWidth) {
    written +=
        S::writeNonzeros(values + i, firstIndex + static_cast<std::uint32_t>(i), entries + written);
  }
  return written + writeNonzeros(values + i, count - i, firstIndex + static_cast<std::uint32_t>(i),
                                 entries + written);
}

/** The accumulators of one row of kPanels panels. */
template <class S, int kPanels>
struct SparseSums {
  using Float = typename S::Float;
  static constexpr int kVectors = kPanelLanes / S::kWidth;

  /** Adds `value` times a row of every panel; `row` is the first panel's. */
  void add(float value, const float* row, std::ptrdiff_t panelStride) {
    const Float factor = S::set(value);
    for (int p = 0; p < kPanels; ++p, row += panelStride) {
      for (int v = 0; v < kVectors; ++v) {
        sums[p][v] = S::fma(factor, S::load(row + v * S::kWidth), sums[p][v]);
      }
    }
  }

  void clear() {
    for (auto& panel : sums) {
      for (Float& sum : panel) sum = S::zero();
    }
  }

  /** Calls visit(sum, panel, lane within the panel) for every vector. */
  template <class Visit>
  void forEach(const Visit& visit) {
    for (int p = 0; p < kPanels; ++p) {
      for (int v = 0; v < kVectors; ++v) visit(sums[p][v], p, v * S::kWidth);
    }
  }

  Float sums[kPanels][kVectors];
};

/**
 * Takes a block of inputs for all rows, while its weights are in the cache, before the next block.
 * Partial sums wait in `out`.
 */
template <class S, int kPanels>
inline void forwardSparsePanels(const SparseForwardArguments& arguments) {
  const SparseRows& input = arguments.input;
  const LayerOutput<S> output(arguments.epilogue);
  SparseSums<S, kPanels> sums;
  for (std::size_t block = 0; block < input.blocks; ++block) {
    const bool first = block == 0;
    const bool last = block + 1 == input.blocks;
    for (std::size_t row = 0; row < input.rows; ++row) {
      float* out = arguments.out + static_cast<std::ptrdiff_t>(row) * arguments.outRow;
      sums.forEach([&](auto& sum, std::size_t panel, std::size_t lane) {
        sum = first ? S::zero() : S::load(out + panel * kPanelLanes + lane);
      });
      const std::uint32_t* offsets = input.offsets + row * input.blocks + block;
      for (std::uint32_t i = offsets[0]; i < offsets[1]; ++i) {
        const SparseEntry& entry = input.entries[i];
        sums.add(entry.value, arguments.weights + entry.index * kPanelLanes, arguments.panelStride);
      }
      sums.forEach([&](auto& sum, std::size_t panel, std::size_t lane) {
        const std::size_t at = panel * kPanelLanes + lane;
        S::store(out + at, last ? output(finished<S>(sum), at) : sum);
      });
    }
  }
}

template <class S, int kPanels>
inline void updateWeightsSparsePanels(const SparseUpdateArguments& arguments) {
  const SparseColumns& input = arguments.input;
  withWeightUpdate<S>(arguments.epilogue, [&](const auto& apply) {
    SparseSums<S, kPanels> sums;
    for (std::size_t column = 0; column < input.columns; ++column) {
      sums.clear();
      for (std::uint32_t i = input.offsets[column]; i < input.offsets[column + 1]; ++i) {
        const SparseEntry& entry = input.entries[i];
        sums.add(
            entry.value,
            arguments.gradients + static_cast<std::ptrdiff_t>(entry.index) * arguments.gradientRow,
            kPanelLanes);
      }
      sums.forEach([&](auto& sum, std::size_t panel, std::size_t lane) {
        apply(finished<S>(sum), column, panel * kPanelLanes + lane,
              panel * arguments.panelStride + column * kPanelLanes + lane);
      });
    }
  });
}

template <class S>
void forwardSparse(const SparseForwardArguments& arguments) {
  arguments.panels == kSparsePanels ? forwardSparsePanels<S, kSparsePanels>(arguments)
                                    : forwardSparsePanels<S, 1>(arguments);
}

template <class S>
void updateWeightsSparse(const SparseUpdateArguments& arguments) {
  arguments.panels == kSparsePanels ? updateWeightsSparsePanels<S, kSparsePanels>(arguments)
                                    : updateWeightsSparsePanels<S, 1>(arguments);
}

}  // namespace lethe::cpu
