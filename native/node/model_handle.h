#pragma once

#include <memory>

#include "lethe/backend.h"
#include "lethe/model.h"
#include "node/napi_setup.h"
#include "node/reported_memory.h"

namespace lethe::node {

/**
 * JavaScript class Model: new Model({widths, seed}) or new Model({widths, parameters}). The
 * parameters are replaced on the JavaScript thread only; runs elsewhere hold their own snapshot.
 */
class ModelHandle : public Napi::ObjectWrap<ModelHandle> {
 public:
  static Napi::Function define(Napi::Env env);
  /** Throws kInvalidArgument unless the value is such an object. */
  static ModelHandle& from(Napi::Value value);

  explicit ModelHandle(const Napi::CallbackInfo& info);

  /** Throws kBusy while a run is changing the model. */
  const Model& model() const;
  /** Throws kBusy; from then on until endChange every use of the model does. */
  void beginChange();
  void endChange() { changing_ = false; }
  void replaceParameters(ParameterVector parameters);

 private:
  Napi::Value parameters(const Napi::CallbackInfo& info);
  Napi::Value predict(const Napi::CallbackInfo& info);

  std::unique_ptr<Model> model_;
  std::shared_ptr<ReportedMemory> memory_;  ///< of the present parameters
  std::unique_ptr<Predictor> predictor_;    ///< of the present parameters, once asked for
  bool changing_ = false;
};

}  // namespace lethe::node
