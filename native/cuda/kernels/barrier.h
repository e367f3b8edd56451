#pragma once

#include <cstdint>

#include "cuda/kernels/block.h"

namespace lethe::cuda {

/** Where the blocks of a cooperative launch wait for each other; zero before it. */
struct Barrier {
  std::uint32_t arrived;  ///< blocks, counted through all stages
  std::uint32_t stalled;  ///< 1: a block has waited for too long, and all have left
};

#ifdef __CUDACC__

/**
 * Waits until `expected` arrivals have been counted; what was written before is seen afterwards.
 * Answers false where that takes seconds, as it does where a block is missing: a barrier must
 * not hang the device for ever.
 */
__device__ inline bool waitForAll(Barrier& barrier, std::uint32_t expected) {
  constexpr unsigned long long kLongestWait = 5'000'000'000;  // ns
  bool stalled = false;
  __syncthreads();
  if (threadIdx.x == 0) {
    volatile Barrier& shared = barrier;
    __threadfence();
    atomicAdd(&barrier.arrived, 1u);
    unsigned long long start, now;
    asm volatile("mov.u64 %0, %globaltimer;" : "=l"(start));
    // The count may wrap around: the difference tells who is ahead.
    for (std::uint32_t spins = 1; static_cast<std::int32_t>(shared.arrived - expected) < 0;
         ++spins) {
      if (spins % 1024 != 0) continue;
      asm volatile("mov.u64 %0, %globaltimer;" : "=l"(now));
      if (now - start > kLongestWait) shared.stalled = 1;
      if (shared.stalled) break;
    }
    stalled = shared.stalled;
    __threadfence();
  }
  return !__syncthreads_or(stalled);
}

#endif

}  // namespace lethe::cuda
