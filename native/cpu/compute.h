#pragma once

#include <cstddef>

#include "cpu/kernels/kernels.h"
#include "lethe/cpu.h"

namespace lethe::cpu {

/** What CpuOptions ask for, checked: the kernels of an instruction set, and how many threads. */
struct Compute {
  const Kernels& kernels;
  std::size_t threads;
};

/** Throws kInvalidArgument if the machine lacks the instruction set, or for too many threads. */
Compute computeFor(const CpuOptions& options);

}  // namespace lethe::cpu
