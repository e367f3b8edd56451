#include "lethe/cuda.h"
#include "lethe/error.h"

/** Stands for the CUDA backend in a build without CUDA. */
namespace lethe {
namespace {

constexpr const char* kNotBuilt =
    "this build of Lethe has no CUDA: install its toolkit and build the addon again, or choose the "
    "device \"cpu\"";

}  // namespace

CudaStatus cudaStatus() { return {false, kNotBuilt}; }

std::shared_ptr<CudaDevice> openCudaDevice() { throw Error(ErrorCode::kNoDevice, kNotBuilt); }

std::unique_ptr<Backend> makeCudaBackend(std::shared_ptr<CudaDevice>, const CudaOptions&) {
  throw Error(ErrorCode::kNoDevice, kNotBuilt);
}

}  // namespace lethe
