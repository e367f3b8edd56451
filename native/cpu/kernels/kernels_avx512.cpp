#include "cpu/kernels/kernels_template.h"

#if defined(__x86_64__) || defined(_M_X64)
#include "cpu/kernels/simd_avx512.h"

namespace lethe::cpu {

const Kernels& avx512Kernels() {
  static constexpr Kernels kKernels = makeKernels<SimdAvx512>("avx512");
  return kKernels;
}

}  // namespace lethe::cpu

#endif
