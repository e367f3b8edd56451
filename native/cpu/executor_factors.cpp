#include <algorithm>

#include "cpu/executor.h"
#include "cpu/tasks.h"
#include "lethe/kronecker.h"

/** Backward::kOuterProducts: sums outer products during the backward pass; no weight changes. */
namespace lethe::cpu {

CpuExecutor::LayerFactors::LayerFactors(const Layer& layer, std::size_t maxBatch)
    : inputsAndOne(maxBatch, layer.inputs + 1),
      inputs(layer.inputs + 1),
      gradients(layer.outputs) {}

void CpuExecutor::collectFactors(std::span<const std::uint32_t> rows) {
  for (std::size_t l = layerCount() - 1; l > 0; --l) {
    run(Stage::kBackpropagate, l - 1, backpropagateTasks(l), 0,
        [&](std::size_t task, std::size_t worker) { backpropagate(l, task, worker); });
  }
  run(Stage::kUpdate, 0, ceilDivide(rows.size(), kRowsPerTask), 0,
      [&](std::size_t task, std::size_t) {
        const std::size_t first = task * kRowsPerTask;
        for (std::size_t i = first; i < std::min(first + kRowsPerTask, rows.size()); ++i) {
          appendOnes(rows[i], i);
        }
      });
  for (std::size_t l = 0; l < layerCount(); ++l) {
    LayerFactors& sums = factors_[l];
    const std::size_t inputTasks = sums.inputs.tasks();
    run(Stage::kUpdate, l, inputTasks, sums.gradients.tasks(),
        [&](std::size_t task, std::size_t worker) {
          float* unfinished = scratch_[worker].unfinished.data();
          if (task < inputTasks) {
            sums.inputs.add(kernels_, sums.inputsAndOne, rows_, task, unfinished);
          } else {
            sums.gradients.add(kernels_, gradient(l), rows_, task - inputTasks, unfinished);
          }
        });
  }
}

/** Copies each layer's inputs for one row of the batch, and appends the 1 that the bias multiplies.
 */
void CpuExecutor::appendOnes(std::uint32_t row, std::size_t i) {
  for (std::size_t l = 0; l < layerCount(); ++l) {
    float* out = factors_[l].inputsAndOne.row(i);
    if (l == 0) {
      job_.dataset->normalized({&row, 1}, out);
    } else {
      std::copy_n(activations_[l].row(i), layer(l).inputs, out);
    }
    out[layer(l).inputs] = 1;
  }
}

std::vector<float> CpuExecutor::finishFactors() const {
  std::vector<float> values;
  values.reserve(kroneckerSize(job_.model.architecture));
  for (const LayerFactors& factors : factors_) {
    factors.inputs.appendTo(values);
    factors.gradients.appendTo(values);
  }
  return values;
}

}  // namespace lethe::cpu
