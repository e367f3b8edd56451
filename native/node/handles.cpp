#include "node/handles.h"

#include <numeric>

#include "lethe/floating_point.h"
#include "node/convert.h"

namespace lethe::node {
namespace {

// Random tags: only an object that this file has made can carry them.
constexpr napi_type_tag kDatasetTag{0x3f6c1d0b9a7e4852, 0xa1c55e07d2b84f69};
constexpr napi_type_tag kModelTag{0x8e2b7450c91d4f3a, 0xb60d38a94e7f1c25};

template <class Handle>
Handle& unwrap(Napi::Value value, const napi_type_tag& tag, const char* message) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&tag)) {
    throw Error(ErrorCode::kInvalidArgument, message);
  }
  return *Handle::Unwrap(value.As<Napi::Object>());
}

void reportMemory(Napi::BasicEnv env, std::int64_t change) {
  Napi::MemoryManagement::AdjustExternalMemory(env, change);
}

std::int64_t bytesOf(const Model& model) {
  return static_cast<std::int64_t>(model.parameters->size() * sizeof(float));
}

/** A data set of the fields `features`, of either type, and for bytes `scale` and `offset`. */
template <class Labels>
std::shared_ptr<const Dataset> readFeatures(const Fields& fields, const Labels& labelsFor,
                                            std::size_t columns, std::size_t classes) {
  const Napi::Value features = fields.value("features");
  if (features.IsTypedArray() &&
      features.As<Napi::TypedArray>().TypedArrayType() == napi_float32_array) {
    auto values = fields.array<float>("features");
    auto labels = labelsFor(values.size());
    return Dataset::fromFloats(std::move(values), std::move(labels), columns, classes);
  }
  auto values = fields.array<std::uint8_t>("features");
  auto labels = labelsFor(values.size());
  return Dataset::fromBytes(std::move(values), {fields.number("scale"), fields.number("offset")},
                            std::move(labels), columns, classes);
}

}  // namespace

Napi::Function DatasetHandle::define(Napi::Env env) {
  return DefineClass(env, "Dataset", {InstanceMethod<&DatasetHandle::normalized>("normalized")});
}

DatasetHandle& DatasetHandle::from(Napi::Value value) {
  return unwrap<DatasetHandle>(value, kDatasetTag, "dataset must be a Dataset");
}

Napi::Object DatasetHandle::create(Napi::Env env, const Napi::FunctionReference& constructor,
                                   std::shared_ptr<const Dataset> dataset) {
  return constructor.New({Napi::External<std::shared_ptr<const Dataset>>::New(env, &dataset)});
}

DatasetHandle::DatasetHandle(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<DatasetHandle>(info) {
  guarded(info.Env(), [&] {
    if (info[0].IsExternal()) {
      dataset_ = *info[0].As<Napi::External<std::shared_ptr<const Dataset>>>().Data();
      return;
    }
    const Fields fields(info[0]);
    if (fields.has("source")) {
      dataset_ = from(fields.value("source"))
                     .dataset_->select(fields.array<std::uint32_t>("rows"),
                                       fields.array<std::uint32_t>("columns"));
      return;
    }
    const auto columns = fields.integer("columns", kMaxSafeInteger);
    const auto classes = fields.integer("classes", kMaxSafeInteger);
    auto labels = fields.array<std::uint32_t>("labels");
    dataset_ = readFeatures(
        fields, [&](std::size_t) { return std::move(labels); }, columns, classes);
  });
  info.This().As<Napi::Object>().TypeTag(&kDatasetTag);
  reportMemory(info.Env(), static_cast<std::int64_t>(dataset_->bytes()));
}

void DatasetHandle::Finalize(Napi::BasicEnv env) {
  if (dataset_) reportMemory(env, -static_cast<std::int64_t>(dataset_->bytes()));
}

/** normalized({rows}): Float32Array [rows, columns] */
Napi::Value DatasetHandle::normalized(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto rows = Fields(info[0]).array<std::uint32_t>("rows");
    dataset_->checkRows(rows);
    auto values = newTypedArray<float>(info.Env(), rows.size() * dataset_->columns());
    dataset_->normalized(rows, values.Data());
    return values;
  });
}

Napi::Function ModelHandle::define(Napi::Env env) {
  return DefineClass(env, "Model",
                     {InstanceMethod<&ModelHandle::parameters>("parameters"),
                      InstanceMethod<&ModelHandle::predict>("predict")});
}

ModelHandle& ModelHandle::from(Napi::Value value) {
  return unwrap<ModelHandle>(value, kModelTag, "model must be a Model");
}

ModelHandle::ModelHandle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ModelHandle>(info) {
  guarded(info.Env(), [&] {
    const Fields fields(info[0]);
    const Architecture architecture(fields.array<std::uint32_t>("widths"));
    ParameterVector parameters;
    if (fields.has("parameters")) {
      parameters = fields.array<float>("parameters");
      if (parameters.size() != architecture.parameterCount()) {
        throw Error(ErrorCode::kInvalidArgument,
                    "parameters must hold " + std::to_string(architecture.parameterCount()) +
                        " values for these widths, but holds " + std::to_string(parameters.size()));
      }
      if (!allFinite(parameters.data(), parameters.size())) {
        throw Error(ErrorCode::kInvalidArgument, "every parameter must be finite");
      }
    } else {
      parameters = initialParameters(architecture, fields.integer("seed", kMaxSafeInteger));
    }
    model_ = std::make_unique<Model>(
        Model{architecture, std::make_shared<const ParameterVector>(std::move(parameters))});
  });
  info.This().As<Napi::Object>().TypeTag(&kModelTag);
  reportMemory(info.Env(), bytesOf(*model_));
}

void ModelHandle::Finalize(Napi::BasicEnv env) {
  if (model_) reportMemory(env, -bytesOf(*model_));
}

const Model& ModelHandle::model() const {
  if (changing_) {
    throw Error(ErrorCode::kBusy,
                "the model is being changed: wait for that run, or work on a clone made before it");
  }
  return *model_;
}

void ModelHandle::beginChange() {
  model();
  changing_ = true;
}

void ModelHandle::replaceParameters(ParameterVector parameters) {
  predictor_.reset();
  model_->parameters = std::make_shared<const ParameterVector>(std::move(parameters));
}

/** parameters(): Float32Array, a copy in the order of Architecture */
Napi::Value ModelHandle::parameters(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] { return toTypedArray(info.Env(), *model().parameters); });
}

/** predict({features, scale, offset}): Float32Array [rows, classes], on this thread */
Napi::Value ModelHandle::predict(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const std::size_t columns = model().architecture.inputs();
    const auto unlabelled = [&](std::size_t values) {
      return std::vector<std::uint32_t>(values / columns);
    };
    const auto inputs = readFeatures(Fields(info[0]), unlabelled, columns, 1);
    std::vector<std::uint32_t> rows(inputs->rows());
    std::iota(rows.begin(), rows.end(), 0u);
    if (!predictor_) predictor_ = makeCpuBackend({})->predictor(*model_);
    return toTypedArray(info.Env(), predictor_->logits(inputs, rows));
  });
}

}  // namespace lethe::node
