#pragma once

#include <string_view>
#include <vector>

#include "cpu/kernels/kernels.h"

namespace lethe::cpu {

/** The kernel tables that this machine can run, the fastest first. */
std::vector<const Kernels*> supportedKernels();

/** The table of that name, or the fastest for an empty name. Throws kInvalidArgument. */
const Kernels& selectKernels(std::string_view name);

}  // namespace lethe::cpu
