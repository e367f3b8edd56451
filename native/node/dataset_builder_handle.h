#pragma once

#include <memory>

#include "lethe/dataset_builder.h"
#include "node/napi_setup.h"

namespace lethe::node {

/**
 * JavaScript class DatasetBuilder: new DatasetBuilder({bytes: boolean}). append(features) takes a
 * Uint8Array or a Float32Array of whole rows; finish({labels, columns, classes, scale, offset,
 * order?}) resolves to a Dataset and leaves the builder empty.
 */
class DatasetBuilderHandle : public Napi::ObjectWrap<DatasetBuilderHandle> {
 public:
  /** @param dataset the constructor of Dataset; it outlives every builder */
  static Napi::Function define(Napi::Env env, Napi::FunctionReference& dataset);

  explicit DatasetBuilderHandle(const Napi::CallbackInfo& info);

 private:
  Napi::Value append(const Napi::CallbackInfo& info);
  Napi::Value finish(const Napi::CallbackInfo& info);

  const Napi::FunctionReference* dataset_ = nullptr;
  std::unique_ptr<DatasetBuilder> builder_;  ///< null once it has been finished
};

}  // namespace lethe::node
