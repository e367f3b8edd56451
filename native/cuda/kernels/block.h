#pragma once

#include <cstddef>

#include "arithmetic/host_device.h"

/**
 * Kernels are written as programs of a block, in which the work between two barriers is a function
 * of the thread. A CUDA device runs the threads side by side. The host can run the same program one
 * thread after the other, so that tests see every index and every bit of it without a device.
 */
namespace lethe::cuda {

#ifdef __CUDA_ARCH__
/** Variables that each thread keeps in registers from one barrier to the next. */
template <class T, int kThreads>
struct PerThread {
  T value;
  __device__ T& operator[](int) { return value; }
};
#else
template <class T, int kThreads>
struct PerThread {
  T values[kThreads];
  T& operator[](int thread) { return values[thread]; }
};

/** Calls work(0..kCount - 1) in an order that differs from call to call. */
template <int kCount, class Work>
void inSomeOrder(const Work& work) {
  static_assert((kCount & (kCount - 1)) == 0, "odd steps must reach every number");
  thread_local unsigned calls = 0;
  const unsigned noise = ++calls * 0x9E3779B9u;
  for (unsigned i = 0; i < kCount; ++i) {
    work(static_cast<int>(((noise >> 16 | 1) * i + (noise >> 8)) % kCount));
  }
}
#endif

template <int kThreads>
struct Block {
  /** Calls work(thread) for every thread, then waits: each sees what all have written. */
  template <class Work>
  LETHE_HOST_DEVICE void forEachThread(const Work& work) const {
#ifdef __CUDA_ARCH__
    work(static_cast<int>(threadIdx.x));
    __syncthreads();
#else
    inSomeOrder<kThreads>(work);
#endif
  }

  /** The same for every warp, whose threads call work(warp) together. */
  template <class Work>
  LETHE_HOST_DEVICE void forEachWarp(const Work& work) const {
#ifdef __CUDA_ARCH__
    work(static_cast<int>(threadIdx.x) / kWarp);
    __syncthreads();
#else
    inSomeOrder<kThreads / kWarp>(work);
#endif
  }

  /** The block's shared memory, 32-byte aligned. */
  LETHE_HOST_DEVICE std::byte* shared() const {
#ifdef __CUDA_ARCH__
    // Named here instead of passed on, so that the compiler knows which kind of memory it is.
    extern __shared__ __align__(32) std::byte sharedOfBlock[];
    return sharedOfBlock;
#else
    return emulatedShared;
#endif
  }

  static constexpr int kWarp = 32;  ///< threads

  std::size_t index;                    ///< the block's index, below `count`
  std::size_t count;                    ///< the blocks of the launch
  std::byte* emulatedShared = nullptr;  ///< the shared memory if the host runs the block
};

}  // namespace lethe::cuda
