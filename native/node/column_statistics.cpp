#include "node/column_statistics.h"

#include "lethe/column_statistics.h"
#include "node/dataset_handle.h"
#include "node/promise_worker.h"

namespace lethe::node {
namespace {

class StatisticsWorker final : public PromiseWorker {
 public:
  StatisticsWorker(Napi::Env env, const Fields& fields)
      : PromiseWorker(env, "lethe:columnStatistics"),
        dataset_(DatasetHandle::from(fields.value("dataset")).dataset()),
        rows_(fields.array<std::uint32_t>("rows")),
        threads_(fields.integer("threads", kMaxSafeInteger)) {}

 private:
  void compute() override { found_ = lethe::columnStatistics(*dataset_, rows_, threads_); }

  Napi::Value result(Napi::Env env) override {
    Napi::Object found = Napi::Object::New(env);
    found.Set("means", toTypedArray(env, found_.means));
    found.Set("variances", toTypedArray(env, found_.variances));
    return found;
  }

  std::shared_ptr<const Dataset> dataset_;
  std::vector<std::uint32_t> rows_;
  std::size_t threads_;
  ColumnStatistics found_;
};

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
  return guarded(info.Env(),
                 [&] { return (new StatisticsWorker(info.Env(), Fields(info[0])))->start(); });
}

Napi::Value squaredNorms(const Napi::CallbackInfo& info) {
  return guarded(info.Env(),
                 [&] { return (new NormsWorker(info.Env(), Fields(info[0])))->start(); });
}

}  // namespace lethe::node
