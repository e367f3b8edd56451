#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lethe/dataset.h"

namespace lethe {

/** How one column of raw values becomes inputs of the network. NaN stands for a missing value. */
struct EncodedColumn {
  enum class Kind : std::uint8_t {
    kNumber,    ///< one input, (value - centre) / scale, where `fill` stands for a missing value
    kCategory,  ///< one input for each category: 1 for the one whose place is the value, else 0
  };
  Kind kind = Kind::kNumber;
  bool indicator = false;  ///< whether another input follows, which is 1 if the value is missing
  float fill = 0;
  float centre = 0;
  float scale = 1;
  std::uint32_t categories = 0;
};

/** Encodes rows of raw values, column by column. All is computed in float32, as in ONNX. */
class InputEncoding {
 public:
  /**
   * Throws kInvalidArgument: no column, a category column without categories, or a number column
   * whose values are not finite or whose scale is 0.
   */
  explicit InputEncoding(std::vector<EncodedColumn> columns);

  std::size_t columns() const { return columns_.size(); }
  std::size_t inputs() const { return inputs_; }

  /**
   * Writes the inputs of one row to out, [inputs]. Any value is taken: one that is no category's
   * place is none of them, and a number that float32 cannot hold becomes the largest that it can.
   */
  void encode(const float* row, float* out) const;

 private:
  std::vector<EncodedColumn> columns_;
  std::size_t inputs_ = 0;
};

/**
 * A data set of the inputs of all rows, erased ones too, with the same labels and classes. Throws
 * kInvalidArgument: other columns than the encoding's, or bytes; kFileChanged.
 */
std::shared_ptr<Dataset> encodeRows(const Dataset& dataset, const InputEncoding& encoding,
                                    std::size_t threads = 1);

/** Of the values of each column that are not missing: their number, mean and variance. */
struct PresentStatistics {
  std::vector<double> counts;
  std::vector<double> means;      ///< 0 where there is no value
  std::vector<double> variances;  ///< the mean squared distance to the mean
};

/**
 * Adds the rows in their order, in float64, first to the means and then to the variances: the same
 * bits for any number of threads. Throws kInvalidRows, kInvalidArgument (bytes), kFileChanged.
 */
PresentStatistics presentStatistics(const Dataset& dataset, std::span<const std::uint32_t> rows,
                                    std::size_t threads = 1);

}  // namespace lethe
