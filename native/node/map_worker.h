#pragma once

#include <memory>
#include <vector>

#include "lethe/map_rows.h"
#include "node/convert.h"
#include "node/run_worker.h"

namespace lethe::node {

/** Reads the columns, weights and bias of a request. */
LinearMap readLinearMap(const Fields& request);

/**
 * Maps rows of a data set to a new one. The request is {source, rows, columns, weights, bias,
 * threads}; its promise resolves to a Dataset.
 */
class MapWorker final : public RunWorker {
 public:
  /** @param constructor of Dataset; it outlives the worker */
  MapWorker(Napi::Env env, const Fields& request, const Napi::FunctionReference& constructor,
            RunQueue& queue);

 private:
  void compute(Control& control) override;
  Napi::Value outcome(Napi::Env env) override;

  const Napi::FunctionReference& constructor_;
  std::shared_ptr<const Dataset> source_;
  std::vector<std::uint32_t> rows_;
  LinearMap map_;
  std::shared_ptr<Dataset> mapped_;
};

}  // namespace lethe::node
