#include "cuda/host/executor.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "arithmetic/sink_update.h"
#include "lethe/floating_point.h"
#include "lethe/kronecker.h"

namespace lethe::cuda {
namespace {

/** About so many operations, but at least a step, go to the device at once: a few milliseconds. */
constexpr double kQueuedOperations = 1e11;
constexpr std::size_t kMaxQueuedSteps = 256;
constexpr std::size_t kMaxQueuedValues = std::size_t{1} << 24;

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
      layout_(job.model.architecture),
      precision_(options.precision),
      processors_(processorsOfRun(device, options.concurrentRuns)),
      traits_(sinkTraits(job_.sink)),
      update_(arithmetic::updateFor(job_.sink, 0, job_.plan.steps())),
      valueWidth_(traits_.valuesPerRow(job_.model.architecture.classes())),
      stream_(device.openStream()) {
  const Objective& objective = job_.objective;
  const std::size_t batch = job_.maxBatch();
  maxQueued_ = queuedStepsFor(job_, valueWidth_, options.concurrentRuns);
  const bool persists = PersistentRun::isChosen(job_, layout_, dataset_->rows(), device_, options);

  std::vector<float> packed(layout_.size());
  layout_.pack(*job_.model.parameters, packed.data());
  parameters_ = uploaded<float>(device_, *stream_, packed);
  stream_->wait();
  if (traits_.backward == Backward::kUpdate && traits_.initialState) {
    layout_.pack(*traits_.initialState, packed.data());
    state_ = uploaded<float>(device_, *stream_, packed);
    stream_->wait();
  } else if (traits_.backward == Backward::kUpdate) {
    state_ = zeroed<float>(device_, *stream_, layout_.size());
  } else if (traits_.backward == Backward::kOuterProducts) {
    for (std::size_t l = 0; l < layerCount(); ++l) {
      // Stored one by one: if the second finds no memory, the first must stay until it is cleared.
      LayerFactors& factors = factors_.emplace_back();
      factors.inputs = DeviceMatrix(device_, *stream_, layer(l).inputs + 1, layer(l).inputs + 1);
      factors.gradients = DeviceMatrix(device_, *stream_, layer(l).outputs, layer(l).outputs);
    }
  }
  for (std::size_t l = 0; l < layerCount(); ++l) {
    activations_.emplace_back(device_, *stream_, batch, layer(l).outputs);
    if (job_.plan.hardest) kept_.emplace_back(device_, *stream_, batch, layer(l).outputs);
    if (traits_.goesBackward() && l + 1 < layerCount()) {
      gradients_.emplace_back(device_, *stream_, batch, layer(l).outputs);
    }
  }
  if (traits_.inputScaling) {
    const auto padded = [&](std::vector<float> values) {
      values.resize(layout_.stride(0));
      return uploaded<float>(device_, *stream_, values);
    };
    inputOffsets_ = padded(arithmetic::offsetsFrom(*traits_.inputScaling, job_.dataset->map()));
    stream_->wait();
    inputRates_ = padded(traits_.inputScaling->rates);
    stream_->wait();
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
  // Cleared, because a short batch does not write all of them.
  losses_ = zeroed<float>(device_, *stream_, maxQueued_ * batch);
  values_ = zeroed<float>(device_, *stream_, maxQueued_ * batch * valueWidth_);
  if (persists) {
    persistent_.emplace(job_, layout_, dataset_->rows(), device_, *stream_, options);
  }
  stream_->wait();
}

void CudaExecutor::step(std::span<const std::uint32_t> rows) {
  const auto kept = static_cast<std::uint32_t>(job_.plan.keptRows(rows.size()));
  StepRecord record{static_cast<std::uint32_t>(queuedRows_.size()),
                    static_cast<std::uint32_t>(rows.size()), kept, 0, job_.objective.weight};
  if (traits_.averagesBatch) record.scale /= static_cast<float>(kept);
  record.learningRate = arithmetic::updateFor(job_.sink, steps_++, job_.plan.steps()).learningRate;
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
  if (traits_.hasLoss) {
    stream_->download(hostLosses_.data(), losses_.data(), rows * sizeof(float));
  }
  if (valueWidth_ > 0) {
    stream_->download(hostValues_.data(), values_.data(), rows * valueWidth_ * sizeof(float));
  }
  running_ = std::exchange(queued_, {});
  queuedRows_.clear();
}

/** Waits for the steps that run on the device, and takes their losses and row values. */
void CudaExecutor::harvest() {
  if (running_.empty()) return;
  stream_->wait();
  if (persistent_) persistent_->check();
  for (std::size_t step = 0; step < running_.size(); ++step) {
    const std::size_t rows = running_[step].rows;
    const float* losses = hostLosses_.data() + step * job_.maxBatch();
    for (std::size_t i = 0; traits_.hasLoss && i < rows; ++i) {
      lossSum_ += static_cast<double>(losses[i]);
    }
    const float* values = hostValues_.data() + step * job_.maxBatch() * valueWidth_;
    rowValues_.insert(rowValues_.end(), values, values + rows * valueWidth_);
  }
  running_.clear();
}

/** Waits until every queued step is done. */
void CudaExecutor::complete() {
  flush();
  harvest();
}

double CudaExecutor::takeLoss() {
  complete();
  return std::exchange(lossSum_, 0.0);
}

bool CudaExecutor::finite() {
  complete();
  if (!allFinite(parameters_)) return false;
  switch (traits_.backward) {
    case Backward::kNone:
      return lethe::allFinite(rowValues_.data(), rowValues_.size());
    case Backward::kUpdate:
      return traits_.changesParameters || allFinite(state_);
    case Backward::kOuterProducts:
      return std::all_of(factors_.begin(), factors_.end(), [&](const LayerFactors& factors) {
        return allFinite(factors.inputs.buffer) && allFinite(factors.gradients.buffer);
      });
  }
  return false;
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
  return traits_.changesParameters ? parameters_ : state_;
}

std::vector<float> CudaExecutor::download(const Buffer<float>& values) {
  std::vector<float> host(values.size());
  stream_->download(host.data(), values.data(), values.bytes());
  stream_->wait();
  return host;
}

ParameterVector CudaExecutor::parameters() {
  complete();
  return layout_.unpack(download(parameters_).data());
}

std::vector<float> CudaExecutor::finish() {
  complete();
  switch (traits_.backward) {
    case Backward::kNone:
      return std::move(rowValues_);
    case Backward::kUpdate:
      return layout_.unpack(download(result()).data());
    case Backward::kOuterProducts:
      return finishFactors();
  }
  return {};
}

std::vector<float> CudaExecutor::finishFactors() {
  std::vector<float> values;
  values.reserve(kroneckerSize(job_.model.architecture));
  for (const LayerFactors& factors : factors_) {
    for (const DeviceMatrix* sums : {&factors.inputs, &factors.gradients}) {
      const std::vector<float> rows = download(sums->buffer);
      for (auto row = rows.begin(); row != rows.end(); row += sums->stride) {
        values.insert(values.end(), row, row + sums->columns);
      }
    }
  }
  return values;
}

}  // namespace lethe::cuda
