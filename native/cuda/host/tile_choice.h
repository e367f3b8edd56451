#pragma once

#include "cuda/kernels/kernel_set.h"

namespace lethe::cuda {

/** Chooses the tiles for a product of rows x columns outputs: those whose rounds of all processors
 * take the least time. */
const TileKernels& tilesFor(const KernelSet& kernels, std::size_t rows, std::size_t columns,
                            std::size_t processors);

}  // namespace lethe::cuda
