#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/timing.h"

namespace lethe::bench {

/** Throws if a call of the runtime has failed. */
inline void check(cudaError_t status, const char* call) {
  if (status == cudaSuccess) return;
  throw std::runtime_error(std::string(call) + ": " + cudaGetErrorString(status));
}

class Stream {
 public:
  Stream() {
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreate");
  }
  ~Stream() { cudaStreamDestroy(stream_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  operator cudaStream_t() const { return stream_; }
  void wait() const { check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize"); }

 private:
  cudaStream_t stream_ = nullptr;
};

/** Memory of the device, or of the host where the device can reach it, filled with zeros. */
class Memory {
 public:
  enum class Place { kDevice, kPinned };

  Memory(Place place, std::size_t bytes) : place_(place) {
    if (place == Place::kPinned) {
      check(cudaMallocHost(&data_, bytes), "cudaMallocHost");
      std::memset(data_, 0, bytes);
      return;
    }
    check(cudaMalloc(&data_, bytes), "cudaMalloc");
    check(cudaMemset(data_, 0, bytes), "cudaMemset");
    // The benches' streams do not wait for the stream that fills this memory.
    check(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
  }
  ~Memory() { place_ == Place::kDevice ? cudaFree(data_) : cudaFreeHost(data_); }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }

 private:
  Place place_;
  void* data_ = nullptr;
};

/** Times what enqueue() puts into the stream by the device's clock, after a run that warms up. */
template <class Enqueue>
Times timeOnDevice(const Stream& stream, std::size_t runs, const Enqueue& enqueue) {
  cudaEvent_t begin = nullptr, end = nullptr;
  check(cudaEventCreate(&begin), "cudaEventCreate");
  check(cudaEventCreate(&end), "cudaEventCreate");
  std::vector<double> seconds;
  for (std::size_t run = 0; run <= runs; ++run) {
    check(cudaEventRecord(begin, stream), "cudaEventRecord");
    enqueue();
    check(cudaEventRecord(end, stream), "cudaEventRecord");
    stream.wait();
    float milliseconds = 0;
    check(cudaEventElapsedTime(&milliseconds, begin, end), "cudaEventElapsedTime");
    if (run > 0) seconds.push_back(milliseconds * 1e-3);
  }
  check(cudaEventDestroy(begin), "cudaEventDestroy");
  check(cudaEventDestroy(end), "cudaEventDestroy");
  return {*std::min_element(seconds.begin(), seconds.end()), median(seconds)};
}

}  // namespace lethe::bench
