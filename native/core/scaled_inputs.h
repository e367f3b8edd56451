#pragma once

#include "lethe/model.h"
#include "lethe/sink.h"

namespace lethe {

/**
 * The model whose first layer takes unit (x - centre) and gives the same outputs for inputs x. Its
 * bias is larger by the weights times the centres, summed in float64 and rounded once.
 */
Model forScaledInputs(const Model& model, const InputScaling& scaling);

/** The way back, in place: `parameters` in the order of Architecture. */
void forInputs(const Architecture& architecture, const InputScaling& scaling,
               ParameterVector& parameters);

}  // namespace lethe
