#include "node/column_statistics.h"

#include "lethe/column_statistics.h"
#include "lethe/input_encoding.h"
#include "node/dataset_handle.h"
#include "node/promise_worker.h"

namespace lethe::node {
namespace {

Napi::Object toObject(Napi::Env env, const ColumnStatistics& found) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("means", toTypedArray(env, found.means));
  object.Set("variances", toTypedArray(env, found.variances));
  return object;
}

Napi::Object toObject(Napi::Env env, const PresentStatistics& found) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("counts", toTypedArray(env, found.counts));
  object.Set("means", toTypedArray(env, found.means));
  object.Set("variances", toTypedArray(env, found.variances));
  return object;
}

/** What describes the columns of some rows, on a number of threads. */
template <class Found>
using Describe = Found (*)(const Dataset&, std::span<const std::uint32_t>, std::size_t);

template <class Found>
class StatisticsWorker final : public PromiseWorker {
 public:
  StatisticsWorker(Napi::Env env, const char* name, const Fields& fields, Describe<Found> describe)
      : PromiseWorker(env, name),
        describe_(describe),
        dataset_(DatasetHandle::from(fields.value("dataset")).dataset()),
        rows_(fields.array<std::uint32_t>("rows")),
        threads_(fields.integer("threads", kMaxSafeInteger)) {}

 private:
  void compute() override { found_ = describe_(*dataset_, rows_, threads_); }

  Napi::Value result(Napi::Env env) override { return toObject(env, found_); }

  Describe<Found> describe_;
  std::shared_ptr<const Dataset> dataset_;
  std::vector<std::uint32_t> rows_;
  std::size_t threads_;
  Found found_;
};

template <class Found>
Napi::Value startStatistics(const Napi::CallbackInfo& info, const char* name,
                            Describe<Found> describe) {
  const Napi::Env env = info.Env();
  return guarded(env, [&] {
    return (new StatisticsWorker<Found>(env, name, Fields(info[0]), describe))->start();
  });
}

class NormsWorker final : public PromiseWorker {
 public:
  NormsWorker(Napi::Env env, const Fields& fields)
      : PromiseWorker(env, "lethe:squaredNorms"),
        dataset_(DatasetHandle::from(fields.value("dataset")).dataset()),
        rows_(fields.array<std::uint32_t>("rows")),
        centres_(fields.array<double>("centres")),
        scales_(fields.array<double>("scales")),
        threads_(fields.integer("threads", kMaxSafeInteger)) {}

 private:
  void compute() override {
    norms_ = lethe::squaredNorms(*dataset_, rows_, centres_, scales_, threads_);
  }

  Napi::Value result(Napi::Env env) override { return toTypedArray(env, norms_); }

  std::shared_ptr<const Dataset> dataset_;
  std::vector<std::uint32_t> rows_;
  std::vector<double> centres_, scales_;
  std::size_t threads_;
  std::vector<double> norms_;
};

}  // namespace

Napi::Value columnStatistics(const Napi::CallbackInfo& info) {
  return startStatistics(info, "lethe:columnStatistics", lethe::columnStatistics);
}

Napi::Value presentStatistics(const Napi::CallbackInfo& info) {
  return startStatistics(info, "lethe:presentStatistics", lethe::presentStatistics);
}

Napi::Value squaredNorms(const Napi::CallbackInfo& info) {
  return guarded(info.Env(),
                 [&] { return (new NormsWorker(info.Env(), Fields(info[0])))->start(); });
}

}  // namespace lethe::node
