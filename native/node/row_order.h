#pragma once

#include "node/napi_setup.h"

namespace lethe::node {

/**
 * sortIds(ids): Promise<Uint32Array>, the places of the ids in ascending order, equal ones in
 * theirs. The ids are {numbers: BigInt64Array}, or texts as {bytes: Uint8Array, ends: Uint32Array}.
 */
Napi::Value sortIds(const Napi::CallbackInfo& info);

/** As sortIds, on the JavaScript thread and without a promise. */
Napi::Value sortIdsSync(const Napi::CallbackInfo& info);

}  // namespace lethe::node
