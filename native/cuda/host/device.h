#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "cuda/kernels/kernel_set.h"

/** What the executor needs of a CUDA device. The tests implement one that runs on the host. */
namespace lethe::cuda {

/** A kernel, its arguments, and how many blocks run it. */
struct Launch {
  AnyKernel kernel;
  std::size_t blocks;
  const void* arguments;  ///< valid during the call
  std::size_t argumentBytes;
};

/** The same for a cooperative kernel, whose shared memory depends on its arguments. */
struct CooperativeLaunch {
  AnyCooperativeKernel kernel;
  std::size_t sharedBytes;
  std::size_t blocks;
  const void* arguments;  ///< valid during the call
};

/** Launches that were recorded once, and can be launched again as a whole. */
class Graph {
 public:
  virtual ~Graph() = default;
};

/** A queue of work on a device. All of its errors are thrown as Error. */
class Stream {
 public:
  /** Waits for everything queued, so that the memory it uses can be released. */
  virtual ~Stream() = default;
  virtual void upload(void* to, const void* from, std::size_t bytes) = 0;
  virtual void download(void* to, const void* from, std::size_t bytes) = 0;
  virtual void clear(void* to, std::size_t bytes) = 0;
  virtual void launch(const Launch& launch) = 0;
  virtual void launch(const CooperativeLaunch& launch) = 0;
  /** From now on until endRecording, launches are recorded and do not run. */
  virtual void beginRecording() = 0;
  virtual std::unique_ptr<Graph> endRecording() = 0;
  /** Ends a recording that has failed. */
  virtual void discardRecording() noexcept = 0;
  virtual void launch(Graph& graph) = 0;
  /** Waits until everything queued is done. */
  virtual void wait() = 0;

  template <class Arguments>
  void launch(const Kernel<Arguments>& kernel, std::size_t blocks, const Arguments& arguments) {
    if (blocks == 0) return;
    launch(Launch{kernel, blocks, &arguments, sizeof arguments});
  }
};

class Device {
 public:
  virtual ~Device() = default;
  virtual std::string description() const = 0;
  virtual std::size_t processors() const = 0;           ///< multiprocessors
  virtual std::size_t sharedBytesPerBlock() const = 0;  ///< the most a block can have
  virtual const KernelSet& kernels() const = 0;
  /** Throws kOutOfMemory. */
  virtual void* allocate(std::size_t bytes) = 0;
  virtual void release(void* memory) noexcept = 0;
  /** Allocates memory of the host that the device copies from and to without staging. */
  virtual void* allocatePinned(std::size_t bytes) = 0;
  virtual void releasePinned(void* memory) noexcept = 0;
  virtual std::unique_ptr<Stream> openStream() = 0;
};

/** How many multiprocessors each of so many concurrent runs gets. */
inline std::size_t processorsOfRun(const Device& device, std::size_t concurrentRuns) {
  return std::max<std::size_t>(1, device.processors() / concurrentRuns);
}

/** `size` values in the memory of a device, or in pinned memory of the host. */
template <class T, bool kPinned>
class BasicBuffer {
 public:
  BasicBuffer() = default;
  BasicBuffer(Device& device, std::size_t size)
      : device_(&device),
        size_(size),
        data_(size == 0 ? nullptr
                        : static_cast<T*>(kPinned ? device.allocatePinned(size * sizeof(T))
                                                  : device.allocate(size * sizeof(T)))) {}
  BasicBuffer(BasicBuffer&& other) noexcept { swap(other); }
  BasicBuffer& operator=(BasicBuffer&& other) noexcept {
    BasicBuffer(std::move(other)).swap(*this);
    return *this;
  }
  ~BasicBuffer() {
    if (data_) kPinned ? device_->releasePinned(data_) : device_->release(data_);
  }

  T* data() const { return data_; }
  std::size_t size() const { return size_; }
  std::size_t bytes() const { return size_ * sizeof(T); }
  T& operator[](std::size_t i) const requires kPinned { return data_[i]; }

 private:
  void swap(BasicBuffer& other) noexcept {
    std::swap(device_, other.device_);
    std::swap(size_, other.size_);
    std::swap(data_, other.data_);
  }

  Device* device_ = nullptr;
  std::size_t size_ = 0;
  T* data_ = nullptr;
};

template <class T>
using Buffer = BasicBuffer<T, false>;
template <class T>
using PinnedBuffer = BasicBuffer<T, true>;

/** Allocates `size` values, which are 0 once the stream has cleared them. */
template <class T>
Buffer<T> zeroed(Device& device, Stream& stream, std::size_t size) {
  Buffer<T> buffer(device, size);
  if (size > 0) stream.clear(buffer.data(), buffer.bytes());
  return buffer;
}

/** Allocates a copy of `values`, which must stay until the stream has been waited for. */
template <class T>
Buffer<T> uploaded(Device& device, Stream& stream, std::span<const T> values) {
  Buffer<T> buffer(device, values.size());
  if (!values.empty()) stream.upload(buffer.data(), values.data(), values.size_bytes());
  return buffer;
}

}  // namespace lethe::cuda
