#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <thread>

#include "handles.h"
#include "lethe/error.h"
#include "napi_setup.h"
#include "pass_spec.h"

namespace lethe::node {

class PassWorker;

/** Starts the passes of one JavaScript environment in their order, a few at a time. */
class PassQueue {
 public:
  void add(PassWorker& worker);
  /** One of the started passes has come to its end. */
  void finished(const PassWorker& worker);
  /** Forgets a pass that may not have been started. */
  void remove(PassWorker& worker);

 private:
  bool hasRoomFor(const PassWorker& worker) const;
  void startNext();

  std::deque<PassWorker*> waiting_;
  std::size_t running_ = 0;
  std::size_t threads_ = 0;  ///< of the running passes
};

/**
 * Runs a pass on a thread of its own and settles a promise. The model changes on the JavaScript
 * thread, all at once and only after success.
 *
 * It is no task of libuv's pool: an environment that ends (process.exit(), a terminated worker
 * thread) waits for those before it tells anyone, so a pass would have to run to its own end.
 * The thread-safe function brings everything back to JavaScript, progress first and the end last,
 * and frees the worker: when its thread is done, or when the environment ends.
 */
class PassWorker {
 public:
  PassWorker(Napi::Env env, PassRequest request, Napi::Value onProgress, PassQueue& queue);

  Napi::Promise promise() const { return deferred_.Promise(); }
  const std::shared_ptr<Control>& control() const { return control_; }
  std::size_t threads() const { return request_.cpu.threads; }
  void start();

 private:
  void run();
  void reportProgress();
  void announceEnd();
  void settle(Napi::Env env);
  Napi::Object outcome(Napi::Env env);
  void finalize();

  PassRequest request_;
  Napi::ObjectReference keepModel_;
  bool changesModel_;
  PassQueue& queue_;
  std::shared_ptr<Control> control_ = std::make_shared<Control>();
  Napi::ThreadSafeFunction toJavaScript_;
  Napi::Promise::Deferred deferred_;
  std::thread thread_;
  PassResult result_;
  std::optional<Error> error_;
};

}  // namespace lethe::node
