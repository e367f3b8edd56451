#include "cpu/kernels/kernels_template.h"

#if defined(__aarch64__) || defined(_M_ARM64)
#include "cpu/kernels/simd_neon.h"

namespace lethe::cpu {

const Kernels& neonKernels() {
  static constexpr Kernels kKernels = makeKernels<SimdNeon>("neon");
  return kKernels;
}

}  // namespace lethe::cpu

#endif
