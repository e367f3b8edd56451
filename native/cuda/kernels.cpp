#include "kernels.h"

namespace lethe::cuda {

const TileKernels& tilesFor(const Kernels& kernels, std::size_t rows, std::size_t columns,
                            std::size_t processors) {
  const TileKernels* best = &kernels.tiles[0];
  for (const TileKernels& tiles : kernels.tiles) {
    if (tiles.count(rows, columns) >= 2 * processors) best = &tiles;
  }
  return *best;
}

}  // namespace lethe::cuda
