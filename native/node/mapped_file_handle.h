#pragma once

#include <memory>

#include "lethe/mapped_file.h"
#include "node/napi_setup.h"

namespace lethe::node {

/**
 * JavaScript class MappedFile, which openMappedFile(path) resolves to: size() in bytes;
 * read({begin, size}) resolves to a copy of these bytes; dataset({begin, bytes, labels, columns,
 * classes, scale, offset}) resolves to a Dataset whose features stay in the file, from `begin` on,
 * and leaves nothing here, as close() does.
 */
class MappedFileHandle : public Napi::ObjectWrap<MappedFileHandle> {
 public:
  /** @param dataset the constructor of Dataset; it outlives every file */
  static Napi::Function define(Napi::Env env, Napi::FunctionReference& dataset);
  /** Opens the file off the JavaScript thread. */
  static Napi::Value open(const Napi::CallbackInfo& info,
                          const Napi::FunctionReference& constructor);

  explicit MappedFileHandle(const Napi::CallbackInfo& info);

 private:
  Napi::Value size(const Napi::CallbackInfo& info);
  Napi::Value read(const Napi::CallbackInfo& info);
  Napi::Value dataset(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);
  const std::shared_ptr<MappedFile>& file() const;

  const Napi::FunctionReference* dataset_ = nullptr;
  std::shared_ptr<MappedFile> file_;  ///< null once a data set has it, or it is closed
};

}  // namespace lethe::node
