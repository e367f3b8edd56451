#pragma once

#include <napi.h>

#include "lethe/pass.h"

namespace lethe::node {

/** A pass as JavaScript describes it, copied into native memory. */
struct PassRequest {
  PassSpec spec;
  CpuOptions cpu;
};

/**
 * Reads {model, dataset, threads, plan: {rows, batchSize, epochs, maxSteps?, shuffleSeed?},
 * objective: {target, weight, removed?, distributions?}, sink: {kind, ...}}. Throws
 * kInvalidArgument, kBusy.
 */
PassRequest readPassRequest(Napi::Value value);

/** Whether the sink changes the model's parameters, rather than collecting something beside them.
 */
bool changesModel(const Sink& sink);

}  // namespace lethe::node
