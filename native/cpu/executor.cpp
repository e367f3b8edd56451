#include "cpu/executor.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "cpu/tasks.h"
#include "lethe/floating_point.h"

namespace lethe::cpu {
namespace {

/** A row is prefetched while this many before it are gathered. */
constexpr std::size_t kPrefetch = 4;

/** Rows of a sparse task: fewer would stream the weights through the cache more often. */
constexpr std::size_t kSparseRowsPerTask = 128;

/** Sparser batches skip zeros: a nonzero costs about twice as much in a sparse product. */
constexpr double kSparseDensity = 0.45;

/** The most nonzeros of a batch that are listed: 2 GiB by row, and as much by column. */
constexpr std::size_t kMaxNonzeros = std::size_t{1} << 28;

}  // namespace

CpuExecutor::CpuExecutor(const Job& job, const Kernels& kernels, std::size_t threads)
    : job_(job),
      kernels_(kernels),
      team_(threads),
      traits_(sinkTraits(job_.sink)),
      update_(updateFor(job_.sink, 0, job_.plan.steps())),
      parameters_(job.model.architecture, *job.model.parameters),
      sparse_(kernels),
      scratch_(team_.size()),
      losses_(job.maxBatch()) {
  const Architecture& architecture = job_.model.architecture;
  if (traits_.backward == Backward::kUpdate) {
    traits_.initialState ? state_.emplace(architecture, *traits_.initialState)
                         : state_.emplace(architecture);
  } else if (traits_.backward == Backward::kOuterProducts) {
    for (const Layer& layer : architecture.layers()) factors_.emplace_back(layer, job.maxBatch());
  }
  const std::uint64_t rows =
      std::min<std::uint64_t>(job.plan.steps() * job.maxBatch(), job.plan.rowsPerEpoch());
  rowValues_.reserve(rows * traits_.valuesPerRow(architecture.classes()));
  std::size_t widest = 0;
  for (const std::uint32_t width : architecture.widths()) {
    activations_.emplace_back(job.maxBatch(), width);
    widest = std::max<std::size_t>(widest, width);
  }
  if (traits_.goesBackward()) {
    for (std::size_t l = 0; l + 1 < layerCount(); ++l) {
      gradients_.emplace_back(job.maxBatch(), layer(l).outputs);
    }
  }
  if (traits_.squaresRows) {
    for (std::size_t l = 0; l < layerCount(); ++l) {
      squaredActivations_.emplace_back(job.maxBatch(), layer(l).inputs);
      squaredGradients_.emplace_back(job.maxBatch(), layer(l).outputs);
    }
  }
  if (traits_.inputScaling) inputOffsets_ = offsetsFrom(*traits_.inputScaling, job.dataset->map());
  // Computed even if this data set has no affine map, because one set later may have.
  weightSums_ = AlignedBuffer(panelCount(layer(0).outputs) * inputPieces(0) * kPanelLanes);
  for (std::size_t panel = 0; panel < panelCount(layer(0).outputs); ++panel) {
    for (std::size_t piece = 0; piece < inputPieces(0); ++piece) sumWeights(panel, piece);
  }
  const auto objectiveScratch = 2 * static_cast<std::size_t>(activations_.back().stride());
  for (Scratch& scratch : scratch_) {
    scratch.buffer = AlignedBuffer(std::max(widest * kPanelLanes, objectiveScratch));
    if (job.maxBatch() > kDepthBlock) {
      scratch.unfinished = AlignedBuffer(kUpdatePanels * kInputsPerTask * kPanelLanes);
    }
  }
}

void CpuExecutor::step(std::span<const std::uint32_t> rows) {
  rows_ = rows.size();
  isSparse_ = !traits_.squaresRows && manyZeros(rows);
  update_ = updateFor(job_.sink, steps_++, job_.plan.steps());
  gather(rows);
  for (std::size_t l = 0; l < layerCount(); ++l) l == 0 && isSparse_ ? forwardSparse() : forward(l);
  if (traits_.rowValues == RowValues::kLogits) return collectLogits();
  if (traits_.rowValues == RowValues::kLossAndHit) return collectLossesAndHits(rows);
  objective(rows);
  if (traits_.backward == Backward::kOuterProducts) return collectFactors(rows);
  if (job_.plan.hardest) keepHardest(rows);
  backward();
}

bool CpuExecutor::manyZeros(std::span<const std::uint32_t> rows) const {
  std::size_t nonzeros = 0;
  for (const std::uint32_t row : rows) nonzeros += job_.dataset->nonzeros(row);
  const auto values = static_cast<double>(rows.size() * job_.dataset->columns());
  return nonzeros <= kMaxNonzeros && static_cast<double>(nonzeros) < kSparseDensity * values;
}

void CpuExecutor::gather(std::span<const std::uint32_t> rows) {
  if (isSparse_) sparse_.begin(*job_.dataset, rows);
  const std::size_t tasks = ceilDivide(rows.size(), kRowsPerTask);
  run(Stage::kGather, 0, tasks, 0, [&](std::size_t task, std::size_t) {
    const std::size_t first = task * kRowsPerTask;
    for (std::size_t i = first; i < std::min(first + kRowsPerTask, rows.size()); ++i) {
      if (i + kPrefetch < rows.size()) prefetchRow(rows[i + kPrefetch]);
      isSparse_ ? sparse_.addRow(i) : gatherRow(rows[i], activations_[0].row(i));
    }
  });
}

/** Rows come in random order, so without a prefetch each would wait for the memory. */
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
  if (const std::uint8_t* bytes = job_.dataset->byteFeatures()) {
    kernels_.widen(bytes + row * columns, columns, out);
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
  const float* weights = parameters_.panel(0, panel) + first * kPanelLanes;
  const std::size_t inputs = std::min(kInputsPerTask, layer(0).inputs - first);
  if (inputOffsets_.empty()) {
    kernels_.columnSums(weights, kPanelLanes, inputs, pieceSums(panel, piece));
  } else {
    kernels_.columnDots(weights, kPanelLanes, inputs, &inputOffsets_[first],
                        pieceSums(panel, piece));
  }
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
  PaddedRows& input = activations_[l];
  PaddedRows& output = activations_[l + 1];
  const std::size_t panels = panelCount(layer(l).outputs);
  const std::size_t panelsPerTask = rows_ <= kFewRows ? kFewRowsPanels : 1;
  const std::size_t rowTasks = ceilDivide(rows_, kRowsPerTask);
  const std::size_t tasks = ceilDivide(panels, panelsPerTask) * rowTasks;
  run(Stage::kForward, l, tasks, 0, [&](std::size_t task, std::size_t worker) {
    const std::size_t panel = task / rowTasks * panelsPerTask;
    const std::size_t first = task % rowTasks * kRowsPerTask;
    const std::size_t taskPanels = std::min(panelsPerTask, panels - panel);
    kernels_.forward({
        .product = {.a = input.row(first),
                    .aRow = input.stride(),
                    .aDepth = 1,
                    .b = parameters_.panel(l, panel),
                    .bDepth = kPanelLanes,
                    .rows = std::min(kRowsPerTask, rows_ - first),
                    .depth = layer(l).inputs},
        .panels = taskPanels,
        .panelStride = parameters_.panelStride(l),
        .epilogue = layerEpilogue(l, panel, taskPanels, worker),
        .out = output.row(first) + panel * kPanelLanes,
        .outRow = output.stride(),
    });
  });
}

/** Computes the first layer and, beside it, sorts the batch by column for the backward pass. */
void CpuExecutor::forwardSparse() {
  PaddedRows& output = activations_[1];
  const std::size_t panels = panelCount(layer(0).outputs);
  const std::size_t rowTasks = ceilDivide(rows_, kSparseRowsPerTask);
  const std::size_t products = ceilDivide(panels, kSparsePanels) * rowTasks;
  // If the batch shrinks to its hardest rows, only these are sorted, later.
  const bool columnsWanted = state_ && !job_.plan.hardest;
  const std::size_t columnTasks = columnsWanted ? sparse_.blocks() : 0;
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
    rowValues_.insert(rowValues_.end(), row, row + job_.model.architecture.classes());
  }
}

void CpuExecutor::collectLossesAndHits(std::span<const std::uint32_t> rows) {
  const std::size_t first = rowValues_.size();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const float* row = activations_.back().row(i);
    const float* best = std::max_element(row, row + job_.model.architecture.classes());
    const bool isCorrect = best - row == job_.dataset->label(rows[i]);
    rowValues_.insert(rowValues_.end(), {0, isCorrect ? 1.0f : 0.0f});
  }
  objective(rows);
  for (std::size_t i = 0; i < rows.size(); ++i) rowValues_[first + 2 * i] = losses_[i];
}

void CpuExecutor::objective(std::span<const std::uint32_t> rows) {
  const Objective& objective = job_.objective;
  PaddedRows& logits = activations_.back();
  const std::size_t classes = logits.columns();
  const auto kept = static_cast<float>(job_.plan.keptRows(rows.size()));
  const float scale = traits_.averagesBatch ? objective.weight / kept : objective.weight;
  const std::size_t tasks = ceilDivide(rows.size(), kRowsPerTask);
  run(Stage::kObjective, layerCount(), tasks, 0, [&](std::size_t task, std::size_t worker) {
    const std::size_t first = task * kRowsPerTask;
    const std::size_t count = std::min(kRowsPerTask, rows.size() - first);
    std::uint32_t labels[kRowsPerTask];
    const float* distributions[kRowsPerTask];
    float rowWeights[kRowsPerTask];
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t row = rows[first + i];
      labels[i] = job_.dataset->label(row);
      distributions[i] =
          objective.distributions ? objective.distributions->data() + row * classes : nullptr;
      rowWeights[i] = objective.rowWeights ? (*objective.rowWeights)[row] : 1;
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
        .rowWeights = objective.rowWeights ? rowWeights : nullptr,
        .losses = losses_.data() + first,
    });
  });
  for (std::size_t i = 0; i < rows.size(); ++i) lossSum_ += static_cast<double>(losses_[i]);
}

/**
 * Shrinks the batch to the rows of the largest loss, in the order that they had. A row's
 * activations depend on no other row, so they are only moved.
 */
void CpuExecutor::keepHardest(std::span<const std::uint32_t> rows) {
  hardest_.resize(rows.size());
  std::iota(hardest_.begin(), hardest_.end(), 0u);
  // A loss of NaN counts as the hardest, so that the run ends with kDiverged.
  const auto key = [&](std::uint32_t i) {
    return std::isnan(losses_[i]) ? std::numeric_limits<float>::infinity() : losses_[i];
  };
  const auto kept = hardest_.begin() + static_cast<std::ptrdiff_t>(job_.plan.keptRows(rows.size()));
  std::nth_element(hardest_.begin(), kept, hardest_.end(), [&](std::uint32_t a, std::uint32_t b) {
    return key(a) != key(b) ? key(a) > key(b) : a < b;
  });
  hardest_.erase(kept, hardest_.end());
  std::sort(hardest_.begin(), hardest_.end());
  rows_ = hardest_.size();

  keptRows_.clear();
  for (const std::uint32_t i : hardest_) keptRows_.push_back(rows[i]);
  if (isSparse_) {
    gather(keptRows_);
    run(Stage::kSelect, 0, sparse_.blocks(), 0,
        [&](std::size_t block, std::size_t) { sparse_.addColumns(block); });
  }
  const std::size_t first = isSparse_ ? 1 : 0;
  run(Stage::kSelect, 0, activations_.size() - first, 0, [&](std::size_t task, std::size_t) {
    PaddedRows& activations = activations_[first + task];
    for (std::size_t to = 0; to < hardest_.size(); ++to) {
      const float* from = activations.row(hardest_[to]);
      std::copy_n(from, activations.columns(), activations.row(to));
    }
  });
}

std::size_t CpuExecutor::forwardBytes() const {
  std::size_t bytes = parameters_.bytes() + weightSums_.bytes();
  for (const PaddedRows& rows : activations_) bytes += rows.bytes();
  for (const Scratch& scratch : scratch_) bytes += scratch.buffer.bytes();
  return bytes;
}

double CpuExecutor::takeLoss() { return std::exchange(lossSum_, 0.0); }

bool CpuExecutor::finite() {
  if (!parameters_.finite()) return false;
  switch (traits_.backward) {
    case Backward::kNone:
      return allFinite(rowValues_.data(), rowValues_.size());
    case Backward::kUpdate:
      return result().finite();
    case Backward::kOuterProducts:
      return std::all_of(factors_.begin(), factors_.end(), [](const LayerFactors& factors) {
        return factors.inputs.finite() && factors.gradients.finite();
      });
  }
  return false;
}

std::vector<float> CpuExecutor::finish() {
  switch (traits_.backward) {
    case Backward::kNone:
      return std::move(rowValues_);
    case Backward::kUpdate:
      return result().unpack();
    case Backward::kOuterProducts:
      return finishFactors();
  }
  return {};
}

const PackedParameters& CpuExecutor::result() const {
  return traits_.changesParameters ? parameters_ : *state_;
}

}  // namespace lethe::cpu
