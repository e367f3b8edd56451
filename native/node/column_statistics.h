#pragma once

#include "node/napi_setup.h"

namespace lethe::node {

/** columnStatistics({dataset, rows, threads}): Promise<{means: Float64Array, variances:
 * Float64Array}> */
Napi::Value columnStatistics(const Napi::CallbackInfo& info);

/**
 * presentStatistics({dataset, rows, threads}): Promise<{counts, means, variances}>, each a
 * Float64Array
 */
Napi::Value presentStatistics(const Napi::CallbackInfo& info);

/** squaredNorms({dataset, rows, centres, scales, threads}): Promise<Float64Array> */
Napi::Value squaredNorms(const Napi::CallbackInfo& info);

}  // namespace lethe::node
