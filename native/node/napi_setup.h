#pragma once

// The addon's one way to napi.h. In a worker thread that is being terminated no JavaScript
// exception can be thrown; without this, the attempt to do so ends the process.
#define NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS
#include <napi.h>
