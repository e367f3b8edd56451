#include "test/reference.h"

#include <algorithm>
#include <cmath>

namespace lethe::test {
namespace {

std::vector<double> softmax(const std::vector<double>& logits) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  std::vector<double> p;
  double sum = 0;
  for (const double z : logits) sum += p.emplace_back(std::exp(z - largest));
  for (double& value : p) value /= sum;
  return p;
}

}  // namespace

Reference::Vector Reference::parameters() const {
  return {spec_.model.parameters->begin(), spec_.model.parameters->end()};
}

std::vector<Reference::Vector> Reference::activations(const Vector& parameters,
                                                      std::uint32_t row) const {
  const Dataset& dataset = *spec_.dataset;
  Vector input;
  for (std::size_t k = 0; k < dataset.columns(); ++k) {
    const std::size_t at = row * dataset.columns() + k;
    input.push_back(dataset.byteFeatures()
                        ? static_cast<double>(dataset.map().scale) * dataset.byteFeatures()[at] +
                              static_cast<double>(dataset.map().offset)
                        : dataset.floatFeatures()[at]);
  }
  std::vector<Vector> values{input};
  for (const Layer& layer : spec_.model.architecture.layers()) {
    Vector output;
    for (std::size_t o = 0; o < layer.outputs; ++o) {
      double z = parameters[layer.biasOffset + o];
      for (std::size_t k = 0; k < layer.inputs; ++k) {
        z += parameters[layer.weightOffset + o * layer.inputs + k] * values.back()[k];
      }
      const bool last = &layer == &spec_.model.architecture.layers().back();
      output.push_back(last ? z : std::max(z, 0.0));
    }
    values.push_back(output);
  }
  return values;
}

Reference::Vector Reference::logits(const Vector& parameters, std::uint32_t row) const {
  return activations(parameters, row).back();
}

Reference::Vector Reference::target(const Vector& parameters, std::uint32_t row) const {
  const Objective& objective = spec_.objective;
  const std::size_t classes = spec_.model.architecture.classes();
  Vector q(classes, 0.0);
  switch (objective.target) {
    case Target::kLabel:
      q[spec_.dataset->label(row)] = 1;
      break;
    case Target::kUniform:
      q.assign(classes, 1.0 / static_cast<double>(classes));
      break;
    case Target::kMasked: {
      q = softmax(logits(parameters, row));
      double kept = 0;
      for (std::size_t c = 0; c < classes; ++c) kept += objective.removed[c] ? 0 : q[c];
      for (std::size_t c = 0; c < classes; ++c) q[c] = objective.removed[c] ? 0 : q[c] / kept;
      break;
    }
    case Target::kExplicit:
      for (std::size_t c = 0; c < classes; ++c)
        q[c] = (*objective.distributions)[row * classes + c];
      break;
  }
  return q;
}

double Reference::loss(const Vector& parameters, std::uint32_t row, const Vector& q) const {
  const Vector z = logits(parameters, row);
  const double largest = *std::max_element(z.begin(), z.end());
  double sum = 0, loss = 0;
  for (const double value : z) sum += std::exp(value - largest);
  for (std::size_t c = 0; c < z.size(); ++c) {
    if (q[c] > 0) loss += q[c] * (std::log(q[c]) - (z[c] - largest - std::log(sum)));
  }
  return loss;
}

Reference::Vector Reference::gradient(const Vector& parameters, std::uint32_t row) const {
  const auto& layers = spec_.model.architecture.layers();
  const std::vector<Vector> values = activations(parameters, row);
  const Vector q = target(parameters, row);
  Vector delta = softmax(values.back());
  const auto& rowWeights = spec_.objective.rowWeights;
  const double weight =
      double{spec_.objective.weight} * (rowWeights ? double{(*rowWeights)[row]} : 1.0);
  for (std::size_t c = 0; c < delta.size(); ++c) {
    delta[c] = weight * (delta[c] - q[c]);
  }

  Vector gradient(parameters.size());
  for (std::size_t l = layers.size(); l-- > 0;) {
    const Layer& layer = layers[l];
    Vector below(layer.inputs, 0.0);
    for (std::size_t o = 0; o < layer.outputs; ++o) {
      gradient[layer.biasOffset + o] = delta[o];
      for (std::size_t k = 0; k < layer.inputs; ++k) {
        const std::size_t at = layer.weightOffset + o * layer.inputs + k;
        gradient[at] = delta[o] * values[l][k];
        if (values[l][k] > 0) below[k] += delta[o] * parameters[at];
      }
    }
    delta = below;
  }
  return gradient;
}

Reference::Vector Reference::meanGradient(const Vector& parameters,
                                          std::span<const std::uint32_t> rows) const {
  Vector mean(parameters.size(), 0.0);
  for (const std::uint32_t row : rows) {
    const Vector one = gradient(parameters, row);
    for (std::size_t i = 0; i < mean.size(); ++i) {
      mean[i] += one[i] / static_cast<double>(rows.size());
    }
  }
  return mean;
}

void Reference::forEachBatch(
    const std::function<void(std::span<const std::uint32_t>)>& visit) const {
  const std::span rows(spec_.plan.rows);
  for (std::uint32_t epoch = 0; epoch < spec_.plan.epochs; ++epoch) {
    for (std::size_t first = 0; first < rows.size(); first += spec_.plan.batchSize) {
      visit(rows.subspan(first, std::min(spec_.plan.batchSize, rows.size() - first)));
    }
  }
}

}  // namespace lethe::test
