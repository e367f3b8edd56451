#pragma once

#include <memory>

#include "lethe/input_encoding.h"
#include "node/napi_setup.h"

namespace lethe::node {

/** The JavaScript class InputEncoding, which encodes raw values as inputs of a network. */
class InputEncodingHandle : public Napi::ObjectWrap<InputEncodingHandle> {
 public:
  /** @param dataset the constructor of Dataset, which must outlive the class */
  static Napi::Function define(Napi::Env env, Napi::FunctionReference& dataset);

  /**
   * new InputEncoding({isCategory: Uint8Array, hasIndicator: Uint8Array, fills: Float32Array,
   * centres: Float32Array, scales: Float32Array, categories: Uint32Array}), all [columns]
   */
  explicit InputEncodingHandle(const Napi::CallbackInfo& info);

 private:
  Napi::Value encode(const Napi::CallbackInfo& info);
  Napi::Value encodeRows(const Napi::CallbackInfo& info);

  std::shared_ptr<const InputEncoding> encoding_;
  const Napi::FunctionReference* dataset_;
};

}  // namespace lethe::node
