#include "node/principal_components.h"

#include "lethe/column_statistics.h"
#include "lethe/principal_components.h"
#include "node/dataset_handle.h"
#include "node/promise_worker.h"

namespace lethe::node {
namespace {

class Worker final : public PromiseWorker {
 public:
  Worker(Napi::Env env, const Fields& fields)
      : PromiseWorker(env, "lethe:principalComponents"),
        dataset_(DatasetHandle::from(fields.value("dataset")).dataset()),
        rows_(fields.array<std::uint32_t>("rows")),
        scaling_{fields.array<std::uint32_t>("columns"), fields.array<double>("means"),
                 fields.array<double>("scales")},
        components_(fields.integer("components", kMaxSafeInteger)),
        seed_(fields.integer("seed", kMaxSafeInteger)),
        threads_(fields.integer("threads", kMaxSafeInteger)) {}

 private:
  void compute() override {
    const auto values = scaledColumns(*dataset_, rows_, scaling_);
    result_ = lethe::principalComponents({values, rows_.size(), scaling_.columns.size()},
                                         components_, seed_, {threads_, {}});
  }

  Napi::Value result(Napi::Env env) override {
    Napi::Object found = Napi::Object::New(env);
    found.Set("directions", toTypedArray(env, result_.directions));
    found.Set("variances", toTypedArray(env, result_.variances));
    found.Set("totalVariance", result_.totalVariance);
    return found;
  }

  std::shared_ptr<const Dataset> dataset_;
  std::vector<std::uint32_t> rows_;
  ColumnScaling scaling_;
  std::size_t components_;
  std::uint64_t seed_;
  std::size_t threads_;
  PrincipalComponents result_;
};

}  // namespace

Napi::Value principalComponents(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] { return (new Worker(info.Env(), Fields(info[0])))->start(); });
}

}  // namespace lethe::node
