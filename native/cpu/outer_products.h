#pragma once

#include <vector>

#include "cpu/aligned_buffer.h"
#include "cpu/kernels/kernels.h"
#include "cpu/padded_rows.h"
#include "lethe/floating_point.h"

namespace lethe::cpu {

/** The sum of v v^T over rows v, a symmetric matrix. Only about half of it is computed. */
class OuterProducts {
 public:
  explicit OuterProducts(std::size_t size);

  /** How many tasks it takes to add some rows; they may run side by side. */
  std::size_t tasks() const { return tasks_.size(); }
  /**
   * Adds the products of the first `count` rows that one task covers.
   * @param unfinished scratch, [kInputsPerTask][kPanelLanes]
   */
  void add(const Kernels& kernels, PaddedRows& rows, std::size_t count, std::size_t task,
           float* unfinished);

  bool finite() const { return allFinite(sums_.data(), sums_.size()); }
  /** Appends the whole matrix, row by row. */
  void appendTo(std::vector<float>& out) const;

 private:
  struct Task {
    std::size_t panel;
    std::size_t firstRow;
    std::size_t rows;
  };

  float at(std::size_t row, std::size_t column) const;

  std::size_t size_;
  std::vector<Task> tasks_;
  AlignedBuffer sums_;  ///< [panels][size][kPanelLanes], from each panel's diagonal block on
};

}  // namespace lethe::cpu
