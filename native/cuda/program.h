#pragma once

#include <cstddef>

#include "block.h"

namespace lethe::cuda {

/**
 * A program as it is launched. A program P has P::kThreads, P::kSharedBytes, P::Arguments and
 * P::run(block, arguments).
 */
template <class Arguments>
struct Kernel {
  const void* function;  ///< of the CUDA runtime; nullptr where the host runs it
  /** Runs one stage of one block on the host; nullptr where a device does. */
  void (*emulate)(const void* arguments, std::size_t block, std::size_t blocks, std::byte* shared);
  unsigned threads;
  std::size_t sharedBytes;
};

/** Kernels that the host runs, for tests. */
struct OnHost {
  template <class Program>
  static Kernel<typename Program::Arguments> kernel() {
    return {nullptr, run<Program>, Program::kThreads, Program::kSharedBytes};
  }

 private:
  template <class Program>
  static void run(const void* arguments, std::size_t block, std::size_t blocks, std::byte* shared) {
    Program::run(Block<Program::kThreads>{block, blocks, shared},
                 *static_cast<const typename Program::Arguments*>(arguments));
  }
};

#ifdef __CUDACC__

template <class Program>
__global__ void __launch_bounds__(Program::kThreads)
    runProgram(const __grid_constant__ typename Program::Arguments arguments) {
  extern __shared__ __align__(16) std::byte shared[];
  Program::run(Block<Program::kThreads>{blockIdx.x, gridDim.x, shared}, arguments);
}

struct OnDevice {
  template <class Program>
  static Kernel<typename Program::Arguments> kernel() {
    return {reinterpret_cast<const void*>(runProgram<Program>), nullptr, Program::kThreads,
            Program::kSharedBytes};
  }
};

#endif

}  // namespace lethe::cuda
