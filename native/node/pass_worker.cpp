#include "pass_worker.h"

#include <algorithm>
#include <string>
#include <system_error>

#include "convert.h"

namespace lethe::node {
namespace {

/** So many passes run whatever their threads; more only while there is a core for each thread. Each
 * has a copy of the parameters: thousands at once would exhaust the machine.
 */
constexpr std::size_t kAlwaysRunning = 4;

}  // namespace

void PassQueue::add(PassWorker& worker) {
  waiting_.push_back(&worker);
  startNext();
}

void PassQueue::finished(const PassWorker& worker) {
  --running_;
  threads_ -= worker.threads();
  startNext();
}

bool PassQueue::hasRoomFor(const PassWorker& worker) const {
  return running_ < kAlwaysRunning ||
         threads_ + worker.threads() <= std::thread::hardware_concurrency();
}

void PassQueue::remove(PassWorker& worker) { std::erase(waiting_, &worker); }

void PassQueue::startNext() {
  while (!waiting_.empty() && hasRoomFor(*waiting_.front())) {
    PassWorker& worker = *waiting_.front();
    waiting_.pop_front();
    ++running_;
    threads_ += worker.threads();
    worker.start();
  }
}

PassWorker::PassWorker(Napi::Env env, PassRequest request, Napi::Value onProgress, PassQueue& queue)
    : request_(std::move(request)),
      keepModel_(Napi::Persistent(request_.model.Value())),
      changesModel_(changesModel(request_.spec.sink)),
      queue_(queue),
      deferred_(Napi::Promise::Deferred::New(env)) {
  if (changesModel_) request_.model.beginChange();
  const bool reports = onProgress.IsFunction();
  toJavaScript_ = Napi::ThreadSafeFunction::New(
      env, reports ? onProgress.As<Napi::Function>() : Napi::Function(), "lethe:pass", 0, 1,
      [this](Napi::Env) { finalize(); });
  if (reports) reportProgress();
}

void PassWorker::reportProgress() {
  control_->onProgress = [this](const Progress& progress) {
    toJavaScript_.NonBlockingCall(
        [control = control_, progress](Napi::Env env, Napi::Function callback) {
          try {
            Napi::Object report = Napi::Object::New(env);
            report.Set("step", static_cast<double>(progress.step));
            report.Set("steps", static_cast<double>(progress.steps));
            report.Set("epoch", progress.epoch);
            callback.Call({report});
          } catch (const Napi::Error&) {
            // The callback has thrown, or the environment is ending: nobody wants the result.
            control->abort();
          }
        });
  };
}

void PassWorker::start() {
  try {
    thread_ = std::thread(&PassWorker::run, this);
  } catch (const std::system_error& error) {
    error_ =
        Error(ErrorCode::kOutOfMemory, std::string("no thread can be started: ") + error.what());
    announceEnd();
  }
}

void PassWorker::run() {
  try {
    const auto backend = makeCpuBackend(request_.cpu);
    result_ = pass(*backend, request_.spec, *control_);
  } catch (...) {
    error_ = currentError();
  }
  announceEnd();
}

void PassWorker::announceEnd() {
  toJavaScript_.NonBlockingCall([this](Napi::Env env, Napi::Function) { settle(env); });
  toJavaScript_.Release();
}

void PassWorker::settle(Napi::Env env) {
  queue_.finished(*this);
  if (changesModel_) request_.model.endChange();
  try {
    try {
      if (error_) throw *error_;
      // An abort counts until the promise is settled, even if the last step was quicker.
      if (control_->aborted()) throw Error(ErrorCode::kAborted, "the run was aborted");
      deferred_.Resolve(outcome(env));
    } catch (const Napi::Error& error) {
      deferred_.Reject(error.Value());
    } catch (...) {
      deferred_.Reject(toJavaScript(env, currentError()).Value());
    }
  } catch (const Napi::Error&) {
    // The environment is ending: nobody waits for the promise.
  }
}

Napi::Object PassWorker::outcome(Napi::Env env) {
  Napi::Object outcome = Napi::Object::New(env);
  Napi::Array epochLoss = Napi::Array::New(env, result_.epochLoss.size());
  for (std::size_t i = 0; i < result_.epochLoss.size(); ++i) {
    epochLoss.Set(static_cast<std::uint32_t>(i), result_.epochLoss[i]);
  }
  outcome.Set("epochLoss", epochLoss);
  outcome.Set("steps", static_cast<double>(result_.steps));
  outcome.Set("rows", static_cast<double>(result_.rows));
  if (!result_.trackedChange.empty()) {
    outcome.Set("values", toFloat32Array(env, result_.trackedChange));
    outcome.Set("trackedSteps", static_cast<double>(result_.trackedSteps));
  }
  if (changesModel_) {
    request_.model.replaceParameters(std::move(result_.values));
  } else {
    outcome.Set("values", toFloat32Array(env, result_.values));
  }
  return outcome;
}

/** On the JavaScript thread, after settle or, where the environment ends, instead of it. */
void PassWorker::finalize() {
  control_->abort();
  queue_.remove(*this);
  if (thread_.joinable()) thread_.join();
  delete this;
}

}  // namespace lethe::node
