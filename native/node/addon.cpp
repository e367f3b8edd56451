#include "node/column_statistics.h"
#include "node/convert.h"
#include "node/cuda_handle.h"
#include "node/dataset_builder_handle.h"
#include "node/dataset_handle.h"
#include "node/erase_worker.h"
#include "node/fold_worker.h"
#include "node/input_encoding_handle.h"
#include "node/kronecker_worker.h"
#include "node/map_worker.h"
#include "node/mapped_file_handle.h"
#include "node/model_handle.h"
#include "node/napi_setup.h"
#include "node/pass_worker.h"
#include "node/principal_components.h"
#include "node/row_order.h"

namespace lethe::node {
namespace {

/** The state of one JavaScript environment (main or worker thread). The addon has no other. */
struct InstanceData {
  RunQueue runs;
  CudaHandle cuda;
  Napi::FunctionReference dataset;     ///< the constructor of Dataset
  Napi::FunctionReference mappedFile;  ///< the constructor of MappedFile
  Napi::FunctionReference model;       ///< the constructor of Model
};

/** Begins the run of the worker that make(instanceData) returns, as {promise, abort()}. */
template <class Make>
Napi::Value begin(const Napi::CallbackInfo& info, const Make& make) {
  const Napi::Env env = info.Env();
  return guarded(env, [&] {
    return RunWorker::begin(env, make(*env.GetInstanceData<InstanceData>()), info[1]);
  });
}

/** pass(request, onProgress?) */
Napi::Value startPass(const Napi::CallbackInfo& info) {
  return begin(info, [&](InstanceData& data) {
    return std::make_unique<PassWorker>(info.Env(), readPassRequest(info[0]), data.cuda, data.runs);
  });
}

/** mapRows(request, onProgress?) */
Napi::Value startMap(const Napi::CallbackInfo& info) {
  return begin(info, [&](InstanceData& data) {
    return std::make_unique<MapWorker>(info.Env(), Fields(info[0]), data.dataset, data.runs);
  });
}

/** foldLinearMap(request, onProgress?) */
Napi::Value startFold(const Napi::CallbackInfo& info) {
  return begin(info, [&](InstanceData& data) {
    return std::make_unique<FoldWorker>(info.Env(), Fields(info[0]), data.model, data.runs);
  });
}

/** kroneckerSolve(request, onProgress?) */
Napi::Value startKroneckerSolve(const Napi::CallbackInfo& info) {
  return begin(info, [&](InstanceData& data) {
    return std::make_unique<KroneckerWorker>(info.Env(), Fields(info[0]), data.runs);
  });
}

/** eraseRows(request), while no run reads the data set */
Napi::Value eraseRows(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&] {
    auto& cuda = env.GetInstanceData<InstanceData>()->cuda;
    return (new EraseWorker(env, Fields(info[0]), cuda))->start();
  });
}

/** openMappedFile({path}) */
Napi::Value openMappedFile(const Napi::CallbackInfo& info) {
  return MappedFileHandle::open(info, info.Env().GetInstanceData<InstanceData>()->mappedFile);
}

/** device(): the CPU backend's description, e.g. "cpu avx512" */
Napi::Value device(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return Napi::String::New(info.Env(), makeCpuBackend({1, {}})->description());
  });
}

/** cudaStatus(): {available, description} */
Napi::Value describeCuda(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const CudaStatus status = cudaStatus();
    Napi::Object answer = Napi::Object::New(info.Env());
    answer.Set("available", status.available);
    answer.Set("description", status.description);
    return answer;
  });
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  auto* data = new InstanceData;
  env.SetInstanceData(data);
  data->dataset = Napi::Persistent(DatasetHandle::define(env));
  data->mappedFile = Napi::Persistent(MappedFileHandle::define(env, data->dataset));
  data->model = Napi::Persistent(ModelHandle::define(env));
  exports.Set("Dataset", data->dataset.Value());
  exports.Set("Model", data->model.Value());
  exports.Set("DatasetBuilder", DatasetBuilderHandle::define(env, data->dataset));
  exports.Set("InputEncoding", InputEncodingHandle::define(env, data->dataset));
  exports.Set("sortIds", Napi::Function::New<sortIds>(env, "sortIds"));
  exports.Set("sortIdsSync", Napi::Function::New<sortIdsSync>(env, "sortIdsSync"));
  exports.Set("openMappedFile", Napi::Function::New<openMappedFile>(env, "openMappedFile"));
  exports.Set("rowsWithContent", Napi::Function::New<rowsWithContent>(env, "rowsWithContent"));
  exports.Set("eraseRows", Napi::Function::New<eraseRows>(env, "eraseRows"));
  exports.Set("pass", Napi::Function::New<startPass>(env, "pass"));
  exports.Set("mapRows", Napi::Function::New<startMap>(env, "mapRows"));
  exports.Set("foldLinearMap", Napi::Function::New<startFold>(env, "foldLinearMap"));
  exports.Set("columnStatistics", Napi::Function::New<columnStatistics>(env, "columnStatistics"));
  exports.Set("presentStatistics",
              Napi::Function::New<presentStatistics>(env, "presentStatistics"));
  exports.Set("squaredNorms", Napi::Function::New<squaredNorms>(env, "squaredNorms"));
  exports.Set("principalComponents",
              Napi::Function::New<principalComponents>(env, "principalComponents"));
  exports.Set("kroneckerSolve", Napi::Function::New<startKroneckerSolve>(env, "kroneckerSolve"));
  exports.Set("device", Napi::Function::New<device>(env, "device"));
  exports.Set("cudaStatus", Napi::Function::New<describeCuda>(env, "cudaStatus"));
  return exports;
}

}  // namespace
}  // namespace lethe::node

static Napi::Object initializeAddon(Napi::Env env, Napi::Object exports) {
  return lethe::node::initialize(env, exports);
}

NODE_API_MODULE(lethe, initializeAddon)
