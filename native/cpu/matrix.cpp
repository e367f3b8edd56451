#include "matrix.h"

namespace lethe::cpu {

void multiplyPanel(const Kernels& kernels, const Factor& a, const Panel& b, std::size_t rows,
                   std::size_t depth, const Panel& out) {
  const float noBias[kPanelLanes] = {};
  kernels.forward({
      .product = {.a = a.values,
                  .aRow = a.row,
                  .aDepth = a.depth,
                  .b = b.values,
                  .bDepth = b.row,
                  .rows = rows,
                  .depth = depth},
      .epilogue = {.bias = noBias, .weightSums = nullptr, .affine = {}, .relu = false},
      .out = out.values,
      .outRow = out.row,
  });
}

void multiply(const Kernels& kernels, const Factor& a, Matrix& b, Matrix& out) {
  for (std::size_t lane = 0; lane < b.columns(); lane += kPanelLanes) {
    multiplyPanel(kernels, a, {b.data() + lane, b.stride()}, out.rows(), b.rows(),
                  {out.data() + lane, out.stride()});
  }
}

}  // namespace lethe::cpu
