#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace lethe {

class Backend;

/** How much of the CPU a computation uses. No bit of a result depends on it. */
struct CpuOptions {
  std::size_t threads = 1;  ///< in 1..1024, the calling one included
  /** plain, avx2, avx512 or neon; empty: what LETHE_ISA says, else the fastest. */
  std::string isa;
};

/** Throws kInvalidArgument if the machine lacks the instruction set, or for too many threads. */
std::unique_ptr<Backend> makeCpuBackend(const CpuOptions& options);

}  // namespace lethe
