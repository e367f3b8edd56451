#pragma once

#include <optional>

#include "node/convert.h"

namespace lethe::node {

/**
 * Answers a Promise for what takes milliseconds, so that a thread of libuv's pool may do it and
 * nobody needs to abort it. Made with new; deletes itself.
 */
class PromiseWorker : public Napi::AsyncWorker {
 public:
  PromiseWorker(Napi::Env env, const char* name)
      : Napi::AsyncWorker(env, name), deferred_(Napi::Promise::Deferred::New(env)) {}

  Napi::Promise start() {
    Queue();
    return deferred_.Promise();
  }

 private:
  /** Off the JavaScript thread. */
  virtual void compute() = 0;
  /** On the JavaScript thread: what the promise is resolved with. */
  virtual Napi::Value result(Napi::Env env) = 0;

  void Execute() override {
    try {
      compute();
    } catch (...) {
      error_ = currentError();
    }
  }

  void OnOK() override {
    if (error_) return deferred_.Reject(toJavaScript(Env(), *error_).Value());
    try {
      deferred_.Resolve(result(Env()));
    } catch (const Napi::Error& error) {
      deferred_.Reject(error.Value());
    } catch (...) {
      deferred_.Reject(toJavaScript(Env(), currentError()).Value());
    }
  }

  Napi::Promise::Deferred deferred_;
  std::optional<Error> error_;
};

}  // namespace lethe::node
