#pragma once

#include <memory>
#include <optional>

#include "lethe/backend.h"
#include "lethe/model.h"
#include "node/napi_setup.h"
#include "node/reported_memory.h"

namespace lethe::node {

/**
 * JavaScript class Model: new Model({widths, seed}), new Model({widths, parameters}), or new
 * Model({source}) for an independent model with the parameters of another. Parameters are
 * immutable; a change replaces them, on the JavaScript thread only. So models share them until one
 * changes, and runs on other threads keep their snapshot.
 */
class ModelHandle : public Napi::ObjectWrap<ModelHandle> {
 public:
  static Napi::Function define(Napi::Env env);
  /** Throws kInvalidArgument unless the value is such an object. */
  static ModelHandle& from(Napi::Value value);
  /** Makes a JavaScript object for a model that is in native memory already; its parameters must be
   * finite. */
  static Napi::Object create(Napi::Env env, const Napi::FunctionReference& constructor,
                             Model model);

  explicit ModelHandle(const Napi::CallbackInfo& info);

  /** Throws kBusy while a run is changing the model. */
  const Model& model() const;
  /** Throws kBusy. From then on until endChange every use of the model throws it. */
  void beginChange();
  void endChange() { changing_ = false; }
  void replaceParameters(ParameterVector parameters);

 private:
  void shareWith(const ModelHandle& source);
  Napi::Value parameters(const Napi::CallbackInfo& info);
  Napi::Value predict(const Napi::CallbackInfo& info);

  std::unique_ptr<Model> model_;
  /**
   * Reports the present parameters, and is shared along with them: they count once, as long as any
   * model holds them. A model that gets parameters of its own reports those.
   */
  std::shared_ptr<ReportedMemory> memory_;
  std::unique_ptr<Predictor> predictor_;  ///< for the present parameters, made when first used
  std::optional<ReportedMemory> predictorMemory_;
  bool changing_ = false;
};

}  // namespace lethe::node
