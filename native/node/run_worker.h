#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <thread>

#include "lethe/control.h"
#include "lethe/error.h"
#include "node/napi_setup.h"

namespace lethe::node {

class RunWorker;

/** Starts the runs of one JavaScript environment in their order, a few at a time. */
class RunQueue {
 public:
  void add(RunWorker& worker);
  /** One of the started runs has come to its end. */
  void finished(const RunWorker& worker);
  /** Forgets a run that may not have been started. */
  void remove(RunWorker& worker);

 private:
  bool hasRoomFor(const RunWorker& worker) const;
  void startNext();

  std::deque<RunWorker*> waiting_;
  std::size_t running_ = 0;
  std::size_t threads_ = 0;  ///< of the running ones
};

/**
 * Computes on a thread of its own, can be aborted, and settles a promise.
 *
 * It is no task of libuv's pool: an environment that ends (process.exit(), a terminated worker
 * thread) waits for those before it tells anyone, so a run would have to come to its own end.
 * The thread-safe function brings everything back to JavaScript, progress first and the end last,
 * and frees the worker: when its thread is done, or when the environment ends.
 */
class RunWorker {
 public:
  virtual ~RunWorker() = default;

  /** Queues the run and answers {promise, abort()}; from then on the worker frees itself. */
  static Napi::Object begin(Napi::Env env, std::unique_ptr<RunWorker> worker,
                            Napi::Value onProgress);
  std::size_t threads() const { return threads_; }
  void start();

 protected:
  RunWorker(Napi::Env env, std::size_t threads, RunQueue& queue)
      : threads_(threads), queue_(queue), deferred_(Napi::Promise::Deferred::New(env)) {}

 private:
  /** On the JavaScript thread, before anything else; what it throws keeps the run from starting. */
  virtual void beginning() {}
  /** Off the JavaScript thread. */
  virtual void compute(Control& control) = 0;
  /** On the JavaScript thread, after success: what the promise is resolved with. */
  virtual Napi::Value outcome(Napi::Env env) = 0;
  /** On the JavaScript thread, at the end of every run that began, before outcome. */
  virtual void ended() {}

  void run();
  void listen(Napi::Env env, Napi::Value onProgress);
  void reportProgress();
  void announceEnd();
  void settle(Napi::Env env);
  void finalize();

  std::size_t threads_;
  RunQueue& queue_;
  std::shared_ptr<Control> control_ = std::make_shared<Control>();
  Napi::ThreadSafeFunction toJavaScript_;
  Napi::Promise::Deferred deferred_;
  std::thread thread_;
  std::optional<Error> error_;
};

}  // namespace lethe::node
