#pragma once

#include <optional>

#include "lethe/fold_linear_map.h"
#include "node/convert.h"
#include "node/run_worker.h"

namespace lethe::node {

/**
 * Folds a map into a model. The request is {model, columns, weights, bias, inputs, threads}; its
 * promise resolves to a Model.
 */
class FoldWorker final : public RunWorker {
 public:
  /** @param constructor of Model; it outlives the worker */
  FoldWorker(Napi::Env env, const Fields& request, const Napi::FunctionReference& constructor,
             RunQueue& queue);

 private:
  void compute(Control& control) override;
  Napi::Value outcome(Napi::Env env) override;

  const Napi::FunctionReference& constructor_;
  Model model_;
  LinearMap map_;
  std::uint32_t inputs_;
  std::optional<Model> folded_;
};

}  // namespace lethe::node
