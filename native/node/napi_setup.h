#pragma once

// Everything includes napi.h through this file. In a worker thread that is being terminated no
// JavaScript exception can be thrown; without this macro the attempt would end the process.
#define NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS
#include <napi.h>
