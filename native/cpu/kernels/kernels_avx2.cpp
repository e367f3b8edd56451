#include "cpu/kernels/kernels_template.h"

#if defined(__x86_64__) || defined(_M_X64)
#include "cpu/kernels/simd_avx2.h"

namespace lethe::cpu {

const Kernels& avx2Kernels() {
  static constexpr Kernels kKernels = makeKernels<SimdAvx2>("avx2");
  return kKernels;
}

}  // namespace lethe::cpu

#endif
