#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cpu/kernels/kernels.h"
#include "lethe/dataset.h"

namespace lethe::cpu {

/**
 * The nonzeros of a batch by row and, if gradients are wanted, by column. It is filled in three
 * stages, whose calls may run side by side: begin; addRow for every row; addColumns for every block
 * of kSparseBlock columns.
 */
class SparseBatch {
 public:
  explicit SparseBatch(const Kernels& kernels) : kernels_(kernels) {}

  void begin(const Dataset& dataset, std::span<const std::uint32_t> rows);
  void addRow(std::size_t row);
  void addColumns(std::size_t block);

  std::size_t blocks() const { return blocks_; }

  /** The nonzeros of `count` rows. */
  SparseRows rows(std::size_t first, std::size_t count) const {
    return {rowEntries_.data(), rowOffsets_.data() + first * blocks_, count, blocks_};
  }
  /** The nonzeros of `count` columns. */
  SparseColumns columns(std::size_t first, std::size_t count) const {
    return {columnEntries_.data(), columnOffsets_.data() + first, count};
  }

 private:
  const Kernels& kernels_;
  const Dataset* dataset_ = nullptr;
  std::size_t blocks_ = 0;
  std::span<const std::uint32_t> batch_;
  std::vector<SparseEntry> rowEntries_;
  std::vector<std::uint32_t> rowOffsets_;
  std::vector<SparseEntry> columnEntries_;
  std::vector<std::uint32_t> columnOffsets_;
};

}  // namespace lethe::cpu
