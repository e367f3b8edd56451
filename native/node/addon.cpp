#include "column_statistics.h"
#include "convert.h"
#include "fold_worker.h"
#include "handles.h"
#include "kronecker_worker.h"
#include "map_worker.h"
#include "napi_setup.h"
#include "pass_worker.h"
#include "principal_components.h"

namespace lethe::node {
namespace {

/** What one JavaScript environment (main or worker thread) owns; the addon has no other state. */
struct InstanceData {
  RunQueue runs;
  Napi::FunctionReference dataset;  ///< the constructor
};

/** pass(request, onProgress?): {promise, abort()} */
Napi::Value startPass(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&] {
    auto& runs = env.GetInstanceData<InstanceData>()->runs;
    auto worker = std::make_unique<PassWorker>(env, readPassRequest(info[0]), runs);
    return RunWorker::begin(env, std::move(worker), info[1]);
  });
}

/** mapRows(request, onProgress?): {promise, abort()} */
Napi::Value startMap(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&] {
    auto& [runs, dataset] = *env.GetInstanceData<InstanceData>();
    auto worker = std::make_unique<MapWorker>(env, Fields(info[0]), dataset, runs);
    return RunWorker::begin(env, std::move(worker), info[1]);
  });
}

/** foldLinearMap(request, onProgress?): {promise, abort()} */
Napi::Value startFold(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&] {
    auto& runs = env.GetInstanceData<InstanceData>()->runs;
    auto worker = std::make_unique<FoldWorker>(env, Fields(info[0]), runs);
    return RunWorker::begin(env, std::move(worker), info[1]);
  });
}

/** kroneckerSolve(request, onProgress?): {promise, abort()} */
Napi::Value startKroneckerSolve(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&] {
    auto& runs = env.GetInstanceData<InstanceData>()->runs;
    auto worker = std::make_unique<KroneckerWorker>(env, Fields(info[0]), runs);
    return RunWorker::begin(env, std::move(worker), info[1]);
  });
}

/** device(): the backend in words, e.g. "cpu avx512" */
Napi::Value device(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return Napi::String::New(info.Env(), makeCpuBackend({1, {}})->description());
  });
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  auto* data = new InstanceData;
  env.SetInstanceData(data);
  const Napi::Function dataset = DatasetHandle::define(env);
  data->dataset = Napi::Persistent(dataset);
  exports.Set("Dataset", dataset);
  exports.Set("Model", ModelHandle::define(env));
  exports.Set("pass", Napi::Function::New<startPass>(env, "pass"));
  exports.Set("mapRows", Napi::Function::New<startMap>(env, "mapRows"));
  exports.Set("foldLinearMap", Napi::Function::New<startFold>(env, "foldLinearMap"));
  exports.Set("columnStatistics", Napi::Function::New<columnStatistics>(env, "columnStatistics"));
  exports.Set("principalComponents",
              Napi::Function::New<principalComponents>(env, "principalComponents"));
  exports.Set("kroneckerSolve", Napi::Function::New<startKroneckerSolve>(env, "kroneckerSolve"));
  exports.Set("device", Napi::Function::New<device>(env, "device"));
  return exports;
}

}  // namespace
}  // namespace lethe::node

static Napi::Object initializeAddon(Napi::Env env, Napi::Object exports) {
  return lethe::node::initialize(env, exports);
}

NODE_API_MODULE(lethe, initializeAddon)
