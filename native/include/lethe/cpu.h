#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace lethe {

class Backend;

/** The threads and instruction set that a computation uses. No bit of a result depends on them. */
struct CpuOptions {
  std::size_t threads = 1;  ///< in 1..1024, the calling one included
  /** plain, avx2, avx512 or neon. If empty, LETHE_ISA decides, else the fastest is taken. */
  std::string isa;
};

/** Throws kInvalidArgument if the machine lacks the instruction set or threads are not in range. */
std::unique_ptr<Backend> makeCpuBackend(const CpuOptions& options);

}  // namespace lethe
