#pragma once

#include "cpu/executor.h"

namespace lethe::cpu {

/** Computes logits of a few rows; it keeps the model's weights packed from call to call. */
class CpuPredictor final : public Predictor {
 public:
  CpuPredictor(const Model& model, const Kernels& kernels, std::size_t threads);

  std::vector<float> logits(std::shared_ptr<const Dataset> dataset,
                            std::span<const std::uint32_t> rows) override;
  std::size_t bytes() const override { return executor_.forwardBytes(); }

 private:
  Plan plan_;
  CpuExecutor executor_;
};

}  // namespace lethe::cpu
