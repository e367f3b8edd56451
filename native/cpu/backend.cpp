#include "lethe/backend.h"

#include "cpu/compute.h"
#include "cpu/executor.h"
#include "cpu/predictor.h"

namespace lethe {
namespace {

class CpuBackend final : public Backend {
 public:
  explicit CpuBackend(const cpu::Compute& compute) : compute_(compute) {}

  std::string description() const override { return std::string("cpu ") + compute_.kernels.name; }

  std::unique_ptr<Executor> prepare(const Job& job) override {
    return std::make_unique<cpu::CpuExecutor>(job, compute_.kernels, compute_.threads);
  }

  std::unique_ptr<Predictor> predictor(const Model& model) override {
    return std::make_unique<cpu::CpuPredictor>(model, compute_.kernels, compute_.threads);
  }

 private:
  cpu::Compute compute_;
};

}  // namespace

std::unique_ptr<Backend> makeCpuBackend(const CpuOptions& options) {
  return std::make_unique<CpuBackend>(cpu::computeFor(options));
}

}  // namespace lethe
