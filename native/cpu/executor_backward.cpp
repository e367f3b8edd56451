#include <algorithm>
#include <utility>

#include "cpu/executor.h"
#include "cpu/tasks.h"

/** The backward pass: gradients go through the layers, those of the weights into the sink's rule.
 */
namespace lethe::cpu {
namespace {

/** More than one, so that the other threads can take tasks from one that is slowed down. */
constexpr std::size_t kTasksPerThread = 4;

/**
 * Orders the tasks of an update, so that a piece of the inputs stays in the cache while a few units
 * take turns on it, before they go on to the next piece. A unit is the panels of one task.
 */
std::pair<std::size_t, std::size_t> unitAndPiece(std::size_t task, std::size_t units,
                                                 std::size_t pieces) {
  constexpr std::size_t kTurns = 8;
  const std::size_t first = task / (kTurns * pieces) * kTurns;
  const std::size_t turns = std::min(kTurns, units - first);
  const std::size_t within = task - first * pieces;
  return {first + within % turns, within / turns};
}

}  // namespace

/** A layer's weights change one stage later, after the gradient has gone through them. */
void CpuExecutor::backward() {
  const std::size_t last = layerCount() - 1;
  const auto updateBeside = [&](std::size_t l, Stage stage, std::size_t tasks, const auto& beside) {
    const std::size_t updates = l <= last && !traits_.squaresRows ? updateTasks(l) : 0;
    run(stage, l - 1, tasks, updates, [&](std::size_t task, std::size_t worker) {
      task < tasks ? beside(task, worker) : update(l, task - tasks, worker);
    });
  };

  for (std::size_t l = last; l > 0; --l) {
    updateBeside(l + 1, Stage::kBackpropagate, backpropagateTasks(l),
                 [&](std::size_t task, std::size_t worker) { backpropagate(l, task, worker); });
  }
  if (traits_.squaresRows) square();
  updateBeside(1, Stage::kUpdate, updateTasks(0),
               [&](std::size_t task, std::size_t worker) { update(0, task, worker); });
  if (!traits_.squaresRows) return;
  for (std::size_t l = 1; l <= last; ++l) {
    run(Stage::kUpdate, l, updateTasks(l), 0,
        [&](std::size_t task, std::size_t worker) { update(l, task, worker); });
  }
}

std::size_t CpuExecutor::backpropagateTasks(std::size_t l) const {
  return panelCount(layer(l).inputs);
}

void CpuExecutor::backpropagate(std::size_t l, std::size_t panel, std::size_t worker) {
  float* transposed = scratch_[worker].buffer.data();
  parameters_.transposePanel(l, panel, transposed);
  PaddedRows& above = gradient(l);
  PaddedRows& below = gradient(l - 1);
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
  run(Stage::kUpdate, 0, ceilDivide(rows_, kRowsPerTask), 0, [&](std::size_t task, std::size_t) {
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
  return ceilDivide(panelCount(layer(l).outputs), updatePanels(l)) * inputPieces(l);
}

/**
 * The inputs of a large batch do not stay in the cache from one panel to the next. So a task takes
 * some panels at once, but leaves enough tasks for every thread.
 */
std::size_t CpuExecutor::updatePanels(std::size_t l) const {
  if (l == 0 && isSparse_) return kSparsePanels;
  if (rows_ <= kDepthBlock) return 1;
  const std::size_t tasks = panelCount(layer(l).outputs) * inputPieces(l);
  return std::clamp<std::size_t>(tasks / (kTasksPerThread * team_.size()), 1, kUpdatePanels);
}

WeightEpilogue CpuExecutor::weightEpilogue(std::size_t l, std::size_t panel, std::size_t firstInput,
                                           const float* biasGradient) {
  const bool affineLayer = l == 0 && affineInput() && !traits_.squaresRows;
  const bool scaled = l == 0 && traits_.inputScaling;
  return {
      .biasGradient = affineLayer ? biasGradient : nullptr,
      .affine = affine(),
      .offsets = scaled ? &inputOffsets_[firstInput] : nullptr,
      .rates = scaled ? &traits_.inputScaling->rates[firstInput] : nullptr,
      .parameters = parameters_.panel(l, panel) + firstInput * kPanelLanes,
      .state = state_->panel(l, panel) + firstInput * kPanelLanes,
      .update = update_,
  };
}

void CpuExecutor::update(std::size_t l, std::size_t task, std::size_t worker) {
  const bool sparse = l == 0 && isSparse_;
  const std::size_t taskPanels = updatePanels(l);
  const std::size_t units = ceilDivide(panelCount(layer(l).outputs), taskPanels);
  const auto [unit, piece] = unitAndPiece(task, units, inputPieces(l));
  const std::size_t panel = unit * taskPanels;
  const std::size_t panels = std::min(taskPanels, panelCount(layer(l).outputs) - panel);
  const std::size_t firstInput = piece * kInputsPerTask;
  const std::size_t inputs = std::min(kInputsPerTask, layer(l).inputs - firstInput);
  PaddedRows& output = traits_.squaresRows ? squaredGradients_[l] : gradient(l);
  const float* outputPanel = output.data() + panel * kPanelLanes;

  float* biasGradient = scratch_[worker].biasGradient;
  for (std::size_t p = 0; p < panels; ++p) {
    kernels_.columnSums(outputPanel + p * kPanelLanes, output.stride(), rows_,
                        biasGradient + p * kPanelLanes);
  }
  const WeightEpilogue epilogue = weightEpilogue(l, panel, firstInput, biasGradient);
  if (sparse) {
    kernels_.updateWeightsSparse({
        .input = sparse_.columns(firstInput, inputs),
        .gradients = outputPanel,
        .gradientRow = output.stride(),
        .panelStride = parameters_.panelStride(0),
        .panels = panels,
        .epilogue = epilogue,
    });
  } else {
    PaddedRows& input = traits_.squaresRows ? squaredActivations_[l] : activations_[l];
    kernels_.updateWeights({
        .product = {.a = input.data() + firstInput,
                    .aRow = 1,
                    .aDepth = input.stride(),
                    .b = outputPanel,
                    .bDepth = output.stride(),
                    .rows = inputs,
                    .depth = rows_},
        .panels = panels,
        .panelStride = parameters_.panelStride(l),
        .unfinished = scratch_[worker].unfinished.data(),
        .epilogue = epilogue,
    });
  }
  for (std::size_t p = 0; l == 0 && affineInput() && p < panels; ++p) {
    sumWeights(panel + p, piece);
  }
  if (firstInput > 0) return;
  for (std::size_t p = 0; p < panels; ++p) {
    kernels_.updateBias(biasGradient + p * kPanelLanes, parameters_.bias(l, panel + p),
                        state_->bias(l, panel + p), update_);
  }
}

}  // namespace lethe::cpu
