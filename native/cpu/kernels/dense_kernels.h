#pragma once

#include "cpu/kernels/epilogues.h"

/** Products of dense operands, one panel of outputs at a time. */
namespace lethe::cpu {

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
inline void multiplyUnevenRows(const PanelProduct& product, std::size_t row, std::size_t lane,
                               const Start& start, const Done& done) {
  for (; product.rows - row >= kRows; row += kRows) {
    multiplyTile<S, kRows>(product, row, lane, start, done);
  }
  if constexpr (kRows > 1) multiplyUnevenRows<S, kRows / 2>(product, row, lane, start, done);
}

/**
 * Smaller tiles have too few chains to hide the latency of a multiply-add. So the rows are cut into
 * tiles of kRows and of kRows - 1, which is possible unless there are only a few rows.
 */
template <class S, int kRows, class Start, class Done>
inline void multiplyRows(const PanelProduct& product, std::size_t lane, const Start& start,
                         const Done& done) {
  const std::size_t shorter = (kRows - product.rows % kRows) % kRows;
  if (shorter * (kRows - 1) > product.rows) {
    return multiplyUnevenRows<S, kRows>(product, 0, lane, start, done);
  }
  const std::size_t whole = product.rows - shorter * (kRows - 1);
  std::size_t row = 0;
  for (; row < whole; row += kRows) multiplyTile<S, kRows>(product, row, lane, start, done);
  for (; row < product.rows; row += kRows - 1) {
    multiplyTile<S, kRows - 1>(product, row, lane, start, done);
  }
}

template <class S, class Start, class Done>
inline void multiplyPanel(const PanelProduct& product, const Start& start, const Done& done) {
  for (std::size_t lane = 0; lane < kPanelLanes; lane += S::kTileVectors * S::kWidth) {
    multiplyRows<S, S::kTileRows>(product, lane, start, done);
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
 * The same for some panels side by side and for long chains whose operands lie far apart from one k
 * to the next. It takes kDepthBlock steps at a time, whose operands stay in the cache for all rows
 * and all panels. Partial sums are kept in `unfinished`, [panels][product.rows][kPanelLanes].
 */
template <class S, class Done>
[[gnu::noinline]] void multiplyPanelsInBlocks(const PanelProduct& product, std::size_t panels,
                                              float* unfinished, const Done done) {
  for (std::size_t first = 0; first < product.depth; first += kDepthBlock) {
    const std::size_t left = product.depth - first;
    for (std::size_t panel = 0; panel < panels; ++panel) {
      PanelProduct block = product;
      block.a += static_cast<std::ptrdiff_t>(first) * product.aDepth;
      block.b += static_cast<std::ptrdiff_t>(first) * product.bDepth +
                 static_cast<std::ptrdiff_t>(panel * kPanelLanes);
      block.depth = left < kDepthBlock ? left : kDepthBlock;
      float* sums = unfinished + panel * product.rows * kPanelLanes;
      multiplyPanel<S>(
          block,
          [=](std::size_t row, std::size_t lane) {
            return first == 0 ? S::zero() : S::load(sums + row * kPanelLanes + lane);
          },
          [=](std::size_t row, std::size_t lane, auto sum) {
            if (left > kDepthBlock) return S::store(sums + row * kPanelLanes + lane, sum);
            done(panel, row, lane, finished<S>(sum));
          });
    }
  }
}

/** One row times kPanels panels: the chains of a single one would wait for each other. */
template <class S, int kPanels, class Done>
inline void multiplyOneRow(const ForwardArguments& arguments, std::size_t row, std::size_t panel,
                           const Done& done) {
  constexpr int kVectors = kPanelLanes / S::kWidth;
  const PanelProduct& product = arguments.product;
  const float* a = product.a + static_cast<std::ptrdiff_t>(row) * product.aRow;
  const float* b = product.b + static_cast<std::ptrdiff_t>(panel) * arguments.panelStride;
  typename S::Float sums[kPanels][kVectors];
  for (auto& panelSums : sums) {
    for (auto& sum : panelSums) sum = S::zero();
  }
  for (std::size_t k = 0; k < product.depth; ++k, a += product.aDepth, b += product.bDepth) {
    const auto broadcast = S::set(*a);
    for (int p = 0; p < kPanels; ++p) {
      const float* lanes = b + p * arguments.panelStride;
      for (int v = 0; v < kVectors; ++v) {
        sums[p][v] = S::fma(broadcast, S::load(lanes + v * S::kWidth), sums[p][v]);
      }
    }
  }
  for (int p = 0; p < kPanels; ++p) {
    for (int v = 0; v < kVectors; ++v) {
      done(row, (panel + p) * kPanelLanes + v * S::kWidth, finished<S>(sums[p][v]));
    }
  }
}

/** Few rows times some panels, as many at once as hide the latency of a multiply-add. */
template <class S, class Done>
inline void multiplyFewRows(const ForwardArguments& arguments, const Done& done) {
  constexpr int kChains = 8;  // two multipliers, four cycles of latency
  constexpr int kAtOnce = kChains * S::kWidth > static_cast<int>(kPanelLanes)
                              ? kChains * S::kWidth / static_cast<int>(kPanelLanes)
                              : 1;
  for (std::size_t row = 0; row < arguments.product.rows; ++row) {
    std::size_t panel = 0;
    for (; arguments.panels - panel >= kAtOnce; panel += kAtOnce) {
      multiplyOneRow<S, kAtOnce>(arguments, row, panel, done);
    }
    for (; panel < arguments.panels; ++panel) multiplyOneRow<S, 1>(arguments, row, panel, done);
  }
}

template <class S>
void forward(const ForwardArguments& arguments) {
  const LayerOutput<S> output(arguments.epilogue);
  const auto done = [&](std::size_t row, std::size_t lane, auto sum) {
    S::store(arguments.out + static_cast<std::ptrdiff_t>(row) * arguments.outRow + lane,
             output(sum, lane));
  };
  arguments.product.rows <= kFewRows ? multiplyFewRows<S>(arguments, done)
                                     : multiplyPanel<S>(arguments.product, done);
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
    if (arguments.product.depth <= kDepthBlock) {
      multiplyPanel<S>(arguments.product, [=](std::size_t row, std::size_t lane, auto sum) {
        apply(sum, row, lane, row * kPanelLanes + lane);
      });
      return;
    }
    const auto stride = static_cast<std::size_t>(arguments.panelStride);
    multiplyPanelsInBlocks<S>(arguments.product, arguments.panels, arguments.unfinished,
                              [=](std::size_t panel, std::size_t row, std::size_t lane, auto sum) {
                                apply(sum, row, panel * kPanelLanes + lane,
                                      panel * stride + row * kPanelLanes + lane);
                              });
  });
}

}  // namespace lethe::cpu
