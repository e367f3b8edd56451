#pragma once

#include <optional>

#include "node/convert.h"

namespace lethe::node {

/**
 * Computes what takes milliseconds on a thread of libuv's pool, and settles a Promise. Nobody needs
 * to abort it. It is made with new and deletes itself.
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
  /** Called off the JavaScript thread. */
  virtual void compute() = 0;
  /** On the JavaScript thread: the value that resolves the promise. */
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
