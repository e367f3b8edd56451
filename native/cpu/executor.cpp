#include "executor.h"

#include <algorithm>
#include <utility>

namespace lethe::cpu {
namespace {

/** Task sizes: small enough to balance a few threads, large enough to amortize streaming a panel.
 */
constexpr std::size_t kRowsPerTask = 64;
constexpr std::size_t kInputsPerTask = 256;

constexpr std::size_t ceilDivide(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

template <class T>
bool holds(const Sink& sink) {
  return std::holds_alternative<T>(sink);
}

Update updateFor(const Sink& sink) {
  if (const auto* sgd = std::get_if<Sgd>(&sink)) {
    Update update{UpdateKind::kSgd, sgd->learningRate};
    update.momentum = sgd->momentum;
    update.weightDecay = sgd->weightDecay;
    update.nesterov = sgd->nesterov;
    return update;
  }
  if (const auto* scrub = std::get_if<ClampedFisher>(&sink)) {
    Update update{UpdateKind::kClampedFisher, scrub->learningRate};
    update.alpha = scrub->alpha;
    update.clamp = scrub->clamp;
    return update;
  }
  const auto* squared = std::get_if<SquaredGradient>(&sink);
  const bool squareOfMean = squared && squared->mode == FisherMode::kBatch;
  return {squareOfMean ? UpdateKind::kAccumulateSquare : UpdateKind::kAccumulate};
}

bool sumsRowSquares(const Sink& sink) {
  const auto* squared = std::get_if<SquaredGradient>(&sink);
  return squared && squared->mode == FisherMode::kPerRow;
}

}  // namespace

CpuExecutor::CpuExecutor(const Job& job, const Kernels& kernels, std::size_t threads)
    : job_(job),
      kernels_(kernels),
      team_(threads),
      update_(updateFor(job.sink)),
      meanOverBatch_(!holds<Gradient>(job.sink) && !sumsRowSquares(job.sink)),
      squaredOperands_(sumsRowSquares(job.sink)),
      parameters_(job.model.architecture, *job.model.parameters),
      scratch_(team_.size()),
      losses_(job.maxBatch) {
  const Architecture& architecture = job_.model.architecture;
  if (const auto* scrub = std::get_if<ClampedFisher>(&job.sink)) {
    state_.emplace(architecture, *scrub->fisher);
  } else if (!holds<Logits>(job.sink)) {
    state_.emplace(architecture);
  }

  std::size_t widest = 0;
  for (const std::uint32_t width : architecture.widths()) {
    activations_.emplace_back(job.maxBatch, width);
    widest = std::max<std::size_t>(widest, width);
  }
  if (!holds<Logits>(job.sink)) {
    for (std::size_t l = 0; l + 1 < layerCount(); ++l) {
      gradients_.emplace_back(job.maxBatch, layer(l).outputs);
    }
  }
  if (squaredOperands_) {
    for (std::size_t l = 0; l < layerCount(); ++l) {
      squaredActivations_.emplace_back(job.maxBatch, layer(l).inputs);
      squaredGradients_.emplace_back(job.maxBatch, layer(l).outputs);
    }
  }
  inputWeightSums_ = AlignedBuffer(panelCount(layer(0).outputs) * kPanelLanes);
  const auto objectiveScratch = 2 * static_cast<std::size_t>(activations_.back().stride());
  for (Scratch& scratch : scratch_) {
    scratch.buffer = AlignedBuffer(std::max(widest * kPanelLanes, objectiveScratch));
  }
}

void CpuExecutor::step(std::span<const std::uint32_t> rows) {
  rows_ = rows.size();
  gather(rows);
  for (std::size_t l = 0; l < layerCount(); ++l) forward(l);
  if (holds<Logits>(job_.sink)) return collectLogits();
  objective(rows);
  backward();
}

void CpuExecutor::gather(std::span<const std::uint32_t> rows) {
  const std::size_t rowTasks = ceilDivide(rows.size(), kRowsPerTask);
  const std::size_t sumTasks = affineInput() ? panelCount(layer(0).outputs) : 0;
  team_.run(rowTasks + sumTasks, [&](std::size_t task, std::size_t) {
    if (task < sumTasks) {
      kernels_.columnSums(parameters_.panel(0, task), kPanelLanes, layer(0).inputs,
                          inputWeightSums_.data() + task * kPanelLanes);
      return;
    }
    const std::size_t first = (task - sumTasks) * kRowsPerTask;
    for (std::size_t i = first; i < std::min(first + kRowsPerTask, rows.size()); ++i) {
      gatherRow(rows[i], activations_[0].row(i));
    }
  });
}

void CpuExecutor::gatherRow(std::uint32_t row, float* out) const {
  const std::size_t columns = job_.dataset->columns();
  if (affineInput()) {
    kernels_.widen(job_.dataset->byteFeatures() + row * columns, columns, out);
  } else {
    std::copy_n(job_.dataset->floatFeatures() + row * columns, columns, out);
  }
}

void CpuExecutor::forward(std::size_t l) {
  Activations& input = activations_[l];
  Activations& output = activations_[l + 1];
  const std::size_t rowTasks = ceilDivide(rows_, kRowsPerTask);
  team_.run(panelCount(layer(l).outputs) * rowTasks, [&](std::size_t task, std::size_t) {
    const std::size_t panel = task / rowTasks;
    const std::size_t first = task % rowTasks * kRowsPerTask;
    const bool affineLayer = l == 0 && affineInput();
    kernels_.forward({
        .product = {.a = input.row(first),
                    .aRow = input.stride(),
                    .aDepth = 1,
                    .b = parameters_.panel(l, panel),
                    .bDepth = kPanelLanes,
                    .rows = std::min(kRowsPerTask, rows_ - first),
                    .depth = layer(l).inputs},
        .bias = parameters_.bias(l, panel),
        .rowSums = affineLayer ? inputWeightSums_.data() + panel * kPanelLanes : nullptr,
        .affine = affine(),
        .relu = l + 1 < layerCount(),
        .out = output.row(first) + panel * kPanelLanes,
        .outRow = output.stride(),
    });
  });
}

void CpuExecutor::collectLogits() {
  for (std::size_t i = 0; i < rows_; ++i) {
    const float* row = activations_.back().row(i);
    logits_.insert(logits_.end(), row, row + job_.model.architecture.classes());
  }
}

void CpuExecutor::objective(std::span<const std::uint32_t> rows) {
  const Objective& objective = job_.objective;
  Activations& logits = activations_.back();
  const std::size_t classes = logits.columns();
  const float scale =
      meanOverBatch_ ? objective.weight / static_cast<float>(rows.size()) : objective.weight;
  team_.run(ceilDivide(rows.size(), kRowsPerTask), [&](std::size_t task, std::size_t worker) {
    const std::size_t first = task * kRowsPerTask;
    const std::size_t count = std::min(kRowsPerTask, rows.size() - first);
    std::uint32_t labels[kRowsPerTask];
    const float* distributions[kRowsPerTask];
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t row = rows[first + i];
      labels[i] = job_.dataset->label(row);
      distributions[i] =
          objective.distributions ? objective.distributions->data() + row * classes : nullptr;
    }
    kernels_.objective({
        .logits = logits.row(first),
        .stride = logits.stride(),
        .rows = count,
        .classes = classes,
        .target = objective.target,
        .labels = labels,
        .removed = objective.removed.data(),
        .distributions = distributions,
        .scratch = scratch_[worker].buffer.data(),
        .scale = scale,
        .losses = losses_.data() + first,
    });
  });
  for (std::size_t i = 0; i < rows.size(); ++i) lossSum_ += static_cast<double>(losses_[i]);
}

/** A layer's weights change only after the gradient has gone through them: one stage later. */
void CpuExecutor::backward() {
  const std::size_t last = layerCount() - 1;
  const auto together = [&](std::size_t countA, auto taskA, std::size_t countB, auto taskB) {
    team_.run(countA + countB, [&](std::size_t task, std::size_t worker) {
      task < countA ? taskA(task, worker) : taskB(task - countA, worker);
    });
  };
  const auto updating = [this](std::size_t l) {
    return [this, l](std::size_t task, std::size_t worker) { update(l, task, worker); };
  };
  const auto backpropagating = [this](std::size_t l) {
    return [this, l](std::size_t task, std::size_t worker) { backpropagate(l, task, worker); };
  };

  for (std::size_t l = last; l > 0; --l) {
    const bool above = l < last && !squaredOperands_;
    together(backpropagateTasks(l), backpropagating(l), above ? updateTasks(l + 1) : 0,
             updating(l + 1));
  }
  if (squaredOperands_) {
    square();
    for (std::size_t l = 0; l <= last; ++l) team_.run(updateTasks(l), updating(l));
  } else {
    together(updateTasks(0), updating(0), last > 0 ? updateTasks(1) : 0, updating(1));
  }
}

std::size_t CpuExecutor::backpropagateTasks(std::size_t l) const {
  return panelCount(layer(l).inputs);
}

void CpuExecutor::backpropagate(std::size_t l, std::size_t panel, std::size_t worker) {
  float* transposed = scratch_[worker].buffer.data();
  parameters_.transposePanel(l, panel, transposed);
  Activations& above = gradient(l);
  Activations& below = gradient(l - 1);
  kernels_.backpropagate({
      .product = {.a = above.data(),
                  .aRow = above.stride(),
                  .aDepth = 1,
                  .b = transposed,
                  .bDepth = kPanelLanes,
                  .rows = rows_,
                  .depth = layer(l).outputs},
      .activations = activations_[l].data() + panel * kPanelLanes,
      .out = below.data() + panel * kPanelLanes,
      .row = below.stride(),
  });
}

void CpuExecutor::square() {
  team_.run(ceilDivide(rows_, kRowsPerTask), [&](std::size_t task, std::size_t) {
    const std::size_t first = task * kRowsPerTask;
    const std::size_t end = std::min(first + kRowsPerTask, rows_);
    constexpr Affine kIdentity{1, 0};
    for (std::size_t l = 0; l < layerCount(); ++l) {
      const Affine input = l == 0 && affineInput() ? affine() : kIdentity;
      for (std::size_t i = first; i < end; ++i) {
        kernels_.affineSquare(activations_[l].row(i), input, layer(l).inputs,
                              squaredActivations_[l].row(i));
        kernels_.affineSquare(gradient(l).row(i), kIdentity, layer(l).outputs,
                              squaredGradients_[l].row(i));
      }
    }
  });
}

std::size_t CpuExecutor::updateTasks(std::size_t l) const {
  return panelCount(layer(l).outputs) * ceilDivide(layer(l).inputs, kInputsPerTask);
}

void CpuExecutor::update(std::size_t l, std::size_t task, std::size_t worker) {
  const std::size_t pieces = ceilDivide(layer(l).inputs, kInputsPerTask);
  const std::size_t panel = task / pieces;
  const std::size_t firstInput = task % pieces * kInputsPerTask;
  Activations& input = squaredOperands_ ? squaredActivations_[l] : activations_[l];
  Activations& output = squaredOperands_ ? squaredGradients_[l] : gradient(l);
  const float* outputPanel = output.data() + panel * kPanelLanes;

  float* biasGradient = scratch_[worker].biasGradient;
  const bool affineLayer = l == 0 && affineInput() && !squaredOperands_;
  if (affineLayer || firstInput == 0) {
    kernels_.columnSums(outputPanel, output.stride(), rows_, biasGradient);
  }
  kernels_.updateWeights({
      .product = {.a = input.data() + firstInput,
                  .aRow = 1,
                  .aDepth = input.stride(),
                  .b = outputPanel,
                  .bDepth = output.stride(),
                  .rows = std::min(kInputsPerTask, layer(l).inputs - firstInput),
                  .depth = rows_},
      .biasGradient = affineLayer ? biasGradient : nullptr,
      .affine = affine(),
      .parameters = parameters_.panel(l, panel) + firstInput * kPanelLanes,
      .state = state_->panel(l, panel) + firstInput * kPanelLanes,
      .update = update_,
  });
  if (firstInput == 0) {
    kernels_.updateBias(biasGradient, parameters_.bias(l, panel), state_->bias(l, panel), update_);
  }
}

double CpuExecutor::takeLoss() { return std::exchange(lossSum_, 0.0); }

bool CpuExecutor::finite() {
  if (!parameters_.finite()) return false;
  if (holds<Logits>(job_.sink)) return allFinite(logits_.data(), logits_.size());
  return result().finite();
}

std::vector<float> CpuExecutor::finish() {
  return holds<Logits>(job_.sink) ? std::move(logits_) : result().unpack();
}

const PackedParameters& CpuExecutor::result() const {
  const bool changesParameters = holds<Sgd>(job_.sink) || holds<ClampedFisher>(job_.sink);
  return changesParameters ? parameters_ : *state_;
}

}  // namespace lethe::cpu
