#pragma once

#include "cuda/kernels/kernel_set.h"

namespace lethe::cuda {

/** The tiles of a product that take the fewest rounds of all multiprocessors, by their cost. */
const TileKernels& tilesFor(const KernelSet& kernels, std::size_t rows, std::size_t columns,
                            std::size_t processors);

}  // namespace lethe::cuda
