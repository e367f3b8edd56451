#pragma once

#include "lethe/map_rows.h"

namespace lethe {

/**
 * The model of a map's inputs: its first layer is W1 W, b1 + W1 b, and 0 for inputs that the map
 * does not read; the others are the model's. The products are those of mapRows on the rows of W1.
 * Progress counts the units of the first layer. Throws kInvalidArgument, kAborted, kDiverged (a
 * folded value is not finite).
 */
Model foldLinearMap(Backend& backend, const Model& model, const LinearMap& map,
                    std::uint32_t inputs, std::size_t threads, Control& control);

}  // namespace lethe
