#pragma once

#include <memory>

#include "cuda/host/device_dataset.h"
#include "lethe/cuda.h"

namespace lethe {

/** See lethe/cuda.h. */
class CudaDevice {
 public:
  explicit CudaDevice(std::unique_ptr<cuda::Device> device) : device(std::move(device)) {}

  const std::unique_ptr<cuda::Device> device;
  cuda::DatasetCache datasets;  ///< destroyed before the device
};

namespace cuda {

/** Does what makeCudaBackend does, but on any device. Throws kInvalidArgument. */
std::unique_ptr<Backend> makeBackend(std::shared_ptr<CudaDevice> device,
                                     const CudaOptions& options);

}  // namespace cuda

}  // namespace lethe
