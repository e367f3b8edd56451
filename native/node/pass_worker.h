#pragma once

#include "pass_spec.h"
#include "run_worker.h"

namespace lethe::node {

/**
 * Runs a pass. The model changes on the JavaScript thread, all at once and only after success.
 */
class PassWorker final : public RunWorker {
 public:
  PassWorker(Napi::Env env, PassRequest request, RunQueue& queue);

 private:
  void beginning() override;
  void compute(Control& control) override;
  Napi::Value outcome(Napi::Env env) override;
  void ended() override;

  PassRequest request_;
  Napi::ObjectReference keepModel_;
  bool changesModel_;
  PassResult result_;
};

}  // namespace lethe::node
