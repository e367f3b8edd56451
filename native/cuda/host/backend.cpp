#include "cuda/host/backend.h"

#include "cuda/host/executor.h"
#include "lethe/error.h"

namespace lethe {
namespace {

class CudaBackend final : public Backend {
 public:
  CudaBackend(std::shared_ptr<CudaDevice> device, const CudaOptions& options)
      : device_(std::move(device)), options_(options), cpu_(makeCpuBackend(options.cpu)) {}

  std::string description() const override { return "cuda " + device_->device->description(); }

  std::unique_ptr<Executor> prepare(const Job& job) override {
    cuda::Device& device = *device_->device;
    return std::make_unique<cuda::CudaExecutor>(
        job, device, device_->datasets.get(device, job.dataset), options_);
  }

  std::unique_ptr<Predictor> predictor(const Model& model) override {
    return cpu_->predictor(model);
  }

 private:
  std::shared_ptr<CudaDevice> device_;
  CudaOptions options_;
  std::unique_ptr<Backend> cpu_;
};

}  // namespace

void eraseOnDevice(CudaDevice& device, const std::shared_ptr<const Dataset>& dataset,
                   std::span<const std::uint32_t> rows) {
  device.datasets.erase(*device.device, dataset, rows);
}

std::unique_ptr<Backend> cuda::makeBackend(std::shared_ptr<CudaDevice> device,
                                           const CudaOptions& options) {
  if (!device) throw Error(ErrorCode::kInvalidArgument, "a CUDA backend needs an open device");
  if (options.concurrentRuns == 0 || options.concurrentRuns > CudaOptions::kMaxConcurrentRuns) {
    throw Error(ErrorCode::kInvalidArgument,
                "concurrentRuns must be in 1.." + std::to_string(CudaOptions::kMaxConcurrentRuns));
  }
  return std::make_unique<CudaBackend>(std::move(device), options);
}

}  // namespace lethe
