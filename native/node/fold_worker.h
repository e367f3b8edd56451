#pragma once

#include "lethe/fold_linear_map.h"
#include "node/convert.h"
#include "node/run_worker.h"

namespace lethe::node {

/**
 * Folds a map into a model: {model, columns, weights, bias, inputs, threads}, the promise of the
 * folded parameters.
 */
class FoldWorker final : public RunWorker {
 public:
  FoldWorker(Napi::Env env, const Fields& request, RunQueue& queue);

 private:
  void compute(Control& control) override;
  Napi::Value outcome(Napi::Env env) override;

  Model model_;
  LinearMap map_;
  std::uint32_t inputs_;
  std::shared_ptr<const ParameterVector> folded_;
};

}  // namespace lethe::node
