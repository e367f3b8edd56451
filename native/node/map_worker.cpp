#include "node/map_worker.h"

#include "node/dataset_handle.h"

namespace lethe::node {

LinearMap readLinearMap(const Fields& request) {
  return {request.array<std::uint32_t>("columns"), request.array<float>("weights"),
          request.array<float>("bias")};
}

MapWorker::MapWorker(Napi::Env env, const Fields& request,
                     const Napi::FunctionReference& constructor, RunQueue& queue)
    : RunWorker(env, request.integer("threads", kMaxSafeInteger), queue),
      constructor_(constructor),
      source_(DatasetHandle::from(request.value("source")).dataset()),
      rows_(request.array<std::uint32_t>("rows")),
      map_(readLinearMap(request)) {}

void MapWorker::compute(Control& control) {
  mapped_ = mapRows(*makeCpuBackend({}), source_, rows_, map_, threads(), control);
}

Napi::Value MapWorker::outcome(Napi::Env env) {
  return DatasetHandle::create(env, constructor_, std::move(mapped_));
}

}  // namespace lethe::node
