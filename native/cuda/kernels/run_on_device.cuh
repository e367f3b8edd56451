#pragma once

#include "cuda/kernels/barrier.h"
#include "cuda/kernels/block.h"
#include "cuda/kernels/kernel.h"

namespace lethe::cuda {

/** The fewest blocks that a multiprocessor must hold: some compute while others wait. */
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

/** Makes kernels that a CUDA device runs. */
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

}  // namespace lethe::cuda
