#pragma once

#include <cstddef>

#include "../arithmetic/host_device.h"

/**
 * Kernels are written as programs of a block: what its threads do between two barriers is a
 * function of the thread. A CUDA device runs the threads side by side; the host can run the same
 * program one thread after the other, so that tests see every index and every bit of it without a
 * device.
 */
namespace lethe::cuda {

#ifdef __CUDA_ARCH__
/** What each thread keeps from one barrier to the next, in its registers. */
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
#endif

template <int kThreads>
struct Block {
  /** Calls work(thread) for every thread; all have done it, and see what all wrote, afterwards. */
  template <class Work>
  LETHE_HOST_DEVICE void forEachThread(const Work& work) const {
#ifdef __CUDA_ARCH__
    work(static_cast<int>(threadIdx.x));
    __syncthreads();
#else
    // Backwards in every other call: a program that needs an order is then found out.
    for (int i = 0; i < kThreads; ++i) work(backwards ? kThreads - 1 - i : i);
    backwards = !backwards;
#endif
  }

  /** Until every thread has come here: for what a thread reads outside of forEachThread. */
  LETHE_HOST_DEVICE void wait() const {
#ifdef __CUDA_ARCH__
    __syncthreads();
#endif
  }

  /** The same for every warp: its threads call work(warp) together. */
  template <class Work>
  LETHE_HOST_DEVICE void forEachWarp(const Work& work) const {
#ifdef __CUDA_ARCH__
    work(static_cast<int>(threadIdx.x) / kWarp);
    __syncthreads();
#else
    for (int warp = 0; warp < kThreads / kWarp; ++warp) work(warp);
#endif
  }

  /** The block's own memory, 32-byte aligned. */
  LETHE_HOST_DEVICE std::byte* shared() const {
#ifdef __CUDA_ARCH__
    // Named here and not passed on, so that the compiler knows which kind of memory it is.
    extern __shared__ __align__(32) std::byte sharedOfBlock[];
    return sharedOfBlock;
#else
    return emulatedShared;
#endif
  }

  static constexpr int kWarp = 32;  ///< threads

  std::size_t index;                    ///< of the block among `count`
  std::size_t count;                    ///< blocks of the launch
  std::byte* emulatedShared = nullptr;  ///< where the host runs the block
  mutable bool backwards = false;
};

}  // namespace lethe::cuda
