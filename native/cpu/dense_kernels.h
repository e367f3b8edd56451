#pragma once

#include "epilogues.h"

/** Products of dense operands, one panel of outputs at a time. */
namespace lethe::cpu {

/**
 * One register tile: kRows x (kTileVectors * kWidth) outputs, each a chain of fused multiply-adds
 * over k in order. done(row, lane, value) receives the finished sums.
 */
template <class S, int kRows, class Done>
inline void multiplyTile(const PanelProduct& product, std::size_t firstRow, std::size_t firstLane,
                         const Done& done) {
  using Float = typename S::Float;
  constexpr int kVectors = S::kTileVectors;
  const float* a = product.a + static_cast<std::ptrdiff_t>(firstRow) * product.aRow;
  const float* b = product.b + firstLane;
  const std::ptrdiff_t aRow = product.aRow;

  Float sums[kRows][kVectors];
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) sums[r][v] = S::zero();
  }
  for (std::size_t k = 0; k < product.depth; ++k) {
    Float bVectors[kVectors];
    for (int v = 0; v < kVectors; ++v) bVectors[v] = S::load(b + v * S::kWidth);
    for (int r = 0; r < kRows; ++r) {
      const Float broadcast = S::set(a[r * aRow]);
      for (int v = 0; v < kVectors; ++v) sums[r][v] = S::fma(broadcast, bVectors[v], sums[r][v]);
    }
    a += product.aDepth;
    b += product.bDepth;
  }
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v)
      done(firstRow + r, firstLane + v * S::kWidth, finished<S>(sums[r][v]));
  }
}

/** Tiles of kRows while they fit, then smaller ones. */
template <class S, int kRows, class Done>
inline void multiplyRows(const PanelProduct& product, std::size_t row, std::size_t lane,
                         const Done& done) {
  for (; product.rows - row >= kRows; row += kRows) {
    multiplyTile<S, kRows>(product, row, lane, done);
  }
  if constexpr (kRows > 1) multiplyRows<S, kRows / 2>(product, row, lane, done);
}

template <class S, class Done>
inline void multiplyPanel(const PanelProduct& product, const Done& done) {
  for (std::size_t lane = 0; lane < kPanelLanes; lane += S::kTileVectors * S::kWidth) {
    multiplyRows<S, S::kTileRows>(product, 0, lane, done);
  }
}

template <class S>
void forward(const ForwardArguments& arguments) {
  const LayerOutput<S> output(arguments.epilogue);
  multiplyPanel<S>(arguments.product, [&](std::size_t row, std::size_t lane, auto sum) {
    S::store(arguments.out + static_cast<std::ptrdiff_t>(row) * arguments.outRow + lane,
             output(sum, lane));
  });
}

template <class S>
void backpropagate(const BackpropagateArguments& arguments) {
  using Float = typename S::Float;
  multiplyPanel<S>(arguments.product, [&](std::size_t row, std::size_t lane, Float sum) {
    const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(row) * arguments.row + lane;
    const auto active = S::less(S::zero(), S::load(arguments.activations + at));
    S::store(arguments.out + at, S::select(active, sum, S::zero()));
  });
}

template <class S>
void updateWeights(const UpdateArguments& arguments) {
  withWeightUpdate<S>(arguments.epilogue, [&](const auto& apply) {
    multiplyPanel<S>(arguments.product, [&](std::size_t row, std::size_t lane, auto sum) {
      apply(sum, lane, row * kPanelLanes + lane);
    });
  });
}

}  // namespace lethe::cpu
