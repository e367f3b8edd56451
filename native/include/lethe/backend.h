#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lethe/cpu.h"
#include "lethe/dataset.h"
#include "lethe/model.h"
#include "lethe/objective.h"
#include "lethe/plan.h"
#include "lethe/sink.h"

namespace lethe {

/** What an executor needs to know before the first batch. */
struct Job {
  Model model;
  std::shared_ptr<const Dataset> dataset;
  Objective objective;
  Sink sink;
  const Plan& plan;  ///< outlives the executor

  std::size_t maxBatch() const { return std::min(plan.batchSize, plan.rowsPerEpoch()); }
};

/**
 * Runs the batches of one pass on a private copy of the parameters. Steps may be queued: only
 * takeLoss, finite, parameters and finish wait for them.
 */
class Executor {
 public:
  virtual ~Executor() = default;

  /** Runs one batch of the plan: forward, objective, selection, backward, sink. */
  virtual void step(std::span<const std::uint32_t> rows) = 0;

  /** The sum of the row losses since the last call, in nats. */
  virtual double takeLoss() = 0;

  /** Whether every parameter and every collected value is finite. */
  virtual bool finite() = 0;

  /** The parameters after the steps so far, in the order of Architecture. */
  virtual ParameterVector parameters() = 0;

  /**
   * The result as the sink's traits describe it: new parameters or sums over the steps, in the
   * order of Architecture; factors as in kronecker.h; or values of each row, in the order of the
   * steps.
   */
  virtual std::vector<float> finish() = 0;
};

/** Computes logits at once, on the calling thread: meant for a few rows at a time. */
class Predictor {
 public:
  virtual ~Predictor() = default;

  /**
   * The logits of these rows, [rows, classes]. The labels are not read. Throws kDiverged if a logit
   * is not finite.
   */
  virtual std::vector<float> logits(std::shared_ptr<const Dataset> dataset,
                                    std::span<const std::uint32_t> rows) = 0;

  /** The memory that it holds between calls, without what depends on the rows of the last one. */
  virtual std::size_t bytes() const = 0;
};

/** Computes passes, on the CPU or on a CUDA device. */
class Backend {
 public:
  virtual ~Backend() = default;
  /** Names the device and the instruction set for people, e.g. "cpu avx512". */
  virtual std::string description() const = 0;
  virtual std::unique_ptr<Executor> prepare(const Job& job) = 0;
  virtual std::unique_ptr<Predictor> predictor(const Model& model) = 0;
};

}  // namespace lethe
