#include "cuda/kernels/compiled_kernels.h"
#include "cuda/kernels/make_kernel_set.h"
#include "cuda/kernels/run_on_device.cuh"

namespace lethe::cuda {

KernelSet compiledKernels() { return makeKernelSet<OnDevice>(); }

}  // namespace lethe::cuda
