#include "kronecker.h"

#include "lethe/backend.h"
#include "promise_worker.h"

namespace lethe::node {
namespace {

class Worker final : public PromiseWorker {
 public:
  Worker(Napi::Env env, const Fields& fields)
      : PromiseWorker(env, "lethe:kroneckerSolve"),
        architecture_(fields.array<std::uint32_t>("widths")),
        factors_(fields.array<float>("factors")),
        gradient_(fields.array<float>("gradient")),
        damping_(fields.number("damping")),
        threads_(fields.integer("threads", kMaxSafeInteger)) {}

 private:
  void compute() override {
    solution_ = makeCpuBackend({threads_, {}})
                    ->kroneckerSolve({architecture_, factors_}, gradient_, damping_);
  }

  Napi::Value result(Napi::Env env) override { return toTypedArray(env, solution_); }

  Architecture architecture_;
  std::vector<float> factors_;
  ParameterVector gradient_;
  double damping_;
  std::size_t threads_;
  ParameterVector solution_;
};

}  // namespace

Napi::Value kroneckerSolve(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] { return (new Worker(info.Env(), Fields(info[0])))->start(); });
}

}  // namespace lethe::node
