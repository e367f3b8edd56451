#pragma once

#include "lethe/pass.h"

namespace lethe::test {

/**
 * What pass() must return, bit by bit. It computes the determinism contract one float at a time:
 * each output is one chain of std::fma from +0 in the order of k. Only exp and log come from the
 * core.
 */
PassResult oraclePass(const PassSpec& spec);

}  // namespace lethe::test
