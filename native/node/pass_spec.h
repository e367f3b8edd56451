#pragma once

#include <optional>

#include "lethe/cuda.h"
#include "lethe/pass.h"
#include "node/model_handle.h"
#include "node/napi_setup.h"

namespace lethe::node {

/** A pass as JavaScript describes it, copied into native memory. */
struct PassRequest {
  /** The model of `spec`. It is read once, so that a getter cannot return another one. */
  ModelHandle& model;
  PassSpec spec;
  CpuOptions cpu;
  std::optional<CudaOptions> cuda;  ///< set if the pass runs on the CUDA device
};

/**
 * Reads {model, dataset, device, precision, threads, concurrentRuns, plan: {rows, batchSize,
 * epochs, maxSteps?, shuffleSeed?}, objective: {target, weight, removed?, distributions?}, sink:
 * {kind, ...}}. Throws kInvalidArgument, kBusy.
 */
PassRequest readPassRequest(Napi::Value value);

}  // namespace lethe::node
