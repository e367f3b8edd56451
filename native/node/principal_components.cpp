#include "principal_components.h"

#include <optional>

#include "convert.h"
#include "lethe/backend.h"

namespace lethe::node {
namespace {

/** Takes milliseconds, so that a thread of libuv's pool may do it: nobody aborts it. */
class Worker final : public Napi::AsyncWorker {
 public:
  Worker(Napi::Env env, const Fields& fields)
      : Napi::AsyncWorker(env, "lethe:principalComponents"),
        deferred_(Napi::Promise::Deferred::New(env)),
        values_(fields.array<float>("values")),
        rows_{values_, fields.integer("rows", kMaxSafeInteger),
              fields.integer("columns", kMaxSafeInteger)},
        components_(fields.integer("components", kMaxSafeInteger)),
        seed_(fields.integer("seed", kMaxSafeInteger)) {}

  Napi::Promise promise() const { return deferred_.Promise(); }

 private:
  void Execute() override {
    try {
      result_ = makeCpuBackend({})->principalComponents(rows_, components_, seed_);
    } catch (...) {
      error_ = currentError();
    }
  }

  void OnOK() override {
    if (error_) return deferred_.Reject(toJavaScript(Env(), *error_).Value());
    try {
      Napi::Object found = Napi::Object::New(Env());
      Napi::Array variances = Napi::Array::New(Env(), result_.variances.size());
      for (std::size_t i = 0; i < result_.variances.size(); ++i) {
        variances.Set(static_cast<std::uint32_t>(i), result_.variances[i]);
      }
      found.Set("directions", toFloat32Array(Env(), result_.directions));
      found.Set("variances", variances);
      found.Set("totalVariance", result_.totalVariance);
      deferred_.Resolve(found);
    } catch (const Error& error) {
      deferred_.Reject(toJavaScript(Env(), error).Value());
    }
  }

  Napi::Promise::Deferred deferred_;
  std::vector<float> values_;
  CentredRows rows_;
  std::size_t components_;
  std::uint64_t seed_;
  PrincipalComponents result_;
  std::optional<Error> error_;
};

}  // namespace

Napi::Value principalComponents(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    auto* worker = new Worker(info.Env(), Fields(info[0]));  // deletes itself
    worker->Queue();
    return worker->promise();
  });
}

}  // namespace lethe::node
