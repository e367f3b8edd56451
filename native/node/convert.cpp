#include "node/convert.h"

#include <cmath>
#include <new>
#include <stdexcept>

namespace lethe::node {
namespace {

void require(bool condition, const char* name, const char* what) {
  if (!condition) {
    throw Error(ErrorCode::kInvalidArgument, std::string(name) + " must be " + what);
  }
}

template <class T>
constexpr napi_typedarray_type kArrayType = napi_float32_array;
template <>
constexpr napi_typedarray_type kArrayType<std::uint8_t> = napi_uint8_array;
template <>
constexpr napi_typedarray_type kArrayType<std::uint32_t> = napi_uint32_array;
template <>
constexpr napi_typedarray_type kArrayType<double> = napi_float64_array;
template <>
constexpr napi_typedarray_type kArrayType<std::int64_t> = napi_bigint64_array;

template <class T>
constexpr const char* kArrayName = "Float32Array";
template <>
constexpr const char* kArrayName<double> = "Float64Array";
template <>
constexpr const char* kArrayName<std::uint8_t> = "Uint8Array";
template <>
constexpr const char* kArrayName<std::uint32_t> = "Uint32Array";

template <class T>
bool isArrayOf(Napi::Value value) {
  return value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == kArrayType<T>;
}

}  // namespace

Napi::Error toJavaScript(Napi::Env env, const Error& error) {
  Napi::Error result = Napi::Error::New(env, error.what());
  result.Set("code", Napi::String::New(env, codeName(error.code())));
  return result;
}

Error currentError() {
  try {
    throw;
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return {ErrorCode::kOutOfMemory, "there is not enough memory for this run"};
  } catch (const std::length_error&) {
    return {ErrorCode::kOutOfMemory, "the run needs more memory than can be addressed"};
  } catch (const std::exception& error) {
    return {ErrorCode::kInvalidArgument, error.what()};
  }
}

Fields::Fields(Napi::Value value) {
  require(value.IsObject(), "the argument", "an object");
  object_ = value.As<Napi::Object>();
}

bool Fields::boolean(const char* name) const {
  const Napi::Value field = value(name);
  require(field.IsBoolean(), name, "a boolean");
  return field.As<Napi::Boolean>().Value();
}

float Fields::number(const char* name) const {
  const Napi::Value field = value(name);
  require(field.IsNumber(), name, "a number");
  return field.As<Napi::Number>().FloatValue();
}

std::string Fields::text(const char* name) const {
  const Napi::Value field = value(name);
  require(field.IsString(), name, "a string");
  return field.As<Napi::String>().Utf8Value();
}

std::uint64_t Fields::integer(const char* name, std::uint64_t max) const {
  const Napi::Value field = value(name);
  require(field.IsNumber(), name, "a whole number");
  const double number = field.As<Napi::Number>().DoubleValue();
  require(number >= 0 && number <= static_cast<double>(max) && number == std::floor(number), name,
          "a whole number in range");
  return static_cast<std::uint64_t>(number);
}

template <class T>
std::vector<T> Fields::array(const char* name) const {
  const Napi::Value field = value(name);
  require(isArrayOf<T>(field), name, "a typed array of the right element type");
  const auto array = field.As<Napi::TypedArrayOf<T>>();
  return {array.Data(), array.Data() + array.ElementLength()};
}

template std::vector<std::uint8_t> Fields::array(const char*) const;
template std::vector<std::uint32_t> Fields::array(const char*) const;
template std::vector<float> Fields::array(const char*) const;
template std::vector<double> Fields::array(const char*) const;
template std::vector<std::int64_t> Fields::array(const char*) const;

template <class T>
Napi::TypedArrayOf<T> newTypedArray(Napi::Env env, std::size_t size) {
  // The constructor throws if there is no memory; napi_create_arraybuffer would end the process.
  const auto constructor = env.Global().Get(kArrayName<T>).template As<Napi::Function>();
  Napi::Value array;
  try {
    array = constructor.New({Napi::Number::New(env, static_cast<double>(size))});
  } catch (const Napi::Error&) {
  }
  if (!isArrayOf<T>(array) || array.As<Napi::TypedArray>().ElementLength() != size) {
    throw Error(ErrorCode::kOutOfMemory,
                "there is no memory for an array of " + std::to_string(size) + " numbers");
  }
  return array.As<Napi::TypedArrayOf<T>>();
}

template Napi::TypedArrayOf<float> newTypedArray(Napi::Env, std::size_t);
template Napi::TypedArrayOf<double> newTypedArray(Napi::Env, std::size_t);
template Napi::TypedArrayOf<std::uint8_t> newTypedArray(Napi::Env, std::size_t);
template Napi::TypedArrayOf<std::uint32_t> newTypedArray(Napi::Env, std::size_t);

}  // namespace lethe::node
