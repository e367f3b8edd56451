#pragma once

#include <cstddef>

namespace lethe::cuda {

/**
 * A program as it is launched. A program P has P::kThreads, P::kSharedBytes, P::Arguments and
 * P::run(block, arguments).
 */
struct AnyKernel {
  const void* function;  ///< of the CUDA runtime; nullptr where the host runs it
  /** Runs one block on the host; nullptr where a device does. */
  void (*emulate)(const void* arguments, std::size_t block, std::size_t blocks, std::byte* shared);
  unsigned threads;
  std::size_t sharedBytes;
};

/** One that takes these arguments. */
template <class Arguments>
struct Kernel : AnyKernel {};

/**
 * A program in stages, P::run(block, arguments, stage) for stage < P::stages(arguments): all blocks
 * end a stage before any begins the next, and keep their shared memory.
 */
struct AnyCooperativeKernel {
  const void* function;
  void (*emulate)(const void* arguments, std::size_t block, std::size_t blocks, std::byte* shared,
                  std::size_t stage);
  std::size_t (*stages)(const void* arguments);
  unsigned threads;
};

template <class Arguments>
struct CooperativeKernel : AnyCooperativeKernel {};

}  // namespace lethe::cuda
