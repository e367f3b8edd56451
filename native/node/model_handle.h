#pragma once

#include <memory>

#include "lethe/backend.h"
#include "lethe/model.h"
#include "node/napi_setup.h"
#include "node/reported_memory.h"

namespace lethe::node {

/**
 * JavaScript class Model: new Model({widths, seed}), new Model({widths, parameters}) or, with the
 * parameters of another one, new Model({source}). The parameters never change but are replaced, on
 * the JavaScript thread only: so models share them until one of them gets new ones, and a run
 * elsewhere holds a snapshot.
 */
class ModelHandle : public Napi::ObjectWrap<ModelHandle> {
 public:
  static Napi::Function define(Napi::Env env);
  /** Throws kInvalidArgument unless the value is such an object. */
  static ModelHandle& from(Napi::Value value);
  /** A new object for what is in native memory already, with finite parameters. */
  static Napi::Object create(Napi::Env env, const Napi::FunctionReference& constructor,
                             Model model);

  explicit ModelHandle(const Napi::CallbackInfo& info);

  /** Throws kBusy while a run is changing the model. */
  const Model& model() const;
  /** Throws kBusy; from then on until endChange every use of the model does. */
  void beginChange();
  void endChange() { changing_ = false; }
  void replaceParameters(ParameterVector parameters);

 private:
  void shareWith(const ModelHandle& source);
  Napi::Value parameters(const Napi::CallbackInfo& info);
  Napi::Value predict(const Napi::CallbackInfo& info);

  std::unique_ptr<Model> model_;
  /**
   * Of the present parameters, and shared with them: they count once, for as long as any model
   * holds them, and a model that gets parameters of its own reports these.
   */
  std::shared_ptr<ReportedMemory> memory_;
  std::unique_ptr<Predictor> predictor_;  ///< of the present parameters, once asked for
  bool changing_ = false;
};

}  // namespace lethe::node
