#include "node/model_handle.h"

#include <numeric>
#include <string>

#include "lethe/floating_point.h"
#include "node/convert.h"
#include "node/dataset_handle.h"
#include "node/tagged.h"

namespace lethe::node {
namespace {

constexpr napi_type_tag kObjectTag{0x8e2b7450c91d4f3a, 0xb60d38a94e7f1c25};
constexpr napi_type_tag kExternalTag{0x1fa86d39e5c2470b, 0xc7305be4912f8ad6};

Model readModel(const Fields& fields) {
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
  return {architecture, std::make_shared<const ParameterVector>(std::move(parameters))};
}

std::shared_ptr<ReportedMemory> report(Napi::BasicEnv env, const Model& model) {
  return std::make_shared<ReportedMemory>(env, model.parameters->size() * sizeof(float));
}

}  // namespace

Napi::Function ModelHandle::define(Napi::Env env) {
  return DefineClass(env, "Model",
                     {InstanceMethod<&ModelHandle::parameters>("parameters"),
                      InstanceMethod<&ModelHandle::predict>("predict")});
}

ModelHandle& ModelHandle::from(Napi::Value value) {
  return unwrap<ModelHandle>(value, kObjectTag, "model must be a Model");
}

Napi::Object ModelHandle::create(Napi::Env env, const Napi::FunctionReference& constructor,
                                 Model model) {
  return constructor.New({tagged(env, model, kExternalTag)});
}

ModelHandle::ModelHandle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ModelHandle>(info) {
  guarded(info.Env(), [&] {
    if (auto* made = fromTagged<Model>(info[0], kExternalTag)) {
      model_ = std::make_unique<Model>(std::move(*made));
    } else {
      const Fields fields(info[0]);
      if (fields.has("source")) return shareWith(from(fields.value("source")));
      model_ = std::make_unique<Model>(readModel(fields));
    }
    memory_ = report(info.Env(), *model_);
  });
  info.This().As<Napi::Object>().TypeTag(&kObjectTag);
}

/** Throws kBusy while the source is being changed. */
void ModelHandle::shareWith(const ModelHandle& source) {
  model_ = std::make_unique<Model>(source.model());
  memory_ = source.memory_;
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
  predictorMemory_.reset();
  model_->parameters = std::make_shared<const ParameterVector>(std::move(parameters));
  memory_ = report(Env(), *model_);
}

/** parameters(): Float32Array, a copy in the order of Architecture */
Napi::Value ModelHandle::parameters(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] { return toTypedArray(info.Env(), *model().parameters); });
}

/** predict({features, scale, offset, threads}): Float32Array [rows, classes], when it returns */
Napi::Value ModelHandle::predict(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const std::size_t columns = model().architecture.inputs();
    const auto unlabelled = [&](std::size_t values) {
      return std::vector<std::uint32_t>(values / columns);
    };
    const Fields fields(info[0]);
    const auto inputs = readFeatures(fields, unlabelled, columns, 1);
    std::vector<std::uint32_t> rows(inputs->rows());
    std::iota(rows.begin(), rows.end(), 0u);
    const CpuOptions cpu{fields.integer("threads", kMaxSafeInteger), {}};
    if (!predictor_) {
      predictor_ = makeCpuBackend(cpu)->predictor(*model_);
      predictorMemory_.emplace(info.Env(), predictor_->bytes());
    }
    return toTypedArray(info.Env(), predictor_->logits(inputs, rows));
  });
}

}  // namespace lethe::node
