#include "node/mapped_file_handle.h"

#include <string>
#include <utility>
#include <vector>

#include "node/dataset_handle.h"
#include "node/promise_worker.h"
#include "node/tagged.h"

namespace lethe::node {
namespace {

constexpr napi_type_tag kExternalTag{0x7b1e5c93d0a8462f, 0xc6f1903a5e27d84b};

class OpenWorker final : public PromiseWorker {
 public:
  OpenWorker(Napi::Env env, std::string path, const Napi::FunctionReference& constructor)
      : PromiseWorker(env, "lethe:openMappedFile"),
        path_(std::move(path)),
        constructor_(constructor) {}

 private:
  void compute() override { file_ = MappedFile::open(path_); }

  Napi::Value result(Napi::Env env) override {
    return constructor_.New({tagged(env, file_, kExternalTag)});
  }

  std::string path_;
  const Napi::FunctionReference& constructor_;
  std::shared_ptr<MappedFile> file_;
};

/** Copies on a thread of the pool, because a page that is not in memory waits for the disk. */
class ReadWorker final : public PromiseWorker {
 public:
  ReadWorker(Napi::Env env, const Fields& request, std::shared_ptr<MappedFile> file)
      : PromiseWorker(env, "lethe:MappedFile.read"),
        file_(std::move(file)),
        begin_(request.integer("begin", file_->size())),
        size_(request.integer("size", file_->size() - begin_)) {}

 private:
  void compute() override {
    const auto* from = reinterpret_cast<const std::uint8_t*>(file_->data()) + begin_;
    bytes_.assign(from, from + size_);
    file_->check();
  }

  Napi::Value result(Napi::Env env) override { return toTypedArray(env, bytes_); }

  std::shared_ptr<MappedFile> file_;
  std::size_t begin_, size_;
  std::vector<std::uint8_t> bytes_;
};

class DatasetWorker final : public PromiseWorker {
 public:
  DatasetWorker(Napi::Env env, const Fields& request, std::shared_ptr<MappedFile> file,
                const Napi::FunctionReference& constructor)
      : PromiseWorker(env, "lethe:MappedFile.dataset"),
        constructor_(constructor),
        features_{std::move(file), request.integer("begin", kMaxSafeInteger)},
        areBytes_(request.boolean("bytes")),
        map_{request.number("scale"), request.number("offset")},
        labels_(request.array<std::uint32_t>("labels")),
        columns_(request.integer("columns", kMaxSafeInteger)),
        classes_(request.integer("classes", kMaxSafeInteger)) {
    if (request.has("missing")) missing_ = request.array<std::uint8_t>("missing");
  }

 private:
  void compute() override {
    dataset_ = areBytes_ ? Dataset::bytesInFile(std::move(features_), map_, std::move(labels_),
                                                columns_, classes_)
                         : Dataset::floatsInFile(std::move(features_), std::move(labels_), columns_,
                                                 classes_, missing_);
  }

  Napi::Value result(Napi::Env env) override {
    return DatasetHandle::create(env, constructor_, std::move(dataset_));
  }

  const Napi::FunctionReference& constructor_;
  FeaturesInFile features_;
  bool areBytes_;
  AffineMap map_;
  std::vector<std::uint32_t> labels_;
  MissingColumns missing_;
  std::size_t columns_, classes_;
  std::shared_ptr<Dataset> dataset_;
};

}  // namespace

Napi::Function MappedFileHandle::define(Napi::Env env, Napi::FunctionReference& dataset) {
  return DefineClass(env, "MappedFile",
                     {InstanceMethod<&MappedFileHandle::size>("size"),
                      InstanceMethod<&MappedFileHandle::read>("read"),
                      InstanceMethod<&MappedFileHandle::dataset>("dataset"),
                      InstanceMethod<&MappedFileHandle::close>("close")},
                     &dataset);
}

Napi::Value MappedFileHandle::open(const Napi::CallbackInfo& info,
                                   const Napi::FunctionReference& constructor) {
  return guarded(info.Env(), [&] {
    return (new OpenWorker(info.Env(), Fields(info[0]).text("path"), constructor))->start();
  });
}

MappedFileHandle::MappedFileHandle(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<MappedFileHandle>(info),
      dataset_(static_cast<const Napi::FunctionReference*>(info.Data())) {
  guarded(info.Env(), [&] {
    auto* made = fromTagged<std::shared_ptr<MappedFile>>(info[0], kExternalTag);
    if (!made) throw Error(ErrorCode::kInvalidArgument, "files are opened by openMappedFile");
    file_ = std::move(*made);
  });
}

const std::shared_ptr<MappedFile>& MappedFileHandle::file() const {
  if (file_) return file_;
  throw Error(ErrorCode::kInvalidArgument, "the file is closed, or a data set has it");
}

Napi::Value MappedFileHandle::size(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return Napi::Number::New(info.Env(), static_cast<double>(file()->size()));
  });
}

Napi::Value MappedFileHandle::read(const Napi::CallbackInfo& info) {
  return guarded(info.Env(),
                 [&] { return (new ReadWorker(info.Env(), Fields(info[0]), file()))->start(); });
}

Napi::Value MappedFileHandle::dataset(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    file();
    return (new DatasetWorker(info.Env(), Fields(info[0]), std::move(file_), *dataset_))->start();
  });
}

Napi::Value MappedFileHandle::close(const Napi::CallbackInfo& info) {
  file_.reset();
  return info.Env().Undefined();
}

}  // namespace lethe::node
