#pragma once

#include <vector>

#include "node/cuda_handle.h"
#include "node/dataset_handle.h"
#include "node/promise_worker.h"

namespace lethe::node {

/**
 * Overwrites rows in memory, in the data set's file, and on the CUDA device. Resolves to undefined,
 * or to the error of a device that failed afterwards, with which its copy of the rows is gone too.
 */
class EraseWorker final : public PromiseWorker {
 public:
  /** @param request {dataset, rows, marks?, others?}, the latter pairs of a begin and a size */
  EraseWorker(Napi::Env env, const Fields& request, CudaHandle& cuda);

 private:
  void compute() override;
  Napi::Value result(Napi::Env env) override;

  std::shared_ptr<Dataset> dataset_;
  std::vector<std::uint32_t> rows_;
  ErasureInFile inFile_;
  CudaHandle& cuda_;
  std::optional<Error> deviceError_;
};

/** rowsWithContent({dataset, rows}): resolves to those whose features are not all zero bytes */
Napi::Value rowsWithContent(const Napi::CallbackInfo& info);

}  // namespace lethe::node
