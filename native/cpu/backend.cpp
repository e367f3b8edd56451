#include "lethe/backend.h"

#include <cstdlib>

#include "cpu/executor.h"
#include "cpu/kernels/dispatch.h"
#include "cpu/kronecker.h"
#include "cpu/predictor.h"
#include "cpu/principal_components.h"
#include "lethe/error.h"

namespace lethe {
namespace {

constexpr std::size_t kMaxThreads = 1024;

class CpuBackend final : public Backend {
 public:
  CpuBackend(const cpu::Kernels& kernels, std::size_t threads)
      : kernels_(kernels), threads_(threads) {}

  std::string description() const override { return std::string("cpu ") + kernels_.name; }

  std::unique_ptr<Executor> prepare(const Job& job) override {
    return std::make_unique<cpu::CpuExecutor>(job, kernels_, threads_);
  }

  std::unique_ptr<Predictor> predictor(const Model& model) override {
    return std::make_unique<cpu::CpuPredictor>(model, kernels_);
  }

  PrincipalComponents principalComponents(const CentredRows& rows, std::size_t components,
                                          std::uint64_t seed) override {
    return cpu::principalComponents(kernels_, threads_, rows, components, seed);
  }

  ParameterVector kroneckerSolve(const FactoredFisher& fisher, const ParameterVector& gradient,
                                 double damping, Control& control) override {
    return cpu::kroneckerSolve(kernels_, threads_, fisher, gradient, damping, control);
  }

 private:
  const cpu::Kernels& kernels_;
  std::size_t threads_;
};

}  // namespace

std::unique_ptr<Backend> makeCpuBackend(const CpuOptions& options) {
  if (options.threads == 0 || options.threads > kMaxThreads) {
    throw Error(ErrorCode::kInvalidArgument,
                "threads must be in 1.." + std::to_string(kMaxThreads));
  }
  std::string isa = options.isa;
  if (const char* forced = std::getenv("LETHE_ISA"); isa.empty() && forced) isa = forced;
  return std::make_unique<CpuBackend>(cpu::selectKernels(isa), options.threads);
}

}  // namespace lethe
