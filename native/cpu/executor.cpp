#include "executor.h"

#include <algorithm>
#include <utility>

namespace lethe::cpu {
namespace {

constexpr std::size_t kPrefetch = 4;  ///< rows ahead

/** Small enough to balance a few threads, large enough to amortize streaming a panel. */
constexpr std::size_t kRowsPerTask = 64;

/**
 * The same for the inputs of an update. It is also the piece of the determinism contract whose
 * weights are summed while they are in the cache: a sum over all inputs adds those of the pieces.
 */
constexpr std::size_t kInputsPerTask = 256;

/** Sparse products of fewer rows would stream the weights through the cache more often. */
constexpr std::size_t kSparseRowsPerTask = 128;

/** A nonzero costs about twice as much in a sparse product as in a dense one. */
constexpr double kSparseDensity = 0.45;

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
      sparse_(*job.dataset, kernels),
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
  if (affineInput()) {
    weightSums_ = AlignedBuffer(panelCount(layer(0).outputs) * inputPieces(0) * kPanelLanes);
    for (std::size_t panel = 0; panel < panelCount(layer(0).outputs); ++panel) {
      for (std::size_t piece = 0; piece < inputPieces(0); ++piece) sumWeights(panel, piece);
    }
  }
  const auto objectiveScratch = 2 * static_cast<std::size_t>(activations_.back().stride());
  for (Scratch& scratch : scratch_) {
    scratch.buffer = AlignedBuffer(std::max(widest * kPanelLanes, objectiveScratch));
  }
}

void CpuExecutor::step(std::span<const std::uint32_t> rows) {
  rows_ = rows.size();
  isSparse_ = !squaredOperands_ && manyZeros(rows);
  gather(rows);
  for (std::size_t l = 0; l < layerCount(); ++l) l == 0 && isSparse_ ? forwardSparse() : forward(l);
  if (holds<Logits>(job_.sink)) return collectLogits();
  objective(rows);
  backward();
}

bool CpuExecutor::manyZeros(std::span<const std::uint32_t> rows) const {
  std::size_t nonzeros = 0;
  for (const std::uint32_t row : rows) nonzeros += job_.dataset->nonzeros(row);
  const auto values = static_cast<double>(rows.size() * job_.dataset->columns());
  return static_cast<double>(nonzeros) < kSparseDensity * values;
}

void CpuExecutor::gather(std::span<const std::uint32_t> rows) {
  if (isSparse_) sparse_.begin(rows);
  const std::size_t tasks = ceilDivide(rows.size(), kRowsPerTask);
  run(Stage::kGather, 0, tasks, 0, [&](std::size_t task, std::size_t) {
    const std::size_t first = task * kRowsPerTask;
    for (std::size_t i = first; i < std::min(first + kRowsPerTask, rows.size()); ++i) {
      if (i + kPrefetch < rows.size()) prefetchRow(rows[i + kPrefetch]);
      isSparse_ ? sparse_.addRow(i) : gatherRow(rows[i], activations_[0].row(i));
    }
  });
}

/** Rows come in random order: unasked, each would wait for the memory. */
void CpuExecutor::prefetchRow(std::uint32_t row) const {
  constexpr std::size_t kCacheLine = 64;
  const std::size_t columns = job_.dataset->columns();
  const auto* bytes = job_.dataset->byteFeatures();
  const auto* floats = job_.dataset->floatFeatures();
  const char* begin = bytes ? reinterpret_cast<const char*>(bytes + row * columns)
                            : reinterpret_cast<const char*>(floats + row * columns);
  const std::size_t size = columns * (bytes ? sizeof *bytes : sizeof *floats);
  for (std::size_t at = 0; at < size; at += kCacheLine) __builtin_prefetch(begin + at);
}

void CpuExecutor::gatherRow(std::uint32_t row, float* out) const {
  const std::size_t columns = job_.dataset->columns();
  if (affineInput()) {
    kernels_.widen(job_.dataset->byteFeatures() + row * columns, columns, out);
  } else {
    std::copy_n(job_.dataset->floatFeatures() + row * columns, columns, out);
  }
}

std::size_t CpuExecutor::inputPieces(std::size_t l) const {
  return ceilDivide(layer(l).inputs, kInputsPerTask);
}

float* CpuExecutor::pieceSums(std::size_t panel, std::size_t piece) {
  return weightSums_.data() + (panel * inputPieces(0) + piece) * kPanelLanes;
}

void CpuExecutor::sumWeights(std::size_t panel, std::size_t piece) {
  const std::size_t first = piece * kInputsPerTask;
  kernels_.columnSums(parameters_.panel(0, panel) + first * kPanelLanes, kPanelLanes,
                      std::min(kInputsPerTask, layer(0).inputs - first), pieceSums(panel, piece));
}

LayerEpilogue CpuExecutor::layerEpilogue(std::size_t l, std::size_t panel, std::size_t panels,
                                         std::size_t worker) {
  float* weightSums = l == 0 && affineInput() ? scratch_[worker].weightSums : nullptr;
  for (std::size_t p = 0; weightSums && p < panels; ++p) {
    kernels_.columnSums(pieceSums(panel + p, 0), kPanelLanes, inputPieces(0),
                        weightSums + p * kPanelLanes);
  }
  return {
      .bias = parameters_.bias(l, panel),
      .weightSums = weightSums,
      .affine = affine(),
      .relu = l + 1 < layerCount(),
  };
}

void CpuExecutor::forward(std::size_t l) {
  Activations& input = activations_[l];
  Activations& output = activations_[l + 1];
  const std::size_t rowTasks = ceilDivide(rows_, kRowsPerTask);
  const std::size_t tasks = panelCount(layer(l).outputs) * rowTasks;
  run(Stage::kForward, l, tasks, 0, [&](std::size_t task, std::size_t worker) {
    const std::size_t panel = task / rowTasks;
    const std::size_t first = task % rowTasks * kRowsPerTask;
    kernels_.forward({
        .product = {.a = input.row(first),
                    .aRow = input.stride(),
                    .aDepth = 1,
                    .b = parameters_.panel(l, panel),
                    .bDepth = kPanelLanes,
                    .rows = std::min(kRowsPerTask, rows_ - first),
                    .depth = layer(l).inputs},
        .epilogue = layerEpilogue(l, panel, 1, worker),
        .out = output.row(first) + panel * kPanelLanes,
        .outRow = output.stride(),
    });
  });
}

/** The first layer; beside it, the batch is sorted by column for the way back. */
void CpuExecutor::forwardSparse() {
  Activations& output = activations_[1];
  const std::size_t panels = panelCount(layer(0).outputs);
  const std::size_t rowTasks = ceilDivide(rows_, kSparseRowsPerTask);
  const std::size_t products = ceilDivide(panels, kSparsePanels) * rowTasks;
  const std::size_t columnTasks = holds<Logits>(job_.sink) ? 0 : sparse_.blocks();
  run(Stage::kForward, 0, products, columnTasks, [&](std::size_t task, std::size_t worker) {
    if (task >= products) return sparse_.addColumns(task - products);
    const std::size_t panel = task / rowTasks * kSparsePanels;
    const std::size_t first = task % rowTasks * kSparseRowsPerTask;
    const std::size_t taskPanels = std::min(kSparsePanels, panels - panel);
    kernels_.forwardSparse({
        .input = sparse_.rows(first, std::min(kSparseRowsPerTask, rows_ - first)),
        .weights = parameters_.panel(0, panel),
        .panelStride = parameters_.panelStride(0),
        .panels = taskPanels,
        .epilogue = layerEpilogue(0, panel, taskPanels, worker),
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
  const std::size_t tasks = ceilDivide(rows.size(), kRowsPerTask);
  run(Stage::kObjective, layerCount(), tasks, 0, [&](std::size_t task, std::size_t worker) {
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
  const auto updateBeside = [&](std::size_t l, Stage stage, std::size_t tasks, const auto& beside) {
    const std::size_t updates = l <= last && !squaredOperands_ ? updateTasks(l) : 0;
    run(stage, l - 1, tasks, updates, [&](std::size_t task, std::size_t worker) {
      task < tasks ? beside(task, worker) : update(l, task - tasks, worker);
    });
  };

  for (std::size_t l = last; l > 0; --l) {
    updateBeside(l + 1, Stage::kBackpropagate, backpropagateTasks(l),
                 [&](std::size_t task, std::size_t worker) { backpropagate(l, task, worker); });
  }
  if (squaredOperands_) square();
  updateBeside(1, Stage::kUpdate, updateTasks(0),
               [&](std::size_t task, std::size_t worker) { update(0, task, worker); });
  if (!squaredOperands_) return;
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
  const std::size_t panels = panelCount(layer(l).outputs);
  const bool sparse = l == 0 && isSparse_;
  return (sparse ? ceilDivide(panels, kSparsePanels) : panels) * inputPieces(l);
}

WeightEpilogue CpuExecutor::weightEpilogue(std::size_t l, std::size_t panel, std::size_t firstInput,
                                           const float* biasGradient) {
  const bool affineLayer = l == 0 && affineInput() && !squaredOperands_;
  return {
      .biasGradient = affineLayer ? biasGradient : nullptr,
      .affine = affine(),
      .parameters = parameters_.panel(l, panel) + firstInput * kPanelLanes,
      .state = state_->panel(l, panel) + firstInput * kPanelLanes,
      .update = update_,
  };
}

void CpuExecutor::update(std::size_t l, std::size_t task, std::size_t worker) {
  const bool sparse = l == 0 && isSparse_;
  const std::size_t taskPanels = sparse ? kSparsePanels : 1;
  const std::size_t pieces = inputPieces(l);
  const std::size_t panel = task / pieces * taskPanels;
  const std::size_t panels = std::min(taskPanels, panelCount(layer(l).outputs) - panel);
  const std::size_t firstInput = task % pieces * kInputsPerTask;
  const std::size_t inputs = std::min(kInputsPerTask, layer(l).inputs - firstInput);
  Activations& output = squaredOperands_ ? squaredGradients_[l] : gradient(l);
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
    Activations& input = squaredOperands_ ? squaredActivations_[l] : activations_[l];
    kernels_.updateWeights({
        .product = {.a = input.data() + firstInput,
                    .aRow = 1,
                    .aDepth = input.stride(),
                    .b = outputPanel,
                    .bDepth = output.stride(),
                    .rows = inputs,
                    .depth = rows_},
        .epilogue = epilogue,
    });
  }
  for (std::size_t p = 0; l == 0 && affineInput() && p < panels; ++p) {
    sumWeights(panel + p, task % pieces);
  }
  if (firstInput > 0) return;
  for (std::size_t p = 0; p < panels; ++p) {
    kernels_.updateBias(biasGradient + p * kPanelLanes, parameters_.bias(l, panel + p),
                        state_->bias(l, panel + p), update_);
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
