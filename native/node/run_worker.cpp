#include "node/run_worker.h"

#include <algorithm>
#include <string>
#include <system_error>

#include "node/convert.h"

namespace lethe::node {
namespace {

/**
 * So many runs go on at once whatever their threads; more only while there is a core for each
 * thread. Each run has a copy of what it changes, so thousands at once would exhaust the memory.
 */
constexpr std::size_t kAlwaysRunning = 4;

}  // namespace

void RunQueue::add(RunWorker& worker) {
  waiting_.push_back(&worker);
  startNext();
}

void RunQueue::finished(const RunWorker& worker) {
  --running_;
  threads_ -= worker.threads();
  startNext();
}

bool RunQueue::hasRoomFor(const RunWorker& worker) const {
  return running_ < kAlwaysRunning ||
         threads_ + worker.threads() <= std::thread::hardware_concurrency();
}

void RunQueue::remove(RunWorker& worker) { std::erase(waiting_, &worker); }

void RunQueue::startNext() {
  while (!waiting_.empty() && hasRoomFor(*waiting_.front())) {
    RunWorker& worker = *waiting_.front();
    waiting_.pop_front();
    ++running_;
    threads_ += worker.threads();
    worker.start();
  }
}

Napi::Object RunWorker::begin(Napi::Env env, std::unique_ptr<RunWorker> worker,
                              Napi::Value onProgress) {
  Napi::Object run = Napi::Object::New(env);
  run.Set("promise", worker->deferred_.Promise());
  run.Set("abort", Napi::Function::New(env, [control = worker->control_](
                                                const Napi::CallbackInfo&) { control->abort(); }));
  worker->beginning();
  try {
    worker->listen(env, onProgress);
  } catch (...) {
    // Without a run nothing else would call ended(), and the model would stay busy for ever.
    worker->ended();
    throw;
  }
  RunWorker& begun = *worker.release();
  begun.queue_.add(begun);
  return run;
}

void RunWorker::listen(Napi::Env env, Napi::Value onProgress) {
  const bool reports = onProgress.IsFunction();
  toJavaScript_ = Napi::ThreadSafeFunction::New(
      env, reports ? onProgress.As<Napi::Function>() : Napi::Function(), "lethe:run", 0, 1,
      [this](Napi::Env) { finalize(); });
  if (reports) reportProgress();
}

void RunWorker::reportProgress() {
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
            // The callback threw, or the environment is ending: the result is not wanted any more.
            control->abort();
          }
        });
  };
}

void RunWorker::start() {
  try {
    thread_ = std::thread(&RunWorker::run, this);
  } catch (const std::system_error& error) {
    error_ =
        Error(ErrorCode::kOutOfMemory, std::string("no thread can be started: ") + error.what());
    announceEnd();
  }
}

void RunWorker::run() {
  try {
    compute(*control_);
  } catch (...) {
    error_ = currentError();
  }
  announceEnd();
}

void RunWorker::announceEnd() {
  toJavaScript_.NonBlockingCall([this](Napi::Env env, Napi::Function) { settle(env); });
  toJavaScript_.Release();
}

void RunWorker::settle(Napi::Env env) {
  queue_.finished(*this);
  ended();
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
    // The environment is ending, so nobody waits for the promise.
  }
}

/** Called on the JavaScript thread after settle, or instead of it if the environment ends. */
void RunWorker::finalize() {
  control_->abort();
  // It may still wait when the environment ends: the end of another run must not start it then.
  queue_.remove(*this);
  if (thread_.joinable()) thread_.join();
  delete this;
}

}  // namespace lethe::node
