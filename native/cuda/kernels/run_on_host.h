#pragma once

#include "cuda/kernels/block.h"
#include "cuda/kernels/kernel.h"

namespace lethe::cuda {

/** Makes kernels that the host runs, for tests. */
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

}  // namespace lethe::cuda
