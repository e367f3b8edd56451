#pragma once

#include "node/cuda_handle.h"
#include "node/pass_spec.h"
#include "node/run_worker.h"

namespace lethe::node {

/**
 * Runs a pass. The model changes on the JavaScript thread, as a whole and only after success.
 */
class PassWorker final : public RunWorker {
 public:
  /** @param device outlives the worker */
  PassWorker(Napi::Env env, PassRequest request, CudaHandle& device, RunQueue& queue);

 private:
  void beginning() override;
  void compute(Control& control) override;
  Napi::Value outcome(Napi::Env env) override;
  void ended() override;

  PassResult passOnCuda(const CudaOptions& options, Control& control);

  PassRequest request_;
  CudaHandle& device_;
  Napi::ObjectReference keepModel_;
  bool changesModel_;
  PassResult result_;
};

}  // namespace lethe::node
