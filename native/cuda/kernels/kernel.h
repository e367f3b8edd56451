#pragma once

#include <cstddef>

namespace lethe::cuda {

/**
 * A kernel that a stream can launch: a program of a block, compiled for the device or for the host.
 * A program P has P::kThreads, P::kSharedBytes, P::Arguments and P::run(block, arguments).
 */
struct AnyKernel {
  const void* function;  ///< for the CUDA runtime; nullptr if the host runs it
  /** Runs one block on the host; nullptr if a device runs it. */
  void (*emulate)(const void* arguments, std::size_t block, std::size_t blocks, std::byte* shared);
  unsigned threads;
  std::size_t sharedBytes;
};

/** A kernel that takes these arguments. */
template <class Arguments>
struct Kernel : AnyKernel {};

/**
 * A kernel that runs in stages, P::run(block, arguments, stage) for stage < P::stages(arguments).
 * All blocks end a stage before any begins the next, and their shared memory stays.
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
