#include "node/column_statistics.h"

#include "lethe/column_statistics.h"
#include "node/dataset_handle.h"
#include "node/promise_worker.h"

namespace lethe::node {
namespace {

class Worker final : public PromiseWorker {
 public:
  Worker(Napi::Env env, const Fields& fields)
      : PromiseWorker(env, "lethe:columnStatistics"),
        dataset_(DatasetHandle::from(fields.value("dataset")).dataset()),
        rows_(fields.array<std::uint32_t>("rows")) {}

 private:
  void compute() override { found_ = lethe::columnStatistics(*dataset_, rows_); }

  Napi::Value result(Napi::Env env) override {
    Napi::Object found = Napi::Object::New(env);
    found.Set("means", toTypedArray(env, found_.means));
    found.Set("variances", toTypedArray(env, found_.variances));
    return found;
  }

  std::shared_ptr<const Dataset> dataset_;
  std::vector<std::uint32_t> rows_;
  ColumnStatistics found_;
};

}  // namespace

Napi::Value columnStatistics(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] { return (new Worker(info.Env(), Fields(info[0])))->start(); });
}

}  // namespace lethe::node
