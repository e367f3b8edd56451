#include "node/kronecker_worker.h"

#include "lethe/kronecker.h"

namespace lethe::node {

KroneckerWorker::KroneckerWorker(Napi::Env env, const Fields& request, RunQueue& queue)
    : RunWorker(env, request.integer("threads", kMaxSafeInteger), queue),
      architecture_(request.array<std::uint32_t>("widths")),
      factors_(request.array<float>("factors")),
      gradient_(request.array<float>("gradient")),
      damping_(request.number("damping")) {}

void KroneckerWorker::compute(Control& control) {
  solution_ =
      kroneckerSolve({architecture_, factors_}, gradient_, damping_, {threads(), {}}, control);
}

Napi::Value KroneckerWorker::outcome(Napi::Env env) { return toTypedArray(env, solution_); }

}  // namespace lethe::node
