#pragma once

#include "cuda/kernels/arguments.h"
#include "cuda/kernels/block.h"

/** Shrinks a batch to its rows of the largest loss, in the order that they had. */
namespace lethe::cuda {

/** Whether a row is among the hardest: so many are harder, or as hard and before it. */
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
  /** What is not a number counts as the hardest: the run is about to end with kDiverged. */
  static LETHE_HOST_DEVICE float hardness(float loss) {
    return loss == loss ? loss : __builtin_huge_valf();
  }
};

/** The kept rows, in the order that they had. */
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
