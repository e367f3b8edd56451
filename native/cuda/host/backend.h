#pragma once

#include <memory>

#include "cuda/host/device_dataset.h"
#include "lethe/cuda.h"

namespace lethe {

class CudaDevice {
 public:
  explicit CudaDevice(std::unique_ptr<cuda::Device> device) : device(std::move(device)) {}

  const std::unique_ptr<cuda::Device> device;
  cuda::DatasetCache datasets;  ///< let go of before the device
};

namespace cuda {

/** What makeCudaBackend answers, on any device. Throws kInvalidArgument. */
std::unique_ptr<Backend> makeBackend(std::shared_ptr<CudaDevice> device,
                                     const CudaOptions& options);

}  // namespace cuda

}  // namespace lethe
