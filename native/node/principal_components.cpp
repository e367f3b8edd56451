#include "principal_components.h"

#include "lethe/backend.h"
#include "promise_worker.h"

namespace lethe::node {
namespace {

class Worker final : public PromiseWorker {
 public:
  Worker(Napi::Env env, const Fields& fields)
      : PromiseWorker(env, "lethe:principalComponents"),
        values_(fields.array<float>("values")),
        rows_{values_, fields.integer("rows", kMaxSafeInteger),
              fields.integer("columns", kMaxSafeInteger)},
        components_(fields.integer("components", kMaxSafeInteger)),
        seed_(fields.integer("seed", kMaxSafeInteger)) {}

 private:
  void compute() override {
    result_ = makeCpuBackend({})->principalComponents(rows_, components_, seed_);
  }

  Napi::Value result(Napi::Env env) override {
    Napi::Object found = Napi::Object::New(env);
    Napi::Array variances = Napi::Array::New(env, result_.variances.size());
    for (std::size_t i = 0; i < result_.variances.size(); ++i) {
      variances.Set(static_cast<std::uint32_t>(i), result_.variances[i]);
    }
    found.Set("directions", toFloat32Array(env, result_.directions));
    found.Set("variances", variances);
    found.Set("totalVariance", result_.totalVariance);
    return found;
  }

  std::vector<float> values_;
  CentredRows rows_;
  std::size_t components_;
  std::uint64_t seed_;
  PrincipalComponents result_;
};

}  // namespace

Napi::Value principalComponents(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] { return (new Worker(info.Env(), Fields(info[0])))->start(); });
}

}  // namespace lethe::node
