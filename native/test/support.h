#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lethe/error.h"
#include "lethe/pass.h"
#include "lethe/philox.h"

namespace lethe::test {

/**
 * The names of all backends of this machine, e.g. "cpu_avx512", as parameters of TEST_P. CUDA is
 * among them on an emulated device, and also on a real one if there is one.
 */
std::vector<std::string> backendNames();
std::unique_ptr<Backend> makeBackend(const std::string& name, std::size_t threads = 2);

/** The instruction sets of this machine, e.g. "avx512", as parameters for what the CPU computes. */
std::vector<std::string> instructionSets();

/** Names tests after their backend or instruction set, for INSTANTIATE_TEST_SUITE_P. */
std::string backendTestName(const testing::TestParamInfo<std::string>& info);

/** A third of kBytes are 0, and four fifths of the sparse ones, as in pictures. */
enum class Features { kBytes, kFloats, kSparseBytes, kSparseFloats };
inline constexpr Features kAllFeatures[] = {Features::kBytes, Features::kFloats,
                                            Features::kSparseBytes, Features::kSparseFloats};
std::string featuresName(Features features);

/** Reproducible random numbers for the tests' data. */
class Random {
 public:
  explicit Random(std::uint64_t seed) : stream_(seed, kPurpose) {}

  std::uint32_t below(std::uint32_t bound) { return stream_.below(bound); }
  /** Uniform in [low, high). */
  float uniform(float low, float high);
  std::vector<float> uniforms(std::size_t count, float low, float high);

 private:
  static constexpr PhiloxPurpose kPurpose{0x7E57};
  PhiloxStream stream_;
};

/** Random features and labels. */
std::shared_ptr<const Dataset> makeDataset(Features features, std::size_t rows, std::size_t columns,
                                           std::size_t classes, std::uint64_t seed = 1);

/** Initial parameters, with the biases of PyTorch's default. */
Model makeModel(std::vector<std::uint32_t> widths, std::uint64_t seed = 1);

/** All rows of the data set in their order, one epoch. */
Plan everyRow(const Dataset& dataset, std::size_t batchSize);

/** Random centres and rates; every fifth rate is 0. */
std::shared_ptr<const InputScaling> makeScaling(std::size_t inputs);

/** A pass of one epoch over all rows of random data. */
PassSpec makeSpec(std::vector<std::uint32_t> widths, Features features, std::size_t rows,
                  std::size_t batchSize, Sink sink, std::uint64_t seed = 1);

/** Random target distributions for every row, with some zeros. */
std::shared_ptr<const std::vector<float>> makeDistributions(std::size_t rows, std::size_t classes,
                                                            std::uint64_t seed = 1);

/**
 * An objective of each kind, with what it needs; the masked one removes class 0, and the explicit
 * one weighs each row, some of them negatively.
 */
Objective makeObjective(Target target, const PassSpec& spec);

PassResult run(const PassSpec& spec, Backend& backend);

/** Whether two vectors are equal bit by bit, which == is not for zeros and NaN. */
testing::AssertionResult sameBits(const std::vector<float>& expected,
                                  const std::vector<float>& actual);

/** The largest |expected - actual|, divided by the largest |expected|. */
double relativeError(const std::vector<double>& expected, const std::vector<float>& actual);

/** Whether action() throws Error with this code and a message that contains `part`. */
template <class Action>
testing::AssertionResult fails(ErrorCode code, const std::string& part, const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    if (error.code() == code && std::string(error.what()).find(part) != std::string::npos) {
      return testing::AssertionSuccess();
    }
    return testing::AssertionFailure() << codeName(error.code()) << ": " << error.what();
  }
  return testing::AssertionFailure() << "nothing was thrown";
}

}  // namespace lethe::test
