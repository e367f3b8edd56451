#pragma once

#include "node/napi_setup.h"

namespace lethe::node {

/** columnStatistics({dataset, rows}): Promise<{means: Float64Array, variances: Float64Array}> */
Napi::Value columnStatistics(const Napi::CallbackInfo& info);

}  // namespace lethe::node
