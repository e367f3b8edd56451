#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "cuda/host/device.h"

namespace lethe::cuda {

/**
 * A device that keeps released memory for later allocations of the same size: the driver takes as
 * long to allocate as a short pass takes to run. The driver also waits for all work before it
 * releases memory, and this does not, so callers must have waited for the work on what they
 * release. Thread-safe.
 */
class PoolingDevice final : public Device {
 public:
  static constexpr std::size_t kMostKept = std::size_t{1} << 30;

  /**
   * @param mostKept bytes of the device's memory that are kept at most, and a quarter as many of
   * the host's; an allocation of more than a quarter of its limit is not kept
   */
  explicit PoolingDevice(std::unique_ptr<Device> device, std::size_t mostKept = kMostKept);
  ~PoolingDevice() override;

  std::string description() const override { return device_->description(); }
  std::size_t processors() const override { return device_->processors(); }
  std::size_t sharedBytesPerBlock() const override { return device_->sharedBytesPerBlock(); }
  const KernelSet& kernels() const override { return device_->kernels(); }
  std::unique_ptr<Stream> openStream() override { return device_->openStream(); }

  /**
   * Before these throw kOutOfMemory, they give all kept memory back to the driver. The memory that
   * they return holds anything.
   */
  void* allocate(std::size_t bytes) override;
  void* allocatePinned(std::size_t bytes) override;
  void release(void* memory) noexcept override;
  void releasePinned(void* memory) noexcept override;

 private:
  /** The kept memory of one kind. */
  struct Pool {
    void* (Device::*allocate)(std::size_t bytes);
    void (Device::*release)(void* memory) noexcept;
    std::size_t mostKept;  ///< bytes
    std::size_t kept = 0;
    std::map<std::size_t, std::vector<void*>> free = {};  ///< by size
    std::map<void*, std::size_t> sizes = {};              ///< of everything in use or kept
  };

  void* take(Pool& pool, std::size_t bytes);
  void giveBack(Pool& pool, void* memory) noexcept;
  void empty(Pool& pool) noexcept;

  std::unique_ptr<Device> device_;
  std::mutex mutex_;
  Pool ofDevice_;
  Pool pinned_;
};

}  // namespace lethe::cuda
