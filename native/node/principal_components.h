#pragma once

#include "node/napi_setup.h"

namespace lethe::node {

/**
 * principalComponents({dataset, rows, columns, means, scales, components, seed, threads}):
 * Promise<{directions: Float32Array, variances: number[], totalVariance}>
 */
Napi::Value principalComponents(const Napi::CallbackInfo& info);

}  // namespace lethe::node
