#pragma once

#include "cuda/kernels/arguments.h"
#include "cuda/kernels/kernel.h"

namespace lethe::cuda {

/** The kernels that multiply in tiles of one shape. */
struct TileKernels {
  std::size_t rows;  ///< rows and columns of outputs in a tile
  std::size_t columns;
  double cost;  ///< relative time for an output on a multiprocessor that has no other tile
  Kernel<ForwardArguments> forward;
  Kernel<BackpropagateArguments> backpropagate;
  Kernel<UpdateArguments> update;

  /** How many tiles cover a matrix. */
  std::size_t count(std::size_t matrixRows, std::size_t matrixColumns) const {
    return ceilDivide(matrixRows, rows) * ceilDivide(matrixColumns, columns);
  }
};

/** All kernels of the backend, for a device or for the host. */
struct KernelSet {
  TileKernels tiles[3];     ///< from the smallest tile to the largest
  TileKernels tensorTiles;  ///< for Precision::kFast
  Kernel<PieceSumsArguments> pieceSums;
  Kernel<ObjectiveArguments> objective;
  Kernel<CollectArguments> collectLogits;
  Kernel<SelectArguments> rankRows;
  Kernel<SelectArguments> placeRows;
  Kernel<CompactArguments> compactRows;
  Kernel<FiniteArguments> findNotFinite;
  CooperativeKernel<PersistentArguments> persistent;
  /** Shared memory that a block of the persistent kernel needs besides what ChipLayout says. */
  std::size_t persistentTileBytes;
  std::size_t persistentRowBytes;  ///< the longest row that it can take
  std::size_t persistentClasses;   ///< the most classes for which it is quick
};

}  // namespace lethe::cuda
