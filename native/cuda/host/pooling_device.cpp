#include "cuda/host/pooling_device.h"

#include <algorithm>
#include <bit>

#include "lethe/error.h"

namespace lethe::cuda {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

/** Rounds a size up, so that similar runs share sizes and large ones waste little. */
std::size_t pooledSize(std::size_t bytes) {
  if (bytes > kMiB) return (bytes + kMiB - 1) / kMiB * kMiB;
  return std::bit_ceil(std::max<std::size_t>(bytes, 512));
}

}  // namespace

PoolingDevice::PoolingDevice(std::unique_ptr<Device> device, std::size_t mostKept)
    : device_(std::move(device)),
      ofDevice_{&Device::allocate, &Device::release, mostKept},
      pinned_{&Device::allocatePinned, &Device::releasePinned, mostKept / 4} {}

PoolingDevice::~PoolingDevice() {
  empty(ofDevice_);
  empty(pinned_);
}

void* PoolingDevice::allocate(std::size_t bytes) { return take(ofDevice_, bytes); }
void* PoolingDevice::allocatePinned(std::size_t bytes) { return take(pinned_, bytes); }
void PoolingDevice::release(void* memory) noexcept { giveBack(ofDevice_, memory); }
void PoolingDevice::releasePinned(void* memory) noexcept { giveBack(pinned_, memory); }

void* PoolingDevice::take(Pool& pool, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  const std::size_t size = pooledSize(bytes);
  if (const auto kept = pool.free.find(size); kept != pool.free.end() && !kept->second.empty()) {
    void* memory = kept->second.back();
    kept->second.pop_back();
    pool.kept -= size;
    return memory;
  }
  void* memory;
  try {
    memory = (*device_.*pool.allocate)(size);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kOutOfMemory) throw;
    empty(ofDevice_);
    empty(pinned_);
    memory = (*device_.*pool.allocate)(size);
  }
  try {
    // Makes room for the pointer now, because giving it back must not fail.
    pool.sizes[memory] = size;
    pool.free[size].reserve(pool.sizes.size());
  } catch (...) {
    pool.sizes.erase(memory);
    (*device_.*pool.release)(memory);
    throw;
  }
  return memory;
}

void PoolingDevice::giveBack(Pool& pool, void* memory) noexcept {
  const std::lock_guard lock(mutex_);
  const std::size_t size = pool.sizes.at(memory);
  if (size > pool.mostKept / 4) {
    pool.sizes.erase(memory);
    (*device_.*pool.release)(memory);
    return;
  }
  if (pool.kept + size > pool.mostKept) empty(pool);
  pool.free[size].push_back(memory);
  pool.kept += size;
}

void PoolingDevice::empty(Pool& pool) noexcept {
  for (auto& [size, memories] : pool.free) {
    for (void* memory : memories) {
      pool.sizes.erase(memory);
      (*device_.*pool.release)(memory);
    }
    memories.clear();
  }
  pool.kept = 0;
}

}  // namespace lethe::cuda
