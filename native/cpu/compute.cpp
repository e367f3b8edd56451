#include "cpu/compute.h"

#include <cstdlib>
#include <string>

#include "cpu/kernels/dispatch.h"
#include "lethe/error.h"

namespace lethe::cpu {
namespace {

constexpr std::size_t kMaxThreads = 1024;

}  // namespace

Compute computeFor(const CpuOptions& options) {
  if (options.threads == 0 || options.threads > kMaxThreads) {
    throw Error(ErrorCode::kInvalidArgument,
                "threads must be in 1.." + std::to_string(kMaxThreads));
  }
  std::string isa = options.isa;
  if (const char* forced = std::getenv("LETHE_ISA"); isa.empty() && forced) isa = forced;
  return {selectKernels(isa), options.threads};
}

}  // namespace lethe::cpu
