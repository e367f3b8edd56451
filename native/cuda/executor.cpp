#include "executor.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "ceil_divide.h"
#include "lethe/floating_point.h"

namespace lethe::cuda {
namespace {

/** Operations that reach a whole device as one piece, but at least a step: a few milliseconds. */
constexpr double kQueuedOperations = 4e10;
constexpr std::size_t kMaxQueuedSteps = 256;
constexpr std::size_t kMaxQueuedValues = std::size_t{1} << 24;

template <class T>
bool holds(const Sink& sink) {
  return std::holds_alternative<T>(sink);
}

bool sumsRowSquares(const Sink& sink) {
  const auto* squared = std::get_if<SquaredGradient>(&sink);
  return squared && squared->mode == FisherMode::kPerRow;
}

Update updateFor(const Sink& sink) {
  using arithmetic::UpdateKind;
  if (const auto* sgd = std::get_if<Sgd>(&sink)) {
    return {.kind = UpdateKind::kSgd,
            .momentum = sgd->momentum,
            .weightDecay = sgd->weightDecay,
            .nesterov = sgd->nesterov};
  }
  if (const auto* scrub = std::get_if<ClampedFisher>(&sink)) {
    return {.kind = UpdateKind::kClampedFisher,
            .learningRate = scrub->learningRate,
            .alpha = scrub->alpha,
            .clamp = scrub->clamp};
  }
  const bool squareOfMean = holds<SquaredGradient>(sink) && !sumsRowSquares(sink);
  return {squareOfMean ? UpdateKind::kAccumulateSquare : UpdateKind::kAccumulate};
}

/** What is collected of each row. */
std::size_t valueWidthFor(const Job& job) {
  if (holds<Logits>(job.sink)) return job.model.architecture.classes();
  return holds<RowLosses>(job.sink) ? 2 : 0;
}

std::size_t queuedStepsFor(const Job& job, std::size_t valueWidth, std::size_t concurrentRuns) {
  const double operations = 6.0 * static_cast<double>(job.maxBatch()) *
                            static_cast<double>(job.model.architecture.parameterCount()) *
                            static_cast<double>(concurrentRuns);
  const auto byWork = static_cast<std::size_t>(kQueuedOperations / operations);
  const std::size_t byMemory =
      kMaxQueuedValues / (job.maxBatch() * std::max<std::size_t>(1, valueWidth));
  const auto steps =
      static_cast<std::size_t>(std::min<std::uint64_t>(job.plan.steps(), job.plan.stepsPerEpoch()));
  return std::max<std::size_t>(1, std::min({byWork, byMemory, steps, kMaxQueuedSteps}));
}

template <class T>
Buffer<T> uploadedOrEmpty(Device& device, Stream& stream, const std::vector<T>* values) {
  return values ? uploaded<T>(device, stream, *values) : Buffer<T>();
}

}  // namespace

CudaExecutor::CudaExecutor(const Job& job, Device& device,
                           std::shared_ptr<const DeviceDataset> dataset, const CudaOptions& options)
    : job_(job),
      device_(device),
      dataset_(std::move(dataset)),
      kernels_(device.kernels()),
      stream_(device.openStream()),
      layout_(job.model.architecture),
      precision_(options.precision),
      update_(updateFor(job.sink)),
      meanOverBatch_(!holds<Gradient>(job.sink) && !sumsRowSquares(job.sink) &&
                     !holds<KroneckerFactors>(job.sink)),
      squaredOperands_(sumsRowSquares(job.sink)),
      valueWidth_(valueWidthFor(job)) {
  const Objective& objective = job_.objective;
  const std::size_t batch = job_.maxBatch();
  maxQueued_ = queuedStepsFor(job_, valueWidth_, options.concurrentRuns);
  const bool persists = PersistentRun::isChosen(job_, layout_, device_, options);

  std::vector<float> packed(layout_.size());
  layout_.pack(*job_.model.parameters, packed.data());
  parameters_ = uploaded<float>(device_, *stream_, packed);
  stream_->wait();
  if (const auto* scrub = std::get_if<ClampedFisher>(&job_.sink)) {
    layout_.pack(*scrub->fisher, packed.data());
    state_ = uploaded<float>(device_, *stream_, packed);
    stream_->wait();
  } else if (holds<KroneckerFactors>(job_.sink)) {
    for (std::size_t l = 0; l < layerCount(); ++l) {
      factors_.push_back({Matrix(device_, *stream_, layer(l).inputs + 1, layer(l).inputs + 1),
                          Matrix(device_, *stream_, layer(l).outputs, layer(l).outputs)});
    }
  } else if (!forwardOnly(job_.sink)) {
    state_ = Buffer<float>(device_, layout_.size());
    stream_->clear(state_.data(), state_.bytes());
  }
  for (std::size_t l = 0; l < layerCount(); ++l) {
    activations_.emplace_back(device_, *stream_, batch, layer(l).outputs);
    if (job_.plan.hardest) kept_.emplace_back(device_, *stream_, batch, layer(l).outputs);
    if (!forwardOnly(job_.sink) && l + 1 < layerCount()) {
      gradients_.emplace_back(device_, *stream_, batch, layer(l).outputs);
    }
  }
  if (affineInput()) {
    pieceSums_ =
        Buffer<float>(device_, layer(0).outputs * ceilDivide(layer(0).inputs, kPieceInputs));
    sumPieces();
  }
  scratch_ = Buffer<float>(device_, batch * 2 * activations_.back().stride);
  if (objective.target == Target::kMasked) {
    removed_ = uploaded<std::uint8_t>(device_, *stream_, objective.removed);
  }
  if (objective.target == Target::kExplicit) {
    distributions_ = uploadedOrEmpty(device_, *stream_, objective.distributions.get());
  }
  rowWeights_ = uploadedOrEmpty(device_, *stream_, objective.rowWeights.get());
  if (job_.plan.hardest) {
    isKept_ = Buffer<std::uint32_t>(device_, batch);
    places_ = Buffer<std::uint32_t>(device_, batch);
    keptRows_ = Buffer<std::uint32_t>(device_, batch);
  }
  isBad_ = Buffer<std::uint32_t>(device_, 1);
  hostRecords_ = PinnedBuffer<StepRecord>(device_, maxQueued_);
  hostOrder_ = PinnedBuffer<std::uint32_t>(device_, maxQueued_ * batch);
  hostLosses_ = PinnedBuffer<float>(device_, maxQueued_ * batch);
  hostValues_ = PinnedBuffer<float>(device_, maxQueued_ * batch * valueWidth_);
  records_ = Buffer<StepRecord>(device_, maxQueued_);
  order_ = Buffer<std::uint32_t>(device_, maxQueued_ * batch);
  losses_ = Buffer<float>(device_, maxQueued_ * batch);
  values_ = Buffer<float>(device_, maxQueued_ * batch * valueWidth_);
  // Short batches leave a part of them as it is.
  stream_->clear(losses_.data(), losses_.bytes());
  stream_->clear(values_.data(), values_.bytes());
  if (persists) persistent_.emplace(job_, layout_, device_, *stream_, options);
  stream_->wait();
}

CudaExecutor::~CudaExecutor() {
  try {
    stream_->wait();
  } catch (const Error&) {
    // A lost device has told so before; what is left is to let go of its memory.
  }
}

void CudaExecutor::step(std::span<const std::uint32_t> rows) {
  const auto kept = static_cast<std::uint32_t>(job_.plan.keptRows(rows.size()));
  StepRecord record{static_cast<std::uint32_t>(queuedRows_.size()),
                    static_cast<std::uint32_t>(rows.size()), kept, 0, job_.objective.weight};
  if (meanOverBatch_) record.scale /= static_cast<float>(kept);
  if (const auto* sgd = std::get_if<Sgd>(&job_.sink)) {
    record.learningRate = sgd->learningRate.at(steps_, job_.plan.steps());
  }
  ++steps_;
  queued_.push_back(record);
  queuedRows_.insert(queuedRows_.end(), rows.begin(), rows.end());
  if (queued_.size() == maxQueued_) flush();
}

/** Hands the queued steps to the device. */
void CudaExecutor::flush() {
  harvest();
  if (queued_.empty()) return;
  std::copy(queued_.begin(), queued_.end(), hostRecords_.data());
  std::copy(queuedRows_.begin(), queuedRows_.end(), hostOrder_.data());
  stream_->upload(records_.data(), hostRecords_.data(), queued_.size() * sizeof(StepRecord));
  stream_->upload(order_.data(), hostOrder_.data(), queuedRows_.size() * sizeof(std::uint32_t));
  launchSteps(queued_.size());
  const std::size_t rows = queued_.size() * job_.maxBatch();
  if (!holds<Logits>(job_.sink)) {
    stream_->download(hostLosses_.data(), losses_.data(), rows * sizeof(float));
  }
  if (valueWidth_ > 0) {
    stream_->download(hostValues_.data(), values_.data(), rows * valueWidth_ * sizeof(float));
  }
  running_ = std::exchange(queued_, {});
  queuedRows_.clear();
}

/** Waits for the steps that the device has, and takes what they have found out about their rows. */
void CudaExecutor::harvest() {
  if (running_.empty()) return;
  stream_->wait();
  if (persistent_) persistent_->check();
  for (std::size_t step = 0; step < running_.size(); ++step) {
    const std::size_t rows = running_[step].rows;
    const float* losses = hostLosses_.data() + step * job_.maxBatch();
    for (std::size_t i = 0; i < rows && !holds<Logits>(job_.sink); ++i) {
      lossSum_ += static_cast<double>(losses[i]);
    }
    const float* values = hostValues_.data() + step * job_.maxBatch() * valueWidth_;
    rowValues_.insert(rowValues_.end(), values, values + rows * valueWidth_);
  }
  running_.clear();
}

const TileKernels& CudaExecutor::tilesFor(std::size_t rows, std::size_t columns) const {
  if (precision_ == Precision::kFast) return kernels_.tensorTiles;
  return cuda::tilesFor(kernels_, rows, columns, device_.processors());
}

void CudaExecutor::launchSteps(std::size_t count) {
  if (persistent_) return persistent_->launch(*stream_, persistentArguments(count));
  const auto launchAll = [&] {
    for (std::size_t step = 0; step < count; ++step) launchStep(step);
  };
  const auto [known, isNew] = graphs_.try_emplace(count);
  if (isNew) return launchAll();
  if (!known->second) {
    stream_->beginRecording();
    try {
      launchAll();
    } catch (...) {
      stream_->discardRecording();
      throw;
    }
    known->second = stream_->endRecording();
  }
  stream_->launch(*known->second);
}

PersistentArguments CudaExecutor::persistentArguments(std::size_t count) const {
  const BatchRows batch{nullptr, order_.data(), nullptr};
  PersistentArguments arguments{};
  arguments.steps = records_.data();
  arguments.stepCount = count;
  arguments.layers = layerCount();
  arguments.maxBatch = job_.maxBatch();
  for (std::size_t l = 0; l < layerCount(); ++l) {
    arguments.forward[l] = forwardArguments(l, batch);
    if (l > 0) arguments.backpropagate[l] = backpropagateArguments(l, batch);
    arguments.update[l] = updateArguments(l, batch);
  }
  arguments.objective = objectiveArguments(batch, 0);
  arguments.firstOutputs[0] = activations_[0].data();
  arguments.pieceSums = pieceSums_.data();
  return arguments;
}

void CudaExecutor::launchStep(std::size_t step) {
  const BatchRows batch{records_.data() + step, order_.data(), nullptr};
  forward(batch);
  if (holds<Logits>(job_.sink)) {
    const Matrix& logits = activations_.back();
    stream_->launch(kernels_.collectLogits,
                    ceilDivide(job_.maxBatch() * logits.columns, kernels_.collectLogits.threads),
                    CollectArguments{batch.step, logits.data(), logits.stride, logits.columns,
                                     values_.data() + step * job_.maxBatch() * valueWidth_});
    return;
  }
  stream_->launch(kernels_.objective, ceilDivide(job_.maxBatch(), kernels_.objective.threads),
                  objectiveArguments(batch, step));
  if (holds<RowLosses>(job_.sink)) return;
  if (!factors_.empty()) return collectFactors(batch);
  if (!job_.plan.hardest) return backward(batch);
  selectHardest(batch, step);
  backward({batch.step, batch.order, keptRows_.data()});
}

ForwardArguments CudaExecutor::forwardArguments(std::size_t l, const BatchRows& batch) const {
  const bool isAffine = l == 0 && affineInput();
  return {.batch = batch,
          .input = l == 0 ? dataset_->rows() : activations_[l - 1].rows(),
          .gathers = l == 0,
          .layer = shape(l),
          .weights = weights(l),
          .bias = bias(l),
          .pieceSums = isAffine ? pieceSums_.data() : nullptr,
          .affine = dataset_->rows().affine,
          .relu = l + 1 < layerCount(),
          .out = activations_[l].data(),
          .outStride = activations_[l].stride};
}

void CudaExecutor::forward(const BatchRows& batch) {
  for (std::size_t l = 0; l < layerCount(); ++l) {
    const TileKernels& tiles = tilesFor(job_.maxBatch(), layer(l).outputs);
    stream_->launch(tiles.forward, tiles.count(job_.maxBatch(), layer(l).outputs),
                    forwardArguments(l, batch));
  }
}

ObjectiveArguments CudaExecutor::objectiveArguments(const BatchRows& batch,
                                                    std::size_t step) const {
  const Matrix& logits = activations_.back();
  const std::size_t firstRow = step * job_.maxBatch();
  return {.batch = batch,
          .labels = dataset_->labels(),
          .logits = logits.data(),
          .stride = logits.stride,
          .classes = logits.columns,
          .target = job_.objective.target,
          .removed = removed_.data(),
          .distributions = distributions_.data(),
          .rowWeights = rowWeights_.data(),
          .scratch = scratch_.data(),
          .losses = losses_.data() + firstRow,
          .rowLosses = holds<RowLosses>(job_.sink) ? values_.data() + 2 * firstRow : nullptr};
}

/**
 * Shrinks the batch to the rows of the largest loss, in the order that they had. What has been
 * computed for a row depends on no other row, so it is only moved.
 */
void CudaExecutor::selectHardest(const BatchRows& batch, std::size_t step) {
  const SelectArguments select{batch, losses_.data() + step * job_.maxBatch(), isKept_.data(),
                               keptRows_.data(), places_.data()};
  const std::size_t blocks = ceilDivide(job_.maxBatch(), kernels_.rankRows.threads);
  stream_->launch(kernels_.rankRows, blocks, select);
  stream_->launch(kernels_.placeRows, blocks, select);
  for (std::size_t l = 0; l < layerCount(); ++l) {
    const std::size_t vectors = job_.maxBatch() * activations_[l].stride / 4;
    stream_->launch(kernels_.compactRows, ceilDivide(vectors, kernels_.compactRows.threads),
                    CompactArguments{batch.step, places_.data(), activations_[l].data(),
                                     kept_[l].data(), activations_[l].stride});
  }
}

/** What the way back reads: of the kept rows. */
const Matrix& CudaExecutor::outputs(std::size_t l) const {
  return job_.plan.hardest ? kept_[l] : activations_[l];
}

/** The gradient at the output of layer l; at the logits it has replaced them. */
const Matrix& CudaExecutor::gradient(std::size_t l) const {
  return l + 1 == layerCount() ? outputs(l) : gradients_[l];
}

BackpropagateArguments CudaExecutor::backpropagateArguments(std::size_t l,
                                                            const BatchRows& batch) const {
  return {batch.step,
          gradient(l).rows(),
          shape(l),
          weights(l),
          outputs(l - 1).data(),
          gradient(l - 1).data(),
          gradient(l - 1).stride};
}

void CudaExecutor::backpropagate(std::size_t l, const BatchRows& batch) {
  const TileKernels& tiles = tilesFor(job_.maxBatch(), layer(l).inputs);
  stream_->launch(tiles.backpropagate, tiles.count(job_.maxBatch(), layer(l).inputs),
                  backpropagateArguments(l, batch));
}

/** A layer's weights change only after the gradient has gone through them. */
void CudaExecutor::backward(const BatchRows& batch) {
  for (std::size_t l = layerCount(); l-- > 0;) {
    if (l > 0) backpropagate(l, batch);
    update(l, batch);
  }
  if (affineInput() && &result() == &parameters_) sumPieces();
}

UpdateArguments CudaExecutor::updateArguments(std::size_t l, const BatchRows& batch) const {
  const Values values = squaredOperands_ ? Values::kNormalizedSquare : Values::kRaw;
  Rows input = l == 0 ? dataset_->rows() : outputs(l - 1).rows();
  input.values = values;
  return {.batch = batch,
          .gradient = gradient(l).rows(values),
          .gathersGradient = false,
          .input = input,
          .gathers = l == 0,
          .layer = shape(l),
          .isAffine = l == 0 && affineInput() && !squaredOperands_,
          .affine = dataset_->rows().affine,
          .parameters = weights(l),
          .state = state_.data() + layout_.weights(l),
          .bias = bias(l),
          .biasState = state_.data() + layout_.bias(l),
          .update = update_,
          .isScheduled = holds<Sgd>(job_.sink)};
}

void CudaExecutor::update(std::size_t l, const BatchRows& batch) {
  const TileKernels& tiles = tilesFor(layer(l).outputs, layer(l).inputs);
  stream_->launch(tiles.update, tiles.count(layer(l).outputs, layer(l).inputs),
                  updateArguments(l, batch));
}

void CudaExecutor::sumPieces() {
  const std::size_t pieces = ceilDivide(layer(0).inputs, kPieceInputs);
  stream_->launch(kernels_.pieceSums,
                  pieces * ceilDivide(layer(0).outputs, kernels_.pieceSums.threads),
                  PieceSumsArguments{shape(0), weights(0), pieceSums_.data()});
}

/** The sink KroneckerFactors looks at the way back and changes nothing. */
void CudaExecutor::collectFactors(const BatchRows& batch) {
  for (std::size_t l = layerCount() - 1; l > 0; --l) backpropagate(l, batch);
  for (std::size_t l = 0; l < layerCount(); ++l) {
    Rows input = l == 0 ? dataset_->rows() : activations_[l - 1].rows();
    input.values = Values::kNormalizedAndOne;
    addProducts(batch, input, l == 0, factors_[l].inputs);
    addProducts(batch, gradient(l).rows(), false, factors_[l].gradients);
  }
}

/** sums += the rows' outer products. */
void CudaExecutor::addProducts(const BatchRows& batch, const Rows& rows, bool gathers,
                               const Matrix& sums) {
  const std::size_t size = sums.columns;
  const TileKernels& tiles = tilesFor(size, size);
  stream_->launch(tiles.update, tiles.count(size, size),
                  UpdateArguments{.batch = batch,
                                  .gradient = rows,
                                  .gathersGradient = gathers,
                                  .input = rows,
                                  .gathers = gathers,
                                  .layer = {size, size, sums.stride},
                                  .isAffine = false,
                                  .affine = {},
                                  .parameters = sums.data(),
                                  .state = sums.data(),
                                  .bias = nullptr,
                                  .biasState = nullptr,
                                  .update = update_,
                                  .isScheduled = false});
}

double CudaExecutor::takeLoss() {
  flush();
  harvest();
  return std::exchange(lossSum_, 0.0);
}

bool CudaExecutor::finite() {
  flush();
  harvest();
  if (!allFinite(parameters_)) return false;
  if (forwardOnly(job_.sink)) return lethe::allFinite(rowValues_.data(), rowValues_.size());
  if (factors_.empty()) return &result() == &parameters_ || allFinite(state_);
  return std::all_of(factors_.begin(), factors_.end(), [&](const LayerFactors& factors) {
    return allFinite(factors.inputs.buffer) && allFinite(factors.gradients.buffer);
  });
}

bool CudaExecutor::allFinite(const Buffer<float>& values) {
  constexpr std::size_t kBlocks = 128;
  std::uint32_t isBad = 0;
  stream_->clear(isBad_.data(), isBad_.bytes());
  stream_->launch(kernels_.findNotFinite, kBlocks,
                  FiniteArguments{values.data(), values.size(), isBad_.data()});
  stream_->download(&isBad, isBad_.data(), sizeof isBad);
  stream_->wait();
  return isBad == 0;
}

const Buffer<float>& CudaExecutor::result() const {
  const bool changes = holds<Sgd>(job_.sink) || holds<ClampedFisher>(job_.sink);
  return changes ? parameters_ : state_;
}

std::vector<float> CudaExecutor::download(const Buffer<float>& values) {
  std::vector<float> host(values.size());
  stream_->download(host.data(), values.data(), values.bytes());
  stream_->wait();
  return host;
}

ParameterVector CudaExecutor::parameters() {
  flush();
  harvest();
  return layout_.unpack(download(parameters_).data());
}

std::vector<float> CudaExecutor::finish() {
  flush();
  harvest();
  if (forwardOnly(job_.sink)) return std::move(rowValues_);
  if (factors_.empty()) return layout_.unpack(download(result()).data());
  std::vector<float> values;
  values.reserve(kroneckerSize(job_.model.architecture));
  for (const LayerFactors& factors : factors_) {
    for (const Matrix* sums : {&factors.inputs, &factors.gradients}) {
      const std::vector<float> rows = download(sums->buffer);
      for (auto row = rows.begin(); row != rows.end(); row += sums->stride) {
        values.insert(values.end(), row, row + sums->columns);
      }
    }
  }
  return values;
}

}  // namespace lethe::cuda
