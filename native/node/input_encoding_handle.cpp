#include "node/input_encoding_handle.h"

#include <string>
#include <utility>
#include <vector>

#include "lethe/floating_point.h"
#include "node/convert.h"
#include "node/dataset_handle.h"
#include "node/promise_worker.h"

namespace lethe::node {
namespace {

template <class T>
std::vector<T> oneEach(const Fields& fields, const char* name, std::size_t columns) {
  auto values = fields.array<T>(name);
  if (values.size() == columns) return values;
  throw Error(ErrorCode::kInvalidArgument, std::string(name) + " must hold one value for each of " +
                                               std::to_string(columns) + " columns, but holds " +
                                               std::to_string(values.size()));
}

std::vector<EncodedColumn> readColumns(const Fields& fields) {
  const auto isCategory = fields.array<std::uint8_t>("isCategory");
  const std::size_t count = isCategory.size();
  const auto hasIndicator = oneEach<std::uint8_t>(fields, "hasIndicator", count);
  const auto fills = oneEach<float>(fields, "fills", count);
  const auto centres = oneEach<float>(fields, "centres", count);
  const auto scales = oneEach<float>(fields, "scales", count);
  const auto categories = oneEach<std::uint32_t>(fields, "categories", count);
  std::vector<EncodedColumn> columns;
  columns.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    using Kind = EncodedColumn::Kind;
    columns.push_back({isCategory[i] ? Kind::kCategory : Kind::kNumber, hasIndicator[i] != 0,
                       fills[i], centres[i], scales[i], categories[i]});
  }
  return columns;
}

class EncodeWorker final : public PromiseWorker {
 public:
  EncodeWorker(Napi::Env env, const Fields& fields, std::shared_ptr<const InputEncoding> encoding,
               const Napi::FunctionReference& constructor)
      : PromiseWorker(env, "lethe:InputEncoding.encodeRows"),
        constructor_(constructor),
        source_(DatasetHandle::from(fields.value("dataset")).dataset()),
        encoding_(std::move(encoding)),
        threads_(fields.integer("threads", kMaxSafeInteger)) {}

 private:
  void compute() override { encoded_ = lethe::encodeRows(*source_, *encoding_, threads_); }

  Napi::Value result(Napi::Env env) override {
    return DatasetHandle::create(env, constructor_, std::move(encoded_));
  }

  const Napi::FunctionReference& constructor_;
  std::shared_ptr<const Dataset> source_;
  std::shared_ptr<const InputEncoding> encoding_;
  std::size_t threads_;
  std::shared_ptr<Dataset> encoded_;
};

}  // namespace

Napi::Function InputEncodingHandle::define(Napi::Env env, Napi::FunctionReference& dataset) {
  return DefineClass(env, "InputEncoding",
                     {InstanceMethod<&InputEncodingHandle::encode>("encode"),
                      InstanceMethod<&InputEncodingHandle::encodeRows>("encodeRows")},
                     &dataset);
}

InputEncodingHandle::InputEncodingHandle(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<InputEncodingHandle>(info),
      dataset_(static_cast<const Napi::FunctionReference*>(info.Data())) {
  guarded(info.Env(),
          [&] { encoding_ = std::make_shared<const InputEncoding>(readColumns(Fields(info[0]))); });
}

/** encode({features: Float32Array [rows, columns]}): Float32Array [rows, inputs] */
Napi::Value InputEncodingHandle::encode(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const FloatingPointMode mode;
    const auto features = Fields(info[0]).array<float>("features");
    const std::size_t columns = encoding_->columns(), inputs = encoding_->inputs();
    if (features.size() % columns != 0) {
      throw Error(ErrorCode::kInvalidArgument, "features must hold whole rows");
    }
    const std::size_t rows = features.size() / columns;
    auto values = newTypedArray<float>(info.Env(), rows * inputs);
    for (std::size_t row = 0; row < rows; ++row) {
      encoding_->encode(features.data() + row * columns, values.Data() + row * inputs);
    }
    return values;
  });
}

/** encodeRows({dataset, threads}): Promise<Dataset> of the inputs of all its rows */
Napi::Value InputEncodingHandle::encodeRows(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return (new EncodeWorker(info.Env(), Fields(info[0]), encoding_, *dataset_))->start();
  });
}

}  // namespace lethe::node
