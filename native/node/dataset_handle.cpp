#include "node/dataset_handle.h"

#include "node/tagged.h"

namespace lethe::node {
namespace {

constexpr napi_type_tag kObjectTag{0x3f6c1d0b9a7e4852, 0xa1c55e07d2b84f69};
constexpr napi_type_tag kExternalTag{0x52d9b17e6c03af48, 0x94e7f20d8b5ac631};

std::shared_ptr<Dataset> readDataset(const Fields& fields) {
  if (fields.has("source")) {
    const auto source = DatasetHandle::from(fields.value("source")).dataset();
    return readUnchanged(*source, [&] {
      return source->select(fields.array<std::uint32_t>("rows"),
                            fields.array<std::uint32_t>("columns"));
    });
  }
  const auto columns = fields.integer("columns", kMaxSafeInteger);
  const auto classes = fields.integer("classes", kMaxSafeInteger);
  auto labels = fields.array<std::uint32_t>("labels");
  auto dataset = readFeatures(
      fields, [&](std::size_t) { return std::move(labels); }, columns, classes);
  if (fields.has("order")) dataset->arrange(fields.array<std::uint32_t>("order"));
  return dataset;
}

}  // namespace

std::shared_ptr<Dataset> readFeatures(
    const Fields& fields, const std::function<std::vector<std::uint32_t>(std::size_t)>& labelsFor,
    std::size_t columns, std::size_t classes) {
  const Napi::Value features = fields.value("features");
  if (features.IsTypedArray() &&
      features.As<Napi::TypedArray>().TypedArrayType() == napi_float32_array) {
    auto values = fields.array<float>("features");
    auto labels = labelsFor(values.size());
    MissingColumns missing;
    if (fields.has("missing")) missing = fields.array<std::uint8_t>("missing");
    return Dataset::fromFloats(std::move(values), std::move(labels), columns, classes, missing);
  }
  auto values = fields.array<std::uint8_t>("features");
  auto labels = labelsFor(values.size());
  return Dataset::fromBytes(std::move(values), {fields.number("scale"), fields.number("offset")},
                            std::move(labels), columns, classes);
}

Napi::Function DatasetHandle::define(Napi::Env env) {
  return DefineClass(env, "Dataset",
                     {InstanceMethod<&DatasetHandle::normalized>("normalized"),
                      InstanceMethod<&DatasetHandle::stored>("stored"),
                      InstanceMethod<&DatasetHandle::close>("close")});
}

DatasetHandle& DatasetHandle::from(Napi::Value value) {
  return unwrap<DatasetHandle>(value, kObjectTag, "dataset must be a Dataset");
}

Napi::Object DatasetHandle::create(Napi::Env env, const Napi::FunctionReference& constructor,
                                   std::shared_ptr<Dataset> dataset) {
  return constructor.New({tagged(env, dataset, kExternalTag)});
}

DatasetHandle::DatasetHandle(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<DatasetHandle>(info) {
  guarded(info.Env(), [&] {
    auto* made = fromTagged<std::shared_ptr<Dataset>>(info[0], kExternalTag);
    dataset_ = made ? std::move(*made) : readDataset(Fields(info[0]));
  });
  info.This().As<Napi::Object>().TypeTag(&kObjectTag);
  memory_.emplace(info.Env(), dataset_->bytes());
}

std::shared_ptr<Dataset> DatasetHandle::changeable() const {
  if (dataset_) return dataset_;
  throw Error(ErrorCode::kInvalidArgument, "the data set has been closed");
}

/** normalized({rows}): Float32Array [rows, columns] */
Napi::Value DatasetHandle::normalized(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto rows = Fields(info[0]).array<std::uint32_t>("rows");
    const auto source = dataset();
    source->checkRows(rows);
    auto values = newTypedArray<float>(info.Env(), rows.size() * source->columns());
    return readUnchanged(*source, [&] {
      source->normalized(rows, values.Data());
      return values;
    });
  });
}

/** stored({rows}): the features as they are stored, Uint8Array or Float32Array [rows, columns] */
Napi::Value DatasetHandle::stored(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto rows = Fields(info[0]).array<std::uint32_t>("rows");
    const auto source = dataset();
    source->checkRows(rows);
    const auto copied = [&]<class T>(T) -> Napi::Value {
      auto values = newTypedArray<T>(info.Env(), rows.size() * source->columns());
      return readUnchanged(*source, [&] {
        source->copyRows(rows, reinterpret_cast<std::byte*>(values.Data()));
        return values;
      });
    };
    return source->byteFeatures() ? copied(std::uint8_t{}) : copied(float{});
  });
}

/** close(): frees the memory, or lets go of the file, while no run reads the data set */
Napi::Value DatasetHandle::close(const Napi::CallbackInfo& info) {
  dataset_.reset();
  memory_.reset();
  return info.Env().Undefined();
}

}  // namespace lethe::node
