#pragma once

#include "lethe/dataset.h"
#include "lethe/model.h"
#include "lethe/sink.h"

namespace lethe {

/** Throws kInvalidArgument, kInvalidRows unless a pass can work with what the sink asks for. */
void checkSink(const Sink& sink, const Architecture& architecture, const Dataset& dataset);

}  // namespace lethe
