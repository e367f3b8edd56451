#pragma once

#include "cuda/kernels/arguments.h"
#include "cuda/kernels/kernel.h"

namespace lethe::cuda {

/** The programs that multiply, for tiles of one shape. */
struct TileKernels {
  std::size_t rows;  ///< outputs of a tile
  std::size_t columns;
  double cost;  ///< time for an output, of a multiprocessor that has no other tile
  Kernel<ForwardArguments> forward;
  Kernel<BackpropagateArguments> backpropagate;
  Kernel<UpdateArguments> update;

  /** Tiles of a matrix. */
  std::size_t count(std::size_t matrixRows, std::size_t matrixColumns) const {
    return ceilDivide(matrixRows, rows) * ceilDivide(matrixColumns, columns);
  }
};

/** All kernels of the backend, to be launched on the host or on a device. */
struct KernelSet {
  TileKernels tiles[3];     ///< from the smallest tile to the largest
  TileKernels tensorTiles;  ///< of Precision::kFast
  Kernel<PieceSumsArguments> pieceSums;
  Kernel<ObjectiveArguments> objective;
  Kernel<CollectArguments> collectLogits;
  Kernel<SelectArguments> rankRows;
  Kernel<SelectArguments> placeRows;
  Kernel<CompactArguments> compactRows;
  Kernel<FiniteArguments> findNotFinite;
  CooperativeKernel<PersistentArguments> persistent;
  /** What a block of the persistent kernel needs for its tiles, beside the weights that it owns. */
  std::size_t persistentTileBytes;
  std::size_t persistentRowBytes;  ///< of the longest row that it takes
  std::size_t persistentClasses;   ///< up to which it is quick
};

}  // namespace lethe::cuda
