#pragma once

#include <memory>
#include <mutex>

#include "lethe/cuda.h"

namespace lethe::node {

/**
 * The CUDA device of one JavaScript environment, for all its runs: opened by the first that needs
 * it, on that run's thread, and anew after it has failed.
 */
class CudaHandle {
 public:
  /** Throws kNoDevice. */
  std::shared_ptr<CudaDevice> open() {
    const std::lock_guard lock(mutex_);
    if (!device_) device_ = openCudaDevice();
    return device_;
  }

  /** Unless another run has opened a new one already. */
  void drop(const std::shared_ptr<CudaDevice>& failed) {
    const std::lock_guard lock(mutex_);
    if (device_ == failed) device_.reset();
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<CudaDevice> device_;
};

}  // namespace lethe::node
