#pragma once

#include "lethe/error.h"
#include "node/napi_setup.h"

/**
 * JavaScript may hand over anything. So objects and externals carry a random tag that only this
 * addon gives, and the memory behind a value is not touched before its tag has been checked.
 */
namespace lethe::node {

/** The native object behind a JavaScript object of this tag. Throws kInvalidArgument. */
template <class Handle>
Handle& unwrap(Napi::Value value, const napi_type_tag& tag, const char* message) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&tag)) {
    throw Error(ErrorCode::kInvalidArgument, message);
  }
  return *Handle::Unwrap(value.As<Napi::Object>());
}

/** Wraps a native value for the constructor of its JavaScript class, which moves it out. */
template <class T>
Napi::External<T> tagged(Napi::Env env, T& value, const napi_type_tag& tag) {
  auto external = Napi::External<T>::New(env, &value);
  external.TypeTag(&tag);
  return external;
}

/** The native value of an external of this tag; nullptr for anything else. */
template <class T>
T* fromTagged(Napi::Value value, const napi_type_tag& tag) {
  if (!value.IsExternal()) return nullptr;
  const auto external = value.As<Napi::External<T>>();
  return external.CheckTypeTag(&tag) ? external.Data() : nullptr;
}

}  // namespace lethe::node
