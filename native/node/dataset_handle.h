#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "lethe/dataset.h"
#include "node/convert.h"
#include "node/napi_setup.h"
#include "node/reported_memory.h"

namespace lethe::node {

/**
 * Reads a data set from the fields `features`, of either type, and for bytes `scale` and `offset`.
 * labelsFor(values) gives the labels for so many features. Throws kInvalidArgument.
 */
std::shared_ptr<Dataset> readFeatures(
    const Fields& fields, const std::function<std::vector<std::uint32_t>(std::size_t)>& labelsFor,
    std::size_t columns, std::size_t classes);

/**
 * JavaScript class Dataset: new Dataset({features, labels, columns, classes, scale, offset,
 * order?}), or new Dataset({source, rows, columns}) with indices of both.
 */
class DatasetHandle : public Napi::ObjectWrap<DatasetHandle> {
 public:
  static Napi::Function define(Napi::Env env);
  /** Throws kInvalidArgument unless the value is such an object. */
  static DatasetHandle& from(Napi::Value value);
  /** Makes a JavaScript object for a data set that is in native memory already. */
  static Napi::Object create(Napi::Env env, const Napi::FunctionReference& constructor,
                             std::shared_ptr<Dataset> dataset);

  explicit DatasetHandle(const Napi::CallbackInfo& info);

  /** Throws kInvalidArgument if it has been closed. */
  std::shared_ptr<const Dataset> dataset() const { return changeable(); }
  /** The same for whoever knows that no run reads the data set. */
  std::shared_ptr<Dataset> changeable() const;

 private:
  Napi::Value normalized(const Napi::CallbackInfo& info);
  Napi::Value stored(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  std::shared_ptr<Dataset> dataset_;  ///< null once it has been closed
  std::optional<ReportedMemory> memory_;
};

}  // namespace lethe::node
