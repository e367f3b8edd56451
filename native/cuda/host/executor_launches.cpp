#include "arithmetic/sink_update.h"
#include "cuda/host/executor.h"
#include "cuda/host/tile_choice.h"

/** How the steps of a pass become launches of kernels. */
namespace lethe::cuda {

const TileKernels& CudaExecutor::tilesFor(std::size_t rows, std::size_t columns) const {
  if (precision_ == Precision::kFast) return kernels_.tensorTiles;
  return cuda::tilesFor(kernels_, rows, columns, processors_);
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
  if (traits_.rowValues == RowValues::kLogits) {
    const DeviceMatrix& logits = activations_.back();
    stream_->launch(kernels_.collectLogits,
                    ceilDivide(job_.maxBatch() * logits.columns, kernels_.collectLogits.threads),
                    CollectArguments{batch.step, logits.data(), logits.stride, logits.columns,
                                     values_.data() + step * job_.maxBatch() * valueWidth_});
    return;
  }
  stream_->launch(kernels_.objective, ceilDivide(job_.maxBatch(), kernels_.objective.threads),
                  objectiveArguments(batch, step));
  if (!traits_.goesBackward()) return;
  if (traits_.backward == Backward::kOuterProducts) return collectFactors(batch);
  if (!job_.plan.hardest) return backward(batch);
  selectHardest(batch, step);
  backward({batch.step, batch.order, keptRows_.data()});
}

Affine CudaExecutor::affine() const {
  const Affine own = dataset_->rows().affine;
  if (!traits_.inputScaling) return own;
  const AffineMap map = arithmetic::scaledMap(*traits_.inputScaling, {own.scale, own.offset});
  return {map.scale, map.offset};
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
          .affine = affine(),
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
  const DeviceMatrix& logits = activations_.back();
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
          .lossesAndHits = traits_.rowValues == RowValues::kLossAndHit
                               ? values_.data() + firstRow * valueWidth_
                               : nullptr};
}

/**
 * Shrinks the batch to the rows of the largest loss, in the order that they had. A row's
 * activations depend on no other row, so they are only moved.
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

/** The output of layer l as the backward pass reads it, for the kept rows alone. */
const DeviceMatrix& CudaExecutor::outputs(std::size_t l) const {
  return job_.plan.hardest ? kept_[l] : activations_[l];
}

/** The gradient at the output of layer l. The gradient at the logits has replaced them. */
const DeviceMatrix& CudaExecutor::gradient(std::size_t l) const {
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
  if (affineInput() && traits_.changesParameters) sumPieces();
}

UpdateArguments CudaExecutor::updateArguments(std::size_t l, const BatchRows& batch) const {
  const Values values = traits_.squaresRows ? Values::kNormalizedSquare : Values::kRaw;
  Rows input = l == 0 ? dataset_->rows() : outputs(l - 1).rows();
  input.values = values;
  return {.batch = batch,
          .gradient = gradient(l).rows(values),
          .gathersGradient = false,
          .input = input,
          .gathers = l == 0,
          .layer = shape(l),
          .isAffine = l == 0 && affineInput() && !traits_.squaresRows,
          .affine = affine(),
          .offsets = l == 0 ? inputOffsets_.data() : nullptr,
          .rates = l == 0 ? inputRates_.data() : nullptr,
          .parameters = weights(l),
          .state = state_.data() + layout_.weights(l),
          .bias = bias(l),
          .biasState = state_.data() + layout_.bias(l),
          .update = update_};
}

void CudaExecutor::update(std::size_t l, const BatchRows& batch) {
  const TileKernels& tiles = tilesFor(layer(l).outputs, layer(l).inputs);
  stream_->launch(tiles.update, tiles.count(layer(l).outputs, layer(l).inputs),
                  updateArguments(l, batch));
}

void CudaExecutor::sumPieces() {
  const std::size_t pieces = ceilDivide(layer(0).inputs, kPieceInputs);
  stream_->launch(
      kernels_.pieceSums, pieces * ceilDivide(layer(0).outputs, kernels_.pieceSums.threads),
      PieceSumsArguments{shape(0), weights(0), inputOffsets_.data(), pieceSums_.data()});
}

/** Backward::kOuterProducts: sums outer products during the backward pass; no weight changes. */
void CudaExecutor::collectFactors(const BatchRows& batch) {
  for (std::size_t l = layerCount() - 1; l > 0; --l) backpropagate(l, batch);
  for (std::size_t l = 0; l < layerCount(); ++l) {
    Rows input = l == 0 ? dataset_->rows() : activations_[l - 1].rows();
    input.values = Values::kNormalizedAndOne;
    addProducts(batch, input, l == 0, factors_[l].inputs);
    addProducts(batch, gradient(l).rows(), false, factors_[l].gradients);
  }
}

/** Adds the outer products of the rows to the sums. */
void CudaExecutor::addProducts(const BatchRows& batch, const Rows& rows, bool gathers,
                               const DeviceMatrix& sums) {
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
                                  .offsets = nullptr,
                                  .rates = nullptr,
                                  .parameters = sums.data(),
                                  .state = sums.data(),
                                  .bias = nullptr,
                                  .biasState = nullptr,
                                  .update = update_});
}

}  // namespace lethe::cuda
