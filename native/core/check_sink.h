#pragma once

#include "lethe/dataset.h"
#include "lethe/model.h"
#include "lethe/sink.h"

namespace lethe {

/** Throws kInvalidArgument, kInvalidRows if a value of the sink is one that no pass can use. */
void checkSink(const Sink& sink, const Architecture& architecture, const Dataset& dataset);

}  // namespace lethe
