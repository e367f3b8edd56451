#pragma once

#include <cstddef>
#include <memory>

#include "bench/cuda_workloads.h"
#include "lethe/cuda.h"

namespace lethe::bench {

struct OracleTimes {
  double seconds = 0;     ///< for all models, side by side
  bool sameBits = false;  ///< the first and the last model are those of the CPU
};

/**
 * Trains `models` oracles in `concurrentRuns` host threads, each with its own backend on the one
 * device. Before the clock starts, each thread trains one model. Throws what a run throws.
 */
OracleTimes trainOracles(const Workloads& workloads, const std::shared_ptr<CudaDevice>& device,
                         CudaExecution execution, std::size_t models, std::size_t concurrentRuns);

}  // namespace lethe::bench
