#include "cpu/outer_products.h"

#include <algorithm>

#include "cpu/tasks.h"

namespace lethe::cpu {

OuterProducts::OuterProducts(std::size_t size)
    : size_(size), sums_(panelCount(size) * size * kPanelLanes) {
  for (std::size_t panel = 0; panel < panelCount(size); ++panel) {
    for (std::size_t row = panel * kPanelLanes; row < size; row += kInputsPerTask) {
      tasks_.push_back({panel, row, std::min(kInputsPerTask, size - row)});
    }
  }
}

void OuterProducts::add(const Kernels& kernels, PaddedRows& rows, std::size_t count,
                        std::size_t task, float* unfinished) {
  const auto& [panel, firstRow, taskRows] = tasks_[task];
  float* sums = sums_.data() + (panel * size_ + firstRow) * kPanelLanes;
  kernels.updateWeights({
      .product = {.a = rows.data() + firstRow,
                  .aRow = 1,
                  .aDepth = rows.stride(),
                  .b = rows.data() + panel * kPanelLanes,
                  .bDepth = rows.stride(),
                  .rows = taskRows,
                  .depth = count},
      .panels = 1,
      .panelStride = 0,
      .unfinished = unfinished,
      .epilogue = {.biasGradient = nullptr,
                   .affine = {},
                   .offsets = nullptr,
                   .rates = nullptr,
                   .parameters = sums,
                   .state = sums,
                   .update = {UpdateKind::kAccumulate}},
  });
}

float OuterProducts::at(std::size_t row, std::size_t column) const {
  if (row < column) std::swap(row, column);
  const std::size_t lane = column % kPanelLanes;
  return sums_.data()[(column / kPanelLanes * size_ + row) * kPanelLanes + lane];
}

void OuterProducts::appendTo(std::vector<float>& out) const {
  for (std::size_t row = 0; row < size_; ++row) {
    for (std::size_t column = 0; column < size_; ++column) out.push_back(at(row, column));
  }
}

}  // namespace lethe::cpu
