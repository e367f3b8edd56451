#pragma once

#include "lethe/pass.h"

namespace lethe::test {

/**
 * What pass() must answer, bit by bit: the determinism contract computed one float at a time, each
 * output one chain of std::fma from +0 in the order of k. Only exp and log come from the core.
 */
PassResult oraclePass(const PassSpec& spec);

}  // namespace lethe::test
