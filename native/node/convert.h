#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "lethe/error.h"
#include "node/napi_setup.h"

namespace lethe::node {

/** A JavaScript Error that carries the stable code. */
Napi::Error toJavaScript(Napi::Env env, const Error& error);

/** The exception that a catch block is handling, as the core's error. */
Error currentError();

/** Runs function and turns every C++ exception into a JavaScript one. */
template <class Function>
auto guarded(Napi::Env env, const Function& function) {
  try {
    return function();
  } catch (const Napi::Error&) {
    throw;
  } catch (...) {
    throw toJavaScript(env, currentError());
  }
}

/**
 * Reads the fields of an options object. TypeScript has given the clear message already; the checks
 * here only ensure that no value can harm the process. All of them throw kInvalidArgument.
 */
class Fields {
 public:
  explicit Fields(Napi::Value value);

  Napi::Value value(const char* name) const { return object_.Get(name); }
  bool has(const char* name) const { return !value(name).IsUndefined(); }
  bool boolean(const char* name) const;
  float number(const char* name) const;
  std::string text(const char* name) const;
  /** A whole number in 0..max; max at most 2^53 - 1. */
  std::uint64_t integer(const char* name, std::uint64_t max) const;
  Fields nested(const char* name) const { return Fields(value(name)); }

  /** A copy of a typed array of exactly this type: uint8_t, uint32_t, int64_t, float, double. */
  template <class T>
  std::vector<T> array(const char* name) const;

 private:
  Napi::Object object_;
};

/** A new typed array of zeros, of uint8_t, uint32_t, float or double. Throws kOutOfMemory. */
template <class T>
Napi::TypedArrayOf<T> newTypedArray(Napi::Env env, std::size_t size);

/** A new typed array with a copy of the values. Throws kOutOfMemory. */
template <class T>
Napi::TypedArrayOf<T> toTypedArray(Napi::Env env, const std::vector<T>& values) {
  Napi::TypedArrayOf<T> array = newTypedArray<T>(env, values.size());
  std::copy(values.begin(), values.end(), array.Data());
  return array;
}

/** The largest integer that every JavaScript number represents exactly, 2^53 - 1. */
inline constexpr std::uint64_t kMaxSafeInteger = 9007199254740991;

}  // namespace lethe::node
