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
  /** To be called when a run that was started has ended. */
  void finished(const RunWorker& worker);
  /**
   * Forgets a run, started or not. It matters for runs that still wait when the environment ends:
   * they are about to be deleted, and no other run's end may start them.
   */
  void remove(RunWorker& worker);

 private:
  bool hasRoomFor(const RunWorker& worker) const;
  void startNext();

  std::deque<RunWorker*> waiting_;
  std::size_t running_ = 0;
  std::size_t threads_ = 0;  ///< of all runs that go on
};

/**
 * Computes on a thread of its own, can be aborted, and settles a promise.
 *
 * It does not use libuv's pool: an environment that ends (process.exit(), a terminated worker
 * thread) waits for the pool's tasks before it tells anyone, so a run would have to come to its own
 * end. The thread-safe function brings everything back to JavaScript, progress first and the end
 * last. It frees the worker when its thread is done, or when the environment ends.
 */
class RunWorker {
 public:
  virtual ~RunWorker() = default;

  /** Queues the run and returns {promise, abort()}. From then on the worker frees itself. */
  static Napi::Object begin(Napi::Env env, std::unique_ptr<RunWorker> worker,
                            Napi::Value onProgress);
  std::size_t threads() const { return threads_; }
  void start();

 protected:
  RunWorker(Napi::Env env, std::size_t threads, RunQueue& queue)
      : threads_(threads), queue_(queue), deferred_(Napi::Promise::Deferred::New(env)) {}

 private:
  /** Called first, on the JavaScript thread. If it throws, the run does not start. */
  virtual void beginning() {}
  /** Called on the run's thread. */
  virtual void compute(Control& control) = 0;
  /** Called on the JavaScript thread after success: the value that resolves the promise. */
  virtual Napi::Value outcome(Napi::Env env) = 0;
  /** Called on the JavaScript thread at the end of every run that began, before outcome. */
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
