#pragma once

#include "lethe/map_rows.h"

namespace lethe {

/**
 * Folds a map into a model that was trained on its outputs: the result reads the map's `inputs`
 * inputs. Its first layer is W1 W, b1 + W1 b, with 0 for inputs that the map does not read; the
 * other layers are the model's. The products are those of mapRows on the rows of W1. Progress
 * counts the units of the first layer. Throws kInvalidArgument, kAborted, kDiverged (a folded value
 * is not finite).
 */
Model foldLinearMap(Backend& backend, const Model& model, const LinearMap& map,
                    std::uint32_t inputs, std::size_t threads, Control& control);

}  // namespace lethe
