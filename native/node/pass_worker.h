#pragma once

#include <napi.h>

#include <memory>
#include <optional>
#include <set>

#include "handles.h"
#include "lethe/error.h"
#include "pass_spec.h"

namespace lethe::node {

/** The controls of the passes that run in one JavaScript environment. */
using RunningPasses = std::set<std::shared_ptr<Control>>;

/**
 * Runs a pass on a thread of libuv's pool and settles a promise. The model changes on the
 * JavaScript thread, all at once and only after success.
 */
class PassWorker final : public Napi::AsyncWorker {
 public:
  PassWorker(Napi::Env env, PassRequest request, Napi::Object model, Napi::Value onProgress,
             RunningPasses& running);

  Napi::Promise promise() const { return deferred_.Promise(); }
  const std::shared_ptr<Control>& control() const { return control_; }

 private:
  void Execute() override;
  void OnOK() override;
  void reportTo(Napi::Function onProgress);
  void finish();
  Napi::Object outcome();

  PassRequest request_;
  Napi::ObjectReference model_;
  bool changesModel_;
  RunningPasses& running_;
  std::shared_ptr<Control> control_ = std::make_shared<Control>();
  Napi::ThreadSafeFunction progress_;
  Napi::Promise::Deferred deferred_;
  PassResult result_;
  std::optional<Error> error_;
};

}  // namespace lethe::node
