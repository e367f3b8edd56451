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
  std::vector<std::uint32_t> columns;  ///< that it reads
  std::vector<float> weights;          ///< W, row-major [outputs, columns]
  std::vector<float> bias;             ///< b, [outputs]
};

/**
 * A data set of these rows, mapped: float32 features, the same labels and classes. Its values are
 * those of a layer without ReLU, by the same contract, whatever the threads. Progress counts rows.
 * Throws kInvalidArgument, kInvalidRows, kEmptySet, kAborted, kDiverged (a mapped value is not
 * finite).
 */
std::shared_ptr<const Dataset> mapRows(Backend& backend, std::shared_ptr<const Dataset> dataset,
                                       std::span<const std::uint32_t> rows, const LinearMap& map,
                                       std::size_t threads, Control& control);

}  // namespace lethe
