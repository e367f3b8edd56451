#pragma once

#include <cstddef>

#include "barrier.h"
#include "block.h"

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

/** Kernels that the host runs, for tests. */
struct OnHost {
  template <class Program>
  static Kernel<typename Program::Arguments> kernel() {
    return {{nullptr, run<Program>, Program::kThreads, Program::kSharedBytes}};
  }
  template <class Program>
  static CooperativeKernel<typename Program::Arguments> cooperative() {
    return {{nullptr, runStage<Program>, stagesOf<Program>, Program::kThreads}};
  }

 private:
  template <class Program>
  static void run(const void* arguments, std::size_t block, std::size_t blocks, std::byte* shared) {
    Program::run(Block<Program::kThreads>{block, blocks, shared},
                 *static_cast<const typename Program::Arguments*>(arguments));
  }
  template <class Program>
  static void runStage(const void* arguments, std::size_t block, std::size_t blocks,
                       std::byte* shared, std::size_t stage) {
    Program::run(Block<Program::kThreads>{block, blocks, shared},
                 *static_cast<const typename Program::Arguments*>(arguments), stage);
  }
  template <class Program>
  static std::size_t stagesOf(const void* arguments) {
    return Program::stages(*static_cast<const typename Program::Arguments*>(arguments));
  }
};

#ifdef __CUDACC__

/** Blocks to a multiprocessor, at least: some compute while others wait. */
template <class Program>
constexpr int blocksAtOnce() {
  if constexpr (requires { Program::kBlocksAtOnce; }) return Program::kBlocksAtOnce;
  return 512 / Program::kThreads;
}

template <class Program>
__global__ void __launch_bounds__(Program::kThreads, blocksAtOnce<Program>())
    runProgram(const __grid_constant__ typename Program::Arguments arguments) {
  Program::run(Block<Program::kThreads>{blockIdx.x, gridDim.x}, arguments);
}

template <class Program>
__global__ void __launch_bounds__(Program::kThreads, 1)
    runStages(const __grid_constant__ typename Program::Arguments arguments) {
  const Block<Program::kThreads> block{blockIdx.x, gridDim.x};
  const std::size_t stages = Program::stages(arguments);
  for (std::size_t stage = 0; stage < stages; ++stage) {
    Program::run(block, arguments, stage);
    if (!waitForAll(*arguments.barrier, static_cast<std::uint32_t>(stage + 1) * gridDim.x)) return;
  }
}

struct OnDevice {
  template <class Program>
  static Kernel<typename Program::Arguments> kernel() {
    return {{reinterpret_cast<const void*>(runProgram<Program>), nullptr, Program::kThreads,
             Program::kSharedBytes}};
  }
  template <class Program>
  static CooperativeKernel<typename Program::Arguments> cooperative() {
    return {
        {reinterpret_cast<const void*>(runStages<Program>), nullptr, nullptr, Program::kThreads}};
  }
};

#endif

}  // namespace lethe::cuda
