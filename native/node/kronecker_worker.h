#pragma once

#include <vector>

#include "lethe/model.h"
#include "node/convert.h"
#include "node/run_worker.h"

namespace lethe::node {

/**
 * Solves with Kronecker factors. The request is {widths, factors, gradient, damping, threads}; its
 * promise resolves to a Float32Array, one value per parameter.
 */
class KroneckerWorker final : public RunWorker {
 public:
  KroneckerWorker(Napi::Env env, const Fields& request, RunQueue& queue);

 private:
  void compute(Control& control) override;
  Napi::Value outcome(Napi::Env env) override;

  Architecture architecture_;
  std::vector<float> factors_;
  ParameterVector gradient_;
  double damping_;
  ParameterVector solution_;
};

}  // namespace lethe::node
