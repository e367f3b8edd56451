#pragma once

#include <cstddef>
#include <cstdint>

#include "arithmetic/ceil_divide.h"
#include "arithmetic/update.h"
#include "cuda/kernels/barrier.h"
#include "cuda/kernels/rows.h"
#include "lethe/target.h"

/** The arguments of the programs of a step. All pointers refer to the device's memory. */
namespace lethe::cuda {

using arithmetic::ceilDivide;
using arithmetic::kPieceInputs;
using arithmetic::Update;

/** What differs from one step to the next. */
struct StepRecord {
  std::uint32_t firstRow;  ///< where the batch begins in the order of rows
  std::uint32_t rows;      ///< rows of the batch
  std::uint32_t kept;      ///< rows that go on to the backward pass
  float learningRate;
  float scale;  ///< factor of the gradient at the logits
};

/** The rows that a step takes from the data set. */
struct BatchRows {
  const StepRecord* step;
  const std::uint32_t* order;     ///< dataset rows of all queued batches
  const std::uint32_t* keptRows;  ///< the kept dataset rows; nullptr: all are kept
};

/** The shape of a layer's weights or of the state beside them, [outputs][stride]. */
struct LayerShape {
  std::size_t inputs;
  std::size_t outputs;
  std::size_t stride;
};

struct ForwardArguments {
  BatchRows batch;
  Rows input;
  bool gathers;  ///< whether the input's rows are gathered from the data set
  LayerShape layer;
  const float* weights;
  const float* bias;
  const float* pieceSums;  ///< [outputs][pieces], sums of weights; nullptr: no affine input
  Affine affine;
  bool relu;
  float* out;
  std::size_t outStride;
};

struct PieceSumsArguments {
  LayerShape layer;
  const float* weights;
  const float* offsets;  ///< [inputs], factors of the weights; nullptr: 1
  float* pieceSums;      ///< [outputs][pieces]
};

struct ObjectiveArguments {
  BatchRows batch;
  const std::uint32_t* labels;
  float* logits;  ///< [rows][stride], replaced by the gradient
  std::size_t stride;
  std::size_t classes;
  Target target;
  const std::uint8_t* removed;
  const float* distributions;  ///< [dataset rows][classes]
  const float* rowWeights;     ///< [dataset rows]; nullptr: 1 for all
  float* scratch;              ///< [rows][2][stride]
  float* losses;               ///< [rows]
  float* lossesAndHits;        ///< [rows][2]: the loss, and 1 for the right class; or nullptr
};

struct CollectArguments {
  const StepRecord* step;
  const float* logits;
  std::size_t stride;
  std::size_t classes;
  float* values;  ///< [rows][classes]
};

struct SelectArguments {
  BatchRows batch;
  const float* losses;
  std::uint32_t* isKept;    ///< [rows]
  std::uint32_t* keptRows;  ///< dataset rows
  std::uint32_t* places;    ///< rows of the batch
};

struct CompactArguments {
  const StepRecord* step;
  const std::uint32_t* places;
  const float* from;
  float* to;
  std::size_t stride;
};

struct BackpropagateArguments {
  const StepRecord* step;
  Rows above;
  LayerShape layer;
  const float* weights;
  const float* activations;  ///< the layer's input; the gradient is 0 where ReLU was inactive
  float* out;
  std::size_t outStride;  ///< the stride of activations and out
};

struct UpdateArguments {
  BatchRows batch;
  Rows gradient;
  bool gathersGradient;  ///< as `gathers`, for outer products, whose `gradient` is the input
  Rows input;
  bool gathers;  ///< whether the rows of `input` are gathered from the data set
  LayerShape layer;
  bool isAffine;
  Affine affine;
  const float* offsets;  ///< [stride], each input's instead of affine.offset; nullptr: none
  const float* rates;    ///< [stride], factors of the gradients; set with offsets
  float* parameters;     ///< [outputs][stride]
  float* state;          ///< the same shape
  float* bias;           ///< [outputs]; nullptr: no biases
  float* biasState;
  Update update;  ///< the rule; its learning rate is the step's
};

struct FiniteArguments {
  const float* values;
  std::size_t count;
  std::uint32_t* isBad;  ///< set to 1 if a value is not finite
};

inline constexpr std::size_t kMaxPersistentLayers = 4;

/** Many steps in one launch, see persistent_program.h. */
struct PersistentArguments {
  const StepRecord* steps;
  std::size_t stepCount;
  std::size_t layers;  ///< 2..kMaxPersistentLayers
  std::size_t maxBatch;
  ForwardArguments forward[kMaxPersistentLayers];
  BackpropagateArguments backpropagate[kMaxPersistentLayers];
  UpdateArguments update[kMaxPersistentLayers];
  ObjectiveArguments objective;  ///< losses: [steps][maxBatch]
  float* firstOutputs[2];  ///< of layer 0, in turns: a step still reads those of the step before
  float* pieceSums;        ///< nullptr: the input is not affine
  bool stateOnChip;        ///< whether the state beside the first weights fits on chip too
  Barrier* barrier;
};

}  // namespace lethe::cuda
