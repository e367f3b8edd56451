#include "node/dataset_builder_handle.h"

#include <span>
#include <utility>
#include <vector>

#include "node/dataset_handle.h"
#include "node/promise_worker.h"

namespace lethe::node {
namespace {

class FinishWorker final : public PromiseWorker {
 public:
  FinishWorker(Napi::Env env, const Fields& fields, const Napi::FunctionReference& constructor,
               std::unique_ptr<DatasetBuilder> builder)
      : PromiseWorker(env, "lethe:DatasetBuilder.finish"),
        constructor_(constructor),
        map_{fields.number("scale"), fields.number("offset")},
        labels_(fields.array<std::uint32_t>("labels")),
        columns_(fields.integer("columns", kMaxSafeInteger)),
        classes_(fields.integer("classes", kMaxSafeInteger)),
        builder_(std::move(builder)) {
    if (fields.has("order")) order_ = fields.array<std::uint32_t>("order");
    if (fields.has("missing")) missing_ = fields.array<std::uint8_t>("missing");
  }

 private:
  void compute() override {
    dataset_ =
        builder_->finish(map_, std::move(labels_), columns_, classes_, std::move(order_), missing_);
  }

  Napi::Value result(Napi::Env env) override {
    return DatasetHandle::create(env, constructor_, std::move(dataset_));
  }

  const Napi::FunctionReference& constructor_;
  AffineMap map_;
  std::vector<std::uint32_t> labels_, order_;
  MissingColumns missing_;
  std::size_t columns_, classes_;
  std::unique_ptr<DatasetBuilder> builder_;
  std::shared_ptr<Dataset> dataset_;
};

template <class T>
std::span<const T> viewOf(Napi::Value value) {
  const auto array = value.As<Napi::TypedArrayOf<T>>();
  return {array.Data(), array.ElementLength()};
}

}  // namespace

Napi::Function DatasetBuilderHandle::define(Napi::Env env, Napi::FunctionReference& dataset) {
  return DefineClass(env, "DatasetBuilder",
                     {InstanceMethod<&DatasetBuilderHandle::append>("append"),
                      InstanceMethod<&DatasetBuilderHandle::finish>("finish")},
                     &dataset);
}

DatasetBuilderHandle::DatasetBuilderHandle(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<DatasetBuilderHandle>(info),
      dataset_(static_cast<const Napi::FunctionReference*>(info.Data())) {
  guarded(info.Env(), [&] {
    const bool bytes = Fields(info[0]).boolean("bytes");
    builder_ = std::make_unique<DatasetBuilder>(bytes ? DatasetBuilder::Storage::kBytes
                                                      : DatasetBuilder::Storage::kFloats);
  });
}

Napi::Value DatasetBuilderHandle::append(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Napi::Value features = info[0];
    const auto type = features.IsTypedArray() ? features.As<Napi::TypedArray>().TypedArrayType()
                                              : napi_float64_array;
    if (!builder_ || (type != napi_float32_array && type != napi_uint8_array)) {
      throw Error(ErrorCode::kInvalidArgument,
                  "a builder takes Uint8Arrays or Float32Arrays, until it is finished");
    }
    if (type == napi_float32_array) {
      builder_->append(viewOf<float>(features));
    } else {
      builder_->append(viewOf<std::uint8_t>(features));
    }
    return info.Env().Undefined();
  });
}

Napi::Value DatasetBuilderHandle::finish(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    if (!builder_) throw Error(ErrorCode::kInvalidArgument, "the builder is finished already");
    return (new FinishWorker(info.Env(), Fields(info[0]), *dataset_, std::move(builder_)))->start();
  });
}

}  // namespace lethe::node
