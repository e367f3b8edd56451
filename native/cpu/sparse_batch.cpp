#include "cpu/sparse_batch.h"

#include <algorithm>
#include <utility>

namespace lethe::cpu {

void SparseBatch::begin(const Dataset& dataset, std::span<const std::uint32_t> rows) {
  dataset_ = &dataset;
  blocks_ = (dataset.columns() + kSparseBlock - 1) / kSparseBlock;
  batch_ = rows;
  rowOffsets_.resize(rows.size() * blocks_ + 1);
  columnOffsets_.resize(dataset_->columns() + 1);
  std::uint32_t offset = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rowOffsets_[i * blocks_] = offset;
    offset += dataset_->nonzeros(rows[i]);
  }
  rowOffsets_.back() = offset;
  columnOffsets_.back() = offset;
  rowEntries_.resize(std::max<std::size_t>(rowEntries_.size(), offset));
  columnEntries_.resize(rowEntries_.size());
}

void SparseBatch::addRow(std::size_t row) {
  const std::size_t at = batch_[row] * dataset_->columns();
  std::uint32_t* offsets = rowOffsets_.data() + row * blocks_;
  std::uint32_t next = offsets[0];
  const std::uint32_t end = next + dataset_->nonzeros(batch_[row]);
  for (std::size_t block = 0; block < blocks_; ++block) {
    const std::size_t first = block * kSparseBlock;
    const std::size_t count = std::min(kSparseBlock, dataset_->columns() - first);
    float widened[kSparseBlock];
    const float* values = widened;
    if (const std::uint8_t* bytes = dataset_->byteFeatures()) {
      kernels_.widen(bytes + at + first, count, widened);
    } else {
      values = dataset_->floatFeatures() + at + first;
    }
    SparseEntry entries[kSparseBlock + kPanelLanes];
    const std::size_t found =
        kernels_.nonzeros(values, count, static_cast<std::uint32_t>(first), entries);
    // A file that somebody has changed may hold other nonzeros than were counted: the run fails in
    // the end, and until then it must stay within the row's entries.
    const std::size_t written = std::min<std::size_t>(found, end - next);
    std::copy_n(entries, written, rowEntries_.begin() + next);
    offsets[block] = next;
    next += static_cast<std::uint32_t>(written);
  }
  const auto lastBlock = static_cast<std::uint32_t>((blocks_ - 1) * kSparseBlock);
  std::fill(rowEntries_.begin() + next, rowEntries_.begin() + end, SparseEntry{0, lastBlock});
}

void SparseBatch::addColumns(std::size_t block) {
  const std::size_t firstColumn = block * kSparseBlock;
  const std::size_t count = std::min(kSparseBlock, dataset_->columns() - firstColumn);
  const auto forEachEntry = [&](const auto& visit) {
    for (std::size_t row = 0; row < batch_.size(); ++row) {
      const std::uint32_t* offsets = rowOffsets_.data() + row * blocks_ + block;
      for (std::uint32_t i = offsets[0]; i < offsets[1]; ++i) {
        visit(row, rowEntries_[i].index - firstColumn, rowEntries_[i].value);
      }
    }
  };

  std::uint32_t ends[kSparseBlock] = {};
  forEachEntry([&](std::size_t, std::size_t column, float) { ++ends[column]; });
  std::uint32_t next = 0;
  for (std::size_t row = 0; row < batch_.size(); ++row) {
    next += rowOffsets_[row * blocks_ + block] - rowOffsets_[row * blocks_];
  }
  for (std::size_t column = 0; column < count; ++column) {
    columnOffsets_[firstColumn + column] = next;
    next += std::exchange(ends[column], next);
  }
  forEachEntry([&](std::size_t row, std::size_t column, float value) {
    columnEntries_[ends[column]++] = {value, static_cast<std::uint32_t>(row)};
  });
}

}  // namespace lethe::cpu
