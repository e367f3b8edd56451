#pragma once

#include "cuda/kernels/arguments.h"
#include "cuda/kernels/block.h"

/** Programs that shrink a batch to its rows of the largest loss, in the order that they had. */
namespace lethe::cuda {

/** Marks the hardest rows: those with fewer than `kept` rows that are harder, or equal and earlier.
 */
struct RankRows {
  using Arguments = SelectArguments;
  static constexpr int kThreads = 128;
  static constexpr std::size_t kSharedBytes = 0;

  static LETHE_HOST_DEVICE void run(const Block<kThreads>& block, const Arguments& arguments) {
    const std::size_t rows = arguments.batch.step->rows;
    block.forEachThread([&](int thread) {
      const std::size_t row = block.index * kThreads + thread;
      if (row >= rows) return;
      const float own = hardness(arguments.losses[row]);
      std::uint32_t harder = 0;
      for (std::size_t other = 0; other < rows; ++other) {
        const float loss = hardness(arguments.losses[other]);
        harder += loss > own || (loss == own && other < row);
      }
      arguments.isKept[row] = harder < arguments.batch.step->kept;
    });
  }

 private:
  /** A loss of NaN counts as the hardest, so that the run ends with kDiverged. */
  static LETHE_HOST_DEVICE float hardness(float loss) {
    return loss == loss ? loss : __builtin_huge_valf();
  }
};

/** Lists the kept rows, in the order that they had. */
struct PlaceRows {
  using Arguments = SelectArguments;
  static constexpr int kThreads = 128;
  static constexpr std::size_t kSharedBytes = 0;

  static LETHE_HOST_DEVICE void run(const Block<kThreads>& block, const Arguments& arguments) {
    block.forEachThread([&](int thread) {
      const std::uint32_t row = static_cast<std::uint32_t>(block.index * kThreads + thread);
      if (row >= arguments.batch.step->rows || !arguments.isKept[row]) return;
      std::uint32_t place = 0;
      for (std::uint32_t before = 0; before < row; ++before) place += arguments.isKept[before];
      arguments.places[place] = row;
      arguments.keptRows[place] = arguments.batch.order[arguments.batch.step->firstRow + row];
    });
  }
};

/** Copies the kept rows of a matrix to the beginning of another. */
struct CompactRows {
  using Arguments = CompactArguments;
  static constexpr int kThreads = 128;
  static constexpr std::size_t kSharedBytes = 0;

  static LETHE_HOST_DEVICE void run(const Block<kThreads>& block, const Arguments& arguments) {
    const std::size_t vectors = arguments.stride / 4;
    block.forEachThread([&](int thread) {
      const std::size_t at = block.index * kThreads + thread;
      if (at >= arguments.step->kept * vectors) return;
      const std::size_t from = arguments.places[at / vectors] * vectors + at % vectors;
      reinterpret_cast<Vec4*>(arguments.to)[at] =
          reinterpret_cast<const Vec4*>(arguments.from)[from];
    });
  }
};

}  // namespace lethe::cuda
