#pragma once

#include <cstddef>

#include "cpu/kernels/kernels.h"
#include "lethe/cpu.h"

namespace lethe::cpu {

/** CpuOptions, checked: the kernels of an instruction set, and how many threads run them. */
struct Compute {
  const Kernels& kernels;
  std::size_t threads;
};

/** Throws kInvalidArgument if the machine lacks the instruction set or threads are not in range. */
Compute computeFor(const CpuOptions& options);

}  // namespace lethe::cpu
