#include "convert.h"
#include "handles.h"
#include "kronecker.h"
#include "napi_setup.h"
#include "pass_worker.h"
#include "principal_components.h"

namespace lethe::node {
namespace {

/** What one JavaScript environment (main or worker thread) owns; the addon has no other state. */
struct InstanceData {
  PassQueue passes;
};

/** pass(request, onProgress?): {promise, abort()} */
Napi::Value startPass(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&] {
    // The worker deletes itself at its end.
    auto* worker = new PassWorker(env, readPassRequest(info[0]), info[1],
                                  env.GetInstanceData<InstanceData>()->passes);
    Napi::Object run = Napi::Object::New(env);
    run.Set("promise", worker->promise());
    run.Set("abort",
            Napi::Function::New(env, [control = worker->control()](const Napi::CallbackInfo&) {
              control->abort();
            }));
    env.GetInstanceData<InstanceData>()->passes.add(*worker);
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
  env.SetInstanceData(new InstanceData);
  exports.Set("Dataset", DatasetHandle::define(env));
  exports.Set("Model", ModelHandle::define(env));
  exports.Set("pass", Napi::Function::New<startPass>(env, "pass"));
  exports.Set("principalComponents",
              Napi::Function::New<principalComponents>(env, "principalComponents"));
  exports.Set("kroneckerSolve", Napi::Function::New<kroneckerSolve>(env, "kroneckerSolve"));
  exports.Set("device", Napi::Function::New<device>(env, "device"));
  return exports;
}

}  // namespace
}  // namespace lethe::node

static Napi::Object initializeAddon(Napi::Env env, Napi::Object exports) {
  return lethe::node::initialize(env, exports);
}

NODE_API_MODULE(lethe, initializeAddon)
