#pragma once

#include "napi_setup.h"

namespace lethe::node {

/**
 * principalComponents({values, rows, columns, components, seed}):
 * Promise<{directions: Float32Array, variances: number[], totalVariance}>
 */
Napi::Value principalComponents(const Napi::CallbackInfo& info);

}  // namespace lethe::node
