#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lethe/backend.h"
#include "lethe/pass.h"

namespace lethe {

/** x -> W x + b on some columns of the network's inputs. */
struct LinearMap {
  std::vector<std::uint32_t> columns;  ///< the inputs that it reads
  std::vector<float> weights;          ///< W, row-major [outputs, columns]
  std::vector<float> bias;             ///< b, [outputs]
};

/**
 * Maps these rows to a new data set of float32 features with the same labels and classes. Its
 * values have the bits of a layer without ReLU, whatever the number of threads. Progress counts
 * rows. Throws kInvalidArgument, kInvalidRows, kEmptySet, kAborted, kDiverged (a mapped value is
 * not finite).
 */
std::shared_ptr<Dataset> mapRows(Backend& backend, std::shared_ptr<const Dataset> dataset,
                                 std::span<const std::uint32_t> rows, const LinearMap& map,
                                 std::size_t threads, Control& control);

}  // namespace lethe
