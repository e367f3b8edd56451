#pragma once

#include <memory>
#include <mutex>
#include <span>

#include "lethe/cuda.h"

namespace lethe::node {

/**
 * The CUDA device of one JavaScript environment, shared by all its runs. The first run that needs
 * it opens it, on its own thread; after a failure the next one opens it anew.
 */
class CudaHandle {
 public:
  /** Throws kNoDevice. */
  std::shared_ptr<CudaDevice> open() {
    const std::lock_guard lock(mutex_);
    if (!device_) device_ = openCudaDevice();
    return device_;
  }

  /** Lets go of a device that failed, unless another run has opened a new one already. */
  void drop(const std::shared_ptr<CudaDevice>& failed) {
    const std::lock_guard lock(mutex_);
    if (device_ == failed) device_.reset();
  }

  /** Erases rows in the device's copy of a data set, if a run has opened the device. */
  void erase(const std::shared_ptr<const Dataset>& dataset, std::span<const std::uint32_t> rows) {
    const std::lock_guard lock(mutex_);
    if (device_) eraseOnDevice(*device_, dataset, rows);
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<CudaDevice> device_;
};

}  // namespace lethe::node
