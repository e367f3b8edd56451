#include "node/erase_worker.h"

namespace lethe::node {
namespace {

std::vector<FileRange> readRanges(const Fields& request, const char* name) {
  if (!request.has(name)) return {};
  const auto numbers = request.array<double>(name);
  std::vector<FileRange> ranges;
  for (std::size_t i = 0; i + 1 < numbers.size(); i += 2) {
    const auto whole = [&](double number) {
      if (number >= 0 && number <= static_cast<double>(kMaxSafeInteger)) {
        return static_cast<std::size_t>(number);
      }
      throw Error(ErrorCode::kInvalidArgument, "a range of a file must be of whole numbers");
    };
    ranges.push_back({whole(numbers[i]), whole(numbers[i + 1])});
  }
  return ranges;
}

class ContentWorker final : public PromiseWorker {
 public:
  ContentWorker(Napi::Env env, const Fields& request)
      : PromiseWorker(env, "lethe:rowsWithContent"),
        dataset_(DatasetHandle::from(request.value("dataset")).dataset()),
        rows_(request.array<std::uint32_t>("rows")) {}

 private:
  void compute() override {
    found_ = readUnchanged(*dataset_, [&] { return dataset_->rowsWithContent(rows_); });
  }

  Napi::Value result(Napi::Env env) override { return toTypedArray(env, found_); }

  std::shared_ptr<const Dataset> dataset_;
  std::vector<std::uint32_t> rows_, found_;
};

}  // namespace

EraseWorker::EraseWorker(Napi::Env env, const Fields& request, CudaHandle& cuda)
    : PromiseWorker(env, "lethe:eraseRows"),
      dataset_(DatasetHandle::from(request.value("dataset")).changeable()),
      rows_(request.array<std::uint32_t>("rows")),
      inFile_{readRanges(request, "marks"), readRanges(request, "others")},
      cuda_(cuda) {}

void EraseWorker::compute() {
  dataset_->erase(rows_, inFile_);
  try {
    cuda_.erase(dataset_, rows_);
  } catch (const Error& error) {
    deviceError_ = error;
  }
}

Napi::Value EraseWorker::result(Napi::Env env) {
  return deviceError_ ? toJavaScript(env, *deviceError_).Value() : env.Undefined();
}

Napi::Value rowsWithContent(const Napi::CallbackInfo& info) {
  return guarded(info.Env(),
                 [&] { return (new ContentWorker(info.Env(), Fields(info[0])))->start(); });
}

}  // namespace lethe::node
