#include <napi.h>

#include "convert.h"
#include "handles.h"
#include "pass_worker.h"

namespace lethe::node {
namespace {

/** What one JavaScript environment (main or worker thread) owns; the addon has no other state. */
struct InstanceData {
  RunningPasses running;
};

/** pass(request, onProgress?): {promise, abort()} */
Napi::Value startPass(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&] {
    PassRequest request = readPassRequest(info[0]);
    const auto model = info[0].As<Napi::Object>().Get("model").As<Napi::Object>();
    // The worker deletes itself once its promise is settled.
    auto* worker = new PassWorker(env, std::move(request), model, info[1],
                                  env.GetInstanceData<InstanceData>()->running);
    Napi::Object run = Napi::Object::New(env);
    run.Set("promise", worker->promise());
    run.Set("abort",
            Napi::Function::New(env, [control = worker->control()](const Napi::CallbackInfo&) {
              control->abort();
            }));
    worker->Queue();
    return run;
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
  // An environment that ends waits for its passes, so they must not run to their own end.
  env.AddCleanupHook([data] {
    for (const auto& control : data->running) control->abort();
  });
  exports.Set("Dataset", DatasetHandle::define(env));
  exports.Set("Model", ModelHandle::define(env));
  exports.Set("pass", Napi::Function::New<startPass>(env, "pass"));
  exports.Set("device", Napi::Function::New<device>(env, "device"));
  return exports;
}

}  // namespace
}  // namespace lethe::node

static Napi::Object initializeAddon(Napi::Env env, Napi::Object exports) {
  return lethe::node::initialize(env, exports);
}

NODE_API_MODULE(lethe, initializeAddon)
