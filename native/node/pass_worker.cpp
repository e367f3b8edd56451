#include "pass_worker.h"

#include "convert.h"

namespace lethe::node {

PassWorker::PassWorker(Napi::Env env, PassRequest request, Napi::Object model,
                       Napi::Value onProgress, RunningPasses& running)
    : Napi::AsyncWorker(env, "lethe:pass"),
      request_(std::move(request)),
      model_(Napi::Persistent(model)),
      changesModel_(changesModel(request_.spec.sink)),
      running_(running),
      deferred_(Napi::Promise::Deferred::New(env)) {
  if (changesModel_) ModelHandle::from(model).beginChange();
  if (onProgress.IsFunction()) reportTo(onProgress.As<Napi::Function>());
  running_.insert(control_);
}

void PassWorker::reportTo(Napi::Function onProgress) {
  progress_ = Napi::ThreadSafeFunction::New(Env(), onProgress, "lethe:progress", 0, 1);
  control_->onProgress = [this](const Progress& progress) {
    progress_.NonBlockingCall([progress](Napi::Env env, Napi::Function callback) {
      Napi::Object report = Napi::Object::New(env);
      report.Set("step", static_cast<double>(progress.step));
      report.Set("steps", static_cast<double>(progress.steps));
      report.Set("epoch", progress.epoch);
      callback.Call({report});
    });
  };
}

void PassWorker::Execute() {
  try {
    const auto backend = makeCpuBackend(request_.cpu);
    result_ = pass(*backend, request_.spec, *control_);
  } catch (...) {
    error_ = currentError();
  }
}

void PassWorker::finish() {
  if (progress_) progress_.Release();
  if (changesModel_) ModelHandle::from(model_.Value()).endChange();
  running_.erase(control_);
}

void PassWorker::OnOK() {
  finish();
  try {
    if (error_) throw *error_;
    deferred_.Resolve(outcome());
  } catch (const Napi::Error& error) {
    deferred_.Reject(error.Value());
  } catch (...) {
    deferred_.Reject(toJavaScript(Env(), currentError()).Value());
  }
}

Napi::Object PassWorker::outcome() {
  Napi::Object outcome = Napi::Object::New(Env());
  Napi::Array epochLoss = Napi::Array::New(Env(), result_.epochLoss.size());
  for (std::size_t i = 0; i < result_.epochLoss.size(); ++i) {
    epochLoss.Set(static_cast<std::uint32_t>(i), result_.epochLoss[i]);
  }
  outcome.Set("epochLoss", epochLoss);
  outcome.Set("steps", static_cast<double>(result_.steps));
  outcome.Set("rows", static_cast<double>(result_.rows));
  if (changesModel_) {
    ModelHandle::from(model_.Value()).replaceParameters(std::move(result_.values));
  } else {
    outcome.Set("values", toFloat32Array(Env(), result_.values));
  }
  return outcome;
}

}  // namespace lethe::node
