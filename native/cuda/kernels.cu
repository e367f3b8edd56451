#include "device_kernels.h"
#include "kernel_table.h"

namespace lethe::cuda {

Kernels deviceKernels() { return makeKernels<OnDevice>(); }

}  // namespace lethe::cuda
