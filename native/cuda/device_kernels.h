#pragma once

#include "kernels.h"

namespace lethe::cuda {

/** The kernels that nvcc has compiled. */
Kernels deviceKernels();

}  // namespace lethe::cuda
