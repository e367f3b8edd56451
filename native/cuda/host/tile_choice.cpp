#include "cuda/host/tile_choice.h"

#include <algorithm>
#include <iterator>

namespace lethe::cuda {

const TileKernels& tilesFor(const KernelSet& kernels, std::size_t rows, std::size_t columns,
                            std::size_t processors) {
  const auto time = [&](const TileKernels& tiles) {
    const std::size_t rounds = ceilDivide(tiles.count(rows, columns), processors);
    return static_cast<double>(rounds * tiles.rows * tiles.columns) * tiles.cost;
  };
  return *std::min_element(
      std::begin(kernels.tiles), std::end(kernels.tiles),
      [&](const TileKernels& a, const TileKernels& b) { return time(a) < time(b); });
}

}  // namespace lethe::cuda
