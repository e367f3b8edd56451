#pragma once

#include "arguments.h"
#include "program.h"

namespace lethe::cuda {

/** The programs that multiply, for tiles of one shape. */
struct TileKernels {
  std::size_t rows;  ///< outputs of a tile
  std::size_t columns;
  Kernel<ForwardArguments> forward;
  Kernel<BackpropagateArguments> backpropagate;
  Kernel<UpdateArguments> update;
};

struct Kernels {
  TileKernels tiles[3];  ///< from the smallest tile to the largest
  Kernel<PieceSumsArguments> pieceSums;
  Kernel<ObjectiveArguments> objective;
  Kernel<CollectArguments> collectLogits;
  Kernel<SelectArguments> rankRows;
  Kernel<SelectArguments> placeRows;
  Kernel<CompactArguments> compactRows;
  Kernel<FiniteArguments> findNotFinite;
};

/**
 * Which tiles a product takes: the largest that still give every multiprocessor two, or the
 * smallest.
 */
const TileKernels& tilesFor(const Kernels& kernels, std::size_t rows, std::size_t columns,
                            std::size_t processors);

}  // namespace lethe::cuda
