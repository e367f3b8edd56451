#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <variant>
#include <vector>

#include "lethe/error.h"
#include "lethe/mapped_file.h"

namespace lethe {

/** The map from raw bytes to the network's input: x = scale * u + offset. */
struct AffineMap {
  float scale = 1;
  float offset = 0;
};

/** [columns], 1 where NaN stands for a missing value; empty: no value may be missing. */
using MissingColumns = std::vector<std::uint8_t>;

/** Where features lie in a file: row after row from the byte `begin` on. */
struct FeaturesInFile {
  std::shared_ptr<MappedFile> file;
  std::size_t begin;
};

/** What else the file of erased rows says of them. */
struct ErasureInFile {
  std::vector<FileRange> marks;   ///< overwritten first: they tell that the rows are to be erased
  std::vector<FileRange> others;  ///< overwritten with the features
};

/**
 * Rows of features with one label each, row-major [rows, columns]. A subset is a list of row
 * indices, never a copy. Runs share a data set and only read it: whoever arranges or erases rows
 * must know that no run is under way.
 *
 * Features are in memory of the data set's own, or stay in a file: whoever reads them does so
 * within `readUnchanged`.
 */
class Dataset {
 public:
  /** Raw bytes with the affine map that normalizes them. Throws kInvalidArgument. */
  static std::shared_ptr<Dataset> fromBytes(std::vector<std::uint8_t> features, AffineMap map,
                                            std::vector<std::uint32_t> labels, std::size_t columns,
                                            std::size_t classes);
  /**
   * Float32 features, used as they are: finite, or missing where they may be. Rows with missing
   * values must be encoded before a network reads them. Throws kInvalidArgument.
   */
  static std::shared_ptr<Dataset> fromFloats(std::vector<float> features,
                                             std::vector<std::uint32_t> labels, std::size_t columns,
                                             std::size_t classes,
                                             const MissingColumns& missing = {});

  /**
   * Float32 features that the caller knows to be finite, and how many of each row are not 0. Throws
   * kInvalidArgument.
   */
  static std::shared_ptr<Dataset> fromCounted(std::vector<float> features,
                                              std::vector<std::uint32_t> nonzeros,
                                              std::vector<std::uint32_t> labels,
                                              std::size_t columns, std::size_t classes);

  /**
   * Features that stay in a file, float32 ones aligned, and finite or missing where they may be;
   * the whole file is read once. Throws kInvalidArgument, kFileChanged.
   */
  static std::shared_ptr<Dataset> bytesInFile(FeaturesInFile features, AffineMap map,
                                              std::vector<std::uint32_t> labels,
                                              std::size_t columns, std::size_t classes);
  static std::shared_ptr<Dataset> floatsInFile(FeaturesInFile features,
                                               std::vector<std::uint32_t> labels,
                                               std::size_t columns, std::size_t classes,
                                               const MissingColumns& missing = {});

  std::size_t rows() const { return labels_.size(); }
  std::size_t columns() const { return columns_; }
  std::size_t classes() const { return classes_; }
  /** Of memory: features in a file are not counted. */
  std::size_t bytes() const;

  /** How many features of a row are not 0, before the affine map. */
  std::uint32_t nonzeros(std::size_t row) const { return nonzeros_[row]; }
  std::uint32_t label(std::size_t row) const { return labels_[row]; }
  AffineMap map() const { return map_; }

  /** The raw bytes of all rows, or nullptr if the features are float32. */
  const std::uint8_t* byteFeatures() const;
  /** The float32 features of all rows, or nullptr if they are bytes. */
  const float* floatFeatures() const;

  /** Writes the network's inputs of `rows` to out, [rows.size(), columns]. Throws kInvalidRows. */
  void normalized(std::span<const std::uint32_t> rows, float* out) const;

  /**
   * A data set of these rows and columns alone, in this order, with features of the same type.
   * Throws kInvalidRows, kInvalidArgument.
   */
  std::shared_ptr<Dataset> select(std::span<const std::uint32_t> rows,
                                  std::span<const std::uint32_t> columns) const;

  /** The bytes of one row's features as they are stored. */
  std::size_t rowBytes() const;
  /** Writes features as they are stored to out, [rows.size(), rowBytes()]. Throws kInvalidRows. */
  void copyRows(std::span<const std::uint32_t> rows, std::byte* out) const;

  /**
   * Puts row order[i] into place i, in the memory where the rows are: there may be no room for a
   * second copy. Throws kInvalidArgument unless the order names every row once, and where features
   * are in a file.
   */
  void arrange(std::vector<std::uint32_t> order);

  /**
   * Overwrites features and labels of these rows with zeros, those of a file on its disk too: if
   * this ends half-way, the marks tell what is left to do. Throws kInvalidRows; kIo, kFileChanged.
   */
  void erase(std::span<const std::uint32_t> rows, const ErasureInFile& inFile = {});

  /** Those of these rows whose features are not all zero bytes. Throws kInvalidRows. */
  std::vector<std::uint32_t> rowsWithContent(std::span<const std::uint32_t> rows) const;

  /** Throws kFileChanged if the features' file is not what it was when it was opened. */
  void checkFile() const;

  /** Throws kInvalidRows unless every index names a row. */
  void checkRows(std::span<const std::uint32_t> rows) const;

 private:
  using Owned = std::variant<std::vector<std::uint8_t>, std::vector<float>>;
  using View = std::variant<std::span<const std::uint8_t>, std::span<const float>>;

  /** @param nonzeros one count a row */
  Dataset(Owned owned, std::shared_ptr<MappedFile> file, View features, AffineMap map,
          std::vector<std::uint32_t> labels, std::vector<std::uint32_t> nonzeros,
          std::size_t columns, std::size_t classes);

  /** @param nonzeros if empty, they are counted here */
  static std::shared_ptr<Dataset> inMemory(Owned features, AffineMap map,
                                           std::vector<std::uint32_t> labels, std::size_t columns,
                                           std::size_t classes,
                                           std::vector<std::uint32_t> nonzeros = {});

  void eraseInFile(std::span<const std::uint32_t> rows, const ErasureInFile& inFile);
  std::span<const std::byte> featureBytes() const;

  Owned owned_;                       ///< empty if the features are in a file
  std::shared_ptr<MappedFile> file_;  ///< null if they are in memory
  View features_;                     ///< of either
  AffineMap map_;
  std::vector<std::uint32_t> labels_;
  std::vector<std::uint32_t> nonzeros_;
  std::size_t columns_;
  std::size_t classes_;
};

/**
 * The result of read(), which reads features. Throws kFileChanged in place of it, and of any error,
 * if their file is not what it was when it was opened: then nobody knows what was read.
 */
template <class Read>
auto readUnchanged(const Dataset& dataset, const Read& read) {
  dataset.checkFile();
  try {
    auto result = read();
    dataset.checkFile();
    return result;
  } catch (const Error&) {
    dataset.checkFile();
    throw;
  }
}

/** How many values are not 0. */
std::uint32_t countNonzeros(std::span<const float> values);

}  // namespace lethe
