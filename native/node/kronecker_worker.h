#pragma once

#include "napi_setup.h"

namespace lethe::node {

/** kroneckerSolve({widths, factors, gradient, damping, threads}): a promise of a Float32Array */
Napi::Value kroneckerSolve(const Napi::CallbackInfo& info);

}  // namespace lethe::node
