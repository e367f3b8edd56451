#include "node/fold_worker.h"

#include "node/map_worker.h"
#include "node/model_handle.h"

namespace lethe::node {

FoldWorker::FoldWorker(Napi::Env env, const Fields& request,
                       const Napi::FunctionReference& constructor, RunQueue& queue)
    : RunWorker(env, request.integer("threads", kMaxSafeInteger), queue),
      constructor_(constructor),
      model_(ModelHandle::from(request.value("model")).model()),
      map_(readLinearMap(request)),
      inputs_(static_cast<std::uint32_t>(request.integer("inputs", Architecture::kMaxWidth))) {}

void FoldWorker::compute(Control& control) {
  folded_ = foldLinearMap(*makeCpuBackend({}), model_, map_, inputs_, threads(), control);
}

Napi::Value FoldWorker::outcome(Napi::Env env) {
  return ModelHandle::create(env, constructor_, std::move(*folded_));
}

}  // namespace lethe::node
