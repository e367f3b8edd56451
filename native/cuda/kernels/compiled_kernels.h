#pragma once

#include "cuda/kernels/kernel_set.h"

namespace lethe::cuda {

/** The kernels as nvcc has compiled them. */
KernelSet compiledKernels();

}  // namespace lethe::cuda
