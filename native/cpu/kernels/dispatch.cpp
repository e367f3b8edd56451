#include "cpu/kernels/dispatch.h"

#include <array>
#include <string>

#include "lethe/error.h"

namespace lethe::cpu {
namespace {

struct Candidate {
  const Kernels& (*kernels)();
  bool supported;
};

#if defined(__x86_64__) || defined(_M_X64)
/** The kernel tables of this architecture, from the fastest to the slowest. */
auto candidates() {
  return std::array<Candidate, 3>{
      {{avx512Kernels, static_cast<bool>(__builtin_cpu_supports("avx512f"))},
       {avx2Kernels, __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")},
       {plainKernels, true}}};
}
#elif defined(__aarch64__) || defined(_M_ARM64)
auto candidates() { return std::array<Candidate, 2>{{{neonKernels, true}, {plainKernels, true}}}; }
#else
auto candidates() { return std::array<Candidate, 1>{{{plainKernels, true}}}; }
#endif

}  // namespace

std::vector<const Kernels*> supportedKernels() {
  std::vector<const Kernels*> supported;
  for (const Candidate& candidate : candidates()) {
    if (candidate.supported) supported.push_back(&candidate.kernels());
  }
  return supported;
}

const Kernels& selectKernels(std::string_view name) {
  const std::vector<const Kernels*> supported = supportedKernels();
  if (name.empty()) return *supported.front();
  std::string known;
  for (const Kernels* kernels : supported) {
    if (name == kernels->name) return *kernels;
    known += std::string(known.empty() ? "" : ", ") + kernels->name;
  }
  throw Error(ErrorCode::kInvalidArgument, "the instruction set \"" + std::string(name) +
                                               "\" is not available here; this machine has " +
                                               known);
}

}  // namespace lethe::cpu
