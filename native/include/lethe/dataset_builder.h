#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <variant>
#include <vector>

#include "lethe/dataset.h"

namespace lethe {

/**
 * Values of which nobody knows how many there will be. They are kept in pieces, because a vector
 * that grows needs three times the memory while it moves.
 */
template <class T>
class Pieces {
 public:
  /** Throws std::bad_alloc. */
  void append(std::span<const T> values);
  /** All values in one vector. Every piece is freed as soon as it is copied. */
  std::vector<T> joined();

 private:
  std::vector<std::vector<T>> pieces_;
  std::size_t size_ = 0;
};

/** Collects rows as they come and makes a data set of them. */
class DatasetBuilder {
 public:
  enum class Storage { kBytes, kFloats };
  explicit DatasetBuilder(Storage storage);

  /** Appends features, row after row; the type must be that of the storage. kInvalidArgument. */
  void append(std::span<const std::uint8_t> features);
  void append(std::span<const float> features);

  /**
   * The data set, in which row order[i] of those appended has the place i; an empty order leaves
   * them in theirs. Nothing is left in the builder. Throws as Dataset does.
   *
   * @param map for bytes; float32 features are used as they are
   * @param missing of float32 features, see Dataset::fromFloats
   */
  std::shared_ptr<Dataset> finish(AffineMap map, std::vector<std::uint32_t> labels,
                                  std::size_t columns, std::size_t classes,
                                  std::vector<std::uint32_t> order,
                                  const MissingColumns& missing = {});

 private:
  template <class T>
  void appendTo(std::span<const T> features);

  std::variant<Pieces<std::uint8_t>, Pieces<float>> features_;
};

}  // namespace lethe
