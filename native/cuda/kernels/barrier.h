#pragma once

#include <cstdint>

#include "cuda/kernels/block.h"

namespace lethe::cuda {

/** Where the blocks of a cooperative launch wait for each other. It is zero before the launch. */
struct Barrier {
  std::uint32_t arrived;  ///< blocks that arrived, counted through all stages
  std::uint32_t stalled;  ///< 1 if a block has waited for too long, so that all have left
};

#ifdef __CUDACC__

/**
 * Waits until `expected` arrivals have been counted; what any block wrote before is seen
 * afterwards. Returns false if that takes seconds, as it does if a block is missing: a barrier must
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
    // The count may wrap around, so the sign of the difference decides.
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
