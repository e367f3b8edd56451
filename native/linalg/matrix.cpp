#include "linalg/matrix.h"

#include <algorithm>

#include "cpu/tasks.h"

namespace lethe::linalg {

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
      .panels = 1,
      .panelStride = 0,
      .epilogue = {.bias = noBias, .weightSums = nullptr, .affine = {}, .relu = false},
      .out = out.values,
      .outRow = out.row,
  });
}

void multiply(const Kernels& kernels, ThreadTeam& team, const Factor& a, Matrix& b, Matrix& out) {
  const std::size_t rowTasks = cpu::ceilDivide(out.rows(), cpu::kRowsPerTask);
  team.run(panelCount(b.columns()) * rowTasks, [&](std::size_t task, std::size_t) {
    const std::size_t lane = task / rowTasks * kPanelLanes;
    const std::size_t first = task % rowTasks * cpu::kRowsPerTask;
    const Factor rows{a.values + static_cast<std::ptrdiff_t>(first) * a.row, a.row, a.depth};
    multiplyPanel(kernels, rows, {b.data() + lane, b.stride()},
                  std::min(cpu::kRowsPerTask, out.rows() - first), b.rows(),
                  {out.row(first) + lane, out.stride()});
  });
}

}  // namespace lethe::linalg
