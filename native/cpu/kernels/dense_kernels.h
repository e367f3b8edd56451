#pragma once

#include "cpu/kernels/epilogues.h"

/** Products of dense operands, one panel of outputs at a time. */
namespace lethe::cpu {

/** Steps of a chain whose operands stay in the cache although they lie far apart. */
inline constexpr std::size_t kDepthBlock = 128;

/**
 * Computes one register tile of kRows x (kTileVectors * kWidth) outputs, each a chain of fused
 * multiply-adds over k in order. The chains begin at start(row, lane); done(row, lane, value)
 * receives their ends.
 */
template <class S, int kRows, class Start, class Done>
inline void multiplyTile(const PanelProduct& product, std::size_t firstRow, std::size_t firstLane,
                         const Start& start, const Done& done) {
  using Float = typename S::Float;
  constexpr int kVectors = S::kTileVectors;
  const float* a = product.a + static_cast<std::ptrdiff_t>(firstRow) * product.aRow;
  const float* b = product.b + firstLane;
  const std::ptrdiff_t aRow = product.aRow;

  Float sums[kRows][kVectors];
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) sums[r][v] = start(firstRow + r, firstLane + v * S::kWidth);
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
    for (int v = 0; v < kVectors; ++v) done(firstRow + r, firstLane + v * S::kWidth, sums[r][v]);
  }
}

/** Computes tiles of kRows rows while they fit, then tiles of half as many. */
template <class S, int kRows, class Start, class Done>
inline void multiplyRows(const PanelProduct& product, std::size_t row, std::size_t lane,
                         const Start& start, const Done& done) {
  for (; product.rows - row >= kRows; row += kRows) {
    multiplyTile<S, kRows>(product, row, lane, start, done);
  }
  if constexpr (kRows > 1) multiplyRows<S, kRows / 2>(product, row, lane, start, done);
}

template <class S, class Start, class Done>
inline void multiplyPanel(const PanelProduct& product, const Start& start, const Done& done) {
  for (std::size_t lane = 0; lane < kPanelLanes; lane += S::kTileVectors * S::kWidth) {
    multiplyRows<S, S::kTileRows>(product, 0, lane, start, done);
  }
}

/** Computes whole chains: done receives finished sums. */
template <class S, class Done>
inline void multiplyPanel(const PanelProduct& product, const Done& done) {
  multiplyPanel<S>(
      product, [](std::size_t, std::size_t) { return S::zero(); },
      [=](std::size_t row, std::size_t lane, auto sum) { done(row, lane, finished<S>(sum)); });
}

/**
 * The same for long chains whose operands lie far apart from one k to the next. It takes
 * kDepthBlock steps at a time, whose operands stay in the cache for all rows. Partial sums are kept
 * in `unfinished`, [product.rows][kPanelLanes].
 */
template <class S, class Done>
[[gnu::noinline]] void multiplyPanelInBlocks(const PanelProduct& product, float* unfinished,
                                             const Done done) {
  for (std::size_t first = 0; first < product.depth; first += kDepthBlock) {
    PanelProduct block = product;
    block.a += static_cast<std::ptrdiff_t>(first) * product.aDepth;
    block.b += static_cast<std::ptrdiff_t>(first) * product.bDepth;
    const std::size_t left = product.depth - first;
    block.depth = left < kDepthBlock ? left : kDepthBlock;
    multiplyPanel<S>(
        block,
        [=](std::size_t row, std::size_t lane) {
          return first == 0 ? S::zero() : S::load(unfinished + row * kPanelLanes + lane);
        },
        [=](std::size_t row, std::size_t lane, auto sum) {
          if (left > kDepthBlock) return S::store(unfinished + row * kPanelLanes + lane, sum);
          done(row, lane, finished<S>(sum));
        });
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
    const auto done = [=](std::size_t row, std::size_t lane, auto sum) {
      apply(sum, lane, row * kPanelLanes + lane);
    };
    if (arguments.product.depth <= kDepthBlock) {
      multiplyPanel<S>(arguments.product, done);
    } else {
      multiplyPanelInBlocks<S>(arguments.product, arguments.unfinished, done);
    }
  });
}

}  // namespace lethe::cpu
