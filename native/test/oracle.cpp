#include "test/oracle.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "cpu/kernels/kernels.h"

namespace lethe::test {
namespace {

using Matrix = std::vector<std::vector<float>>;  ///< [rows of the batch][units]

float exponential(float x) {
  float lanes[cpu::kPanelLanes] = {x};
  cpu::plainKernels().exp(lanes, 1, lanes);
  return lanes[0];
}

float logarithm(float x) {
  float lanes[cpu::kPanelLanes] = {x};
  cpu::plainKernels().log(lanes, 1, lanes);
  return lanes[0];
}

template <class A, class B>
float chain(std::size_t depth, const A& a, const B& b) {
  float sum = 0;
  for (std::size_t k = 0; k < depth; ++k) sum = std::fma(a(k), b(k), sum);
  return sum + 0.0f;  // never -0
}

template <class A>
float sumInOrder(std::size_t depth, const A& a) {
  float sum = 0;
  for (std::size_t k = 0; k < depth; ++k) sum += a(k);
  return sum;
}

/** Sums each 256 elements in order, then these sums. */
template <class A>
float sumInPieces(std::size_t depth, const A& a) {
  constexpr std::size_t kPiece = 256;
  return sumInOrder((depth + kPiece - 1) / kPiece, [&](std::size_t piece) {
    const std::size_t first = piece * kPiece;
    return sumInOrder(std::min(kPiece, depth - first), [&](std::size_t k) { return a(first + k); });
  });
}

class Oracle {
 public:
  explicit Oracle(const PassSpec& spec)
      : spec_(spec),
        layers_(spec.model.architecture.layers()),
        bytes_(spec.dataset->byteFeatures() != nullptr),
        affine_(bytes_),
        map_(spec.dataset->map()),
        parameters_(*spec.model.parameters),
        state_(parameters_.size(), 0.0f) {
    if (const auto* squared = std::get_if<SquaredGradient>(&spec.sink)) {
      perRow_ = squared->mode == FisherMode::kPerRow;
    }
    if (const auto* sgd = std::get_if<Sgd>(&spec.sink)) scaling_ = sgd->inputScaling.get();
    affine_ |= scaling_ != nullptr;
    rescale(false);
  }

  PassResult run() {
    PassResult result;
    double loss = 0;
    std::size_t rowsInEpoch = 0;
    BatchOrder order(spec_.plan);
    while (const auto batch = order.next()) {
      track(batch->rows, result);
      loss += step(batch->rows);
      rowsInEpoch += batch->rows.size();
      result.rows += batch->rows.size();
      result.steps += 1;
      if (batch->endsEpoch && !holds<Logits>()) {
        result.epochLoss.push_back(std::exchange(loss, 0) / static_cast<double>(rowsInEpoch));
        rowsInEpoch = 0;
      }
    }
    if (isTracked_) addStretch(result.trackedChange);
    result.values = values(static_cast<float>(result.rows));
    return result;
  }

 private:
  template <class T>
  bool holds() const {
    return std::holds_alternative<T>(spec_.sink);
  }

  /** Turns the first layer into that of unit (x - centre), or with `back` into that of x again. */
  void rescale(bool back) {
    if (!scaling_) return;
    const Layer& first = layers_[0];
    const float factor = back ? scaling_->unit : 1 / scaling_->unit;
    const auto multiply = [&] {
      for (std::size_t i = 0; i < first.outputs * first.inputs; ++i) {
        parameters_[first.weightOffset + i] *= factor;
      }
    };
    if (back) multiply();
    for (std::size_t o = 0; o < first.outputs; ++o) {
      double shift = 0;
      for (std::size_t k = 0; k < first.inputs; ++k) {
        shift +=
            static_cast<double>(weightOf(first, o, k)) * static_cast<double>(scaling_->centres[k]);
      }
      float& bias = parameters_[first.biasOffset + o];
      bias = static_cast<float>(static_cast<double>(bias) + (back ? -shift : shift));
    }
    if (!back) multiply();
  }

  float inputScale() const { return scaling_ ? scaling_->unit * map_.scale : map_.scale; }

  /** What is added to an input after its scale. */
  float offset(std::size_t k) const {
    return scaling_ ? scaling_->unit * (map_.offset - scaling_->centres[k]) : map_.offset;
  }

  /** The sum of a unit's weights times the offsets. */
  template <class Weight>
  float shiftOf(std::size_t inputs, const Weight& weight) const {
    constexpr std::size_t kPiece = 256;
    return sumInOrder((inputs + kPiece - 1) / kPiece, [&](std::size_t piece) {
      float sum = 0;
      for (std::size_t k = piece * kPiece; k < std::min(inputs, (piece + 1) * kPiece); ++k) {
        sum = std::fma(offset(k), weight(k), sum);
      }
      return sum;
    });
  }

  /** Adds what the parameters changed by in each stretch of steps that see a tracked row. */
  void track(std::span<const std::uint32_t> batch, PassResult& result) {
    const auto* sgd = std::get_if<Sgd>(&spec_.sink);
    if (!sgd || sgd->trackedRows.empty()) return;
    result.trackedChange.resize(parameters_.size());
    bool sees = false;
    for (const std::uint32_t row : sgd->trackedRows) {
      sees |= std::find(batch.begin(), batch.end(), row) != batch.end();
    }
    if (isTracked_ && !sees) addStretch(result.trackedChange);
    if (sees && !isTracked_) stretchStart_ = parameters_;
    isTracked_ = sees;
    result.trackedSteps += sees;
  }

  void addStretch(std::vector<float>& sum) const {
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += parameters_[i] - stretchStart_[i];
  }

  std::vector<float> values(float rows) {
    if (holds<Logits>() || holds<RowLosses>()) return rowValues_;
    rescale(true);
    if (holds<Sgd>() || holds<ClampedFisher>()) return parameters_;
    for (float& value : state_) value /= rows;
    return state_;
  }

  double step(std::span<const std::uint32_t> rows) {
    if (const auto* sgd = std::get_if<Sgd>(&spec_.sink)) {
      learningRate_ = sgd->learningRate.at(steps_++, spec_.plan.steps());
    }
    std::vector<Matrix> activations{gather(rows)};
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      activations.push_back(forward(l, activations[l]));
    }
    if (holds<Logits>()) {
      for (const auto& z : activations.back()) {
        rowValues_.insert(rowValues_.end(), z.begin(), z.end());
      }
      return 0;
    }
    const Matrix logits = activations.back();
    double loss = 0;
    std::vector<float> rowLosses;
    std::vector<Matrix> deltas(layers_.size());
    deltas.back() = objective(rows, activations.back(), rowLosses);
    for (const float rowLoss : rowLosses) loss += static_cast<double>(rowLoss);
    if (holds<RowLosses>()) {
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto best = std::max_element(logits[i].begin(), logits[i].end());
        const bool isCorrect = best - logits[i].begin() == spec_.dataset->label(rows[i]);
        rowValues_.insert(rowValues_.end(), {rowLosses[i], isCorrect ? 1.0f : 0.0f});
      }
      return loss;
    }
    if (spec_.plan.hardest) {
      const std::vector<bool> kept = hardest(rowLosses, spec_.plan.keptRows(rows.size()));
      for (Matrix& layer : activations) keep(layer, kept);
      keep(deltas.back(), kept);
    }
    for (std::size_t l = layers_.size() - 1; l > 0; --l) {
      deltas[l - 1] = backpropagate(l, deltas[l], activations[l]);
    }
    for (std::size_t l = 0; l < layers_.size(); ++l) update(l, activations[l], deltas[l]);
    return loss;
  }

  /** Keeps the rows for which fewer than `count` rows have a larger loss, or the same one earlier.
   */
  static std::vector<bool> hardest(const std::vector<float>& losses, std::size_t count) {
    std::vector<bool> kept;
    for (std::size_t i = 0; i < losses.size(); ++i) {
      std::size_t harder = 0;
      for (std::size_t j = 0; j < losses.size(); ++j) {
        harder += losses[j] > losses[i] || (losses[j] == losses[i] && j < i);
      }
      kept.push_back(harder < count);
    }
    return kept;
  }

  static void keep(Matrix& rows, const std::vector<bool>& kept) {
    Matrix left;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (kept[i]) left.push_back(rows[i]);
    }
    rows = left;
  }

  Matrix gather(std::span<const std::uint32_t> rows) const {
    Matrix input;
    const std::size_t columns = spec_.dataset->columns();
    for (const std::uint32_t row : rows) {
      const std::size_t at = row * columns;
      if (bytes_) {
        const std::uint8_t* bytes = spec_.dataset->byteFeatures() + at;
        input.emplace_back(bytes, bytes + columns);
      } else {
        const float* floats = spec_.dataset->floatFeatures() + at;
        input.emplace_back(floats, floats + columns);
      }
    }
    return input;
  }

  Matrix forward(std::size_t l, const Matrix& input) const {
    const Layer& layer = layers_[l];
    Matrix output(input.size(), std::vector<float>(layer.outputs));
    for (std::size_t o = 0; o < layer.outputs; ++o) {
      const auto weight = [&](std::size_t k) { return weightOf(layer, o, k); };
      const float bias = parameters_[layer.biasOffset + o];
      for (std::size_t n = 0; n < input.size(); ++n) {
        const float sum = chain(
            layer.inputs, [&](std::size_t k) { return input[n][k]; }, weight);
        float z = sum + bias;
        if (l == 0 && affine_) {
          const float shifted =
              scaling_ ? shiftOf(layer.inputs, weight) + bias
                       : std::fma(map_.offset, sumInPieces(layer.inputs, weight), bias);
          z = std::fma(inputScale(), sum, shifted);
        }
        const bool last = l + 1 == layers_.size();
        output[n][o] = !last && z < 0 ? 0 : z;
      }
    }
    return output;
  }

  /** exp(z - the largest counted z), 0 for removed classes; and the sum. */
  static float exponentials(const std::vector<float>& z, const std::vector<std::uint8_t>& removed,
                            std::vector<float>& out, float& largest) {
    const auto counts = [&](std::size_t c) { return removed.empty() || !removed[c]; };
    largest = -INFINITY;
    for (std::size_t c = 0; c < z.size(); ++c) {
      if (counts(c)) largest = std::max(largest, z[c]);
    }
    out.resize(z.size());
    for (std::size_t c = 0; c < z.size(); ++c) out[c] = counts(c) ? exponential(z[c] - largest) : 0;
    return sumInOrder(out.size(), [&](std::size_t c) { return out[c]; });
  }

  std::vector<float> target(std::uint32_t row, const std::vector<float>& z) const {
    const Objective& objective = spec_.objective;
    std::vector<float> q(z.size(), 0.0f);
    switch (objective.target) {
      case Target::kLabel:
        q[spec_.dataset->label(row)] = 1;
        break;
      case Target::kUniform:
        q.assign(z.size(), 1 / static_cast<float>(z.size()));
        break;
      case Target::kMasked: {
        float largest;
        const float sum = exponentials(z, objective.removed, q, largest);
        for (float& value : q) value /= sum;
        break;
      }
      case Target::kExplicit:
        std::copy_n(objective.distributions->begin() + static_cast<std::ptrdiff_t>(row * z.size()),
                    z.size(), q.begin());
        break;
    }
    return q;
  }

  Matrix objective(std::span<const std::uint32_t> rows, const Matrix& logits,
                   std::vector<float>& losses) const {
    const float weight = spec_.objective.weight;
    const bool mean = !holds<Gradient>() && !perRow_;
    const auto kept = static_cast<float>(spec_.plan.keptRows(rows.size()));
    const float scale = mean ? weight / kept : weight;
    Matrix delta;
    for (std::size_t n = 0; n < rows.size(); ++n) {
      const std::vector<float>& z = logits[n];
      const std::vector<float> q = target(rows[n], z);
      std::vector<float> p;
      float largest;
      const float sum = exponentials(z, {}, p, largest);
      const float logSum = logarithm(sum);
      const auto& weights = spec_.objective.rowWeights;
      const float rowScale = weights ? scale * (*weights)[rows[n]] : scale;
      float rowLoss = 0;
      for (std::size_t c = 0; c < z.size(); ++c) {
        if (q[c] > 0) rowLoss += q[c] * (logarithm(q[c]) - (z[c] - largest - logSum));
        p[c] = rowScale * (p[c] / sum - q[c]);
      }
      losses.push_back(rowLoss);
      delta.push_back(p);
    }
    return delta;
  }

  Matrix backpropagate(std::size_t l, const Matrix& delta, const Matrix& activations) const {
    const Layer& layer = layers_[l];
    Matrix below(delta.size(), std::vector<float>(layer.inputs, 0.0f));
    for (std::size_t n = 0; n < delta.size(); ++n) {
      for (std::size_t k = 0; k < layer.inputs; ++k) {
        if (!(activations[n][k] > 0)) continue;
        below[n][k] = chain(
            layer.outputs, [&](std::size_t o) { return delta[n][o]; },
            [&](std::size_t o) { return weightOf(layer, o, k); });
      }
    }
    return below;
  }

  void update(std::size_t l, Matrix input, Matrix delta) {
    const Layer& layer = layers_[l];
    const bool affine = l == 0 && affine_;
    if (perRow_) {
      for (auto& row : input) {
        for (float& x : row) {
          if (affine) x = std::fma(map_.scale, x, map_.offset);
          x *= x;
        }
      }
      for (auto& row : delta) {
        for (float& d : row) d *= d;
      }
    }
    for (std::size_t o = 0; o < layer.outputs; ++o) {
      const auto ofOutput = [&](std::size_t n) { return delta[n][o]; };
      const float biasGradient = sumInOrder(delta.size(), ofOutput);
      for (std::size_t k = 0; k < layer.inputs; ++k) {
        float gradient = chain(
            delta.size(), [&](std::size_t n) { return input[n][k]; }, ofOutput);
        if (affine && !perRow_) {
          gradient = std::fma(inputScale(), gradient, offset(k) * biasGradient);
        }
        if (l == 0 && scaling_) gradient *= scaling_->rates[k];
        apply(gradient, layer.weightOffset + o * layer.inputs + k);
      }
      apply(biasGradient, layer.biasOffset + o);
    }
  }

  void apply(float gradient, std::size_t at) {
    float& parameter = parameters_[at];
    float& state = state_[at];
    if (const auto* sgd = std::get_if<Sgd>(&spec_.sink)) {
      const float g = std::fma(sgd->weightDecay, parameter, gradient);
      state = std::fma(sgd->momentum, state, g);
      const float direction = sgd->nesterov ? std::fma(sgd->momentum, state, g) : state;
      parameter = std::fma(-learningRate_, direction, parameter);
    } else if (const auto* scrub = std::get_if<ClampedFisher>(&spec_.sink)) {
      const float step = scrub->learningRate * gradient / ((*scrub->fisher)[at] + scrub->alpha);
      parameter -= std::clamp(step, -scrub->clamp, scrub->clamp);
    } else if (holds<Gradient>() || perRow_) {
      state += gradient;
    } else {
      state = std::fma(gradient, gradient, state);
    }
  }

  float weightOf(const Layer& layer, std::size_t output, std::size_t k) const {
    return parameters_[layer.weightOffset + output * layer.inputs + k];
  }

  const PassSpec& spec_;
  const std::vector<Layer>& layers_;
  bool bytes_;
  bool affine_;
  const InputScaling* scaling_ = nullptr;
  bool perRow_ = false;
  AffineMap map_;
  std::vector<float> parameters_;
  std::vector<float> state_;
  std::vector<float> rowValues_;
  std::vector<float> stretchStart_;
  bool isTracked_ = false;  ///< whether the last batch held a tracked row
  std::uint64_t steps_ = 0;
  float learningRate_ = 0;
};

}  // namespace

PassResult oraclePass(const PassSpec& spec) { return Oracle(spec).run(); }

}  // namespace lethe::test
