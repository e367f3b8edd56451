#include "bench/data.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "bench/idx.h"
#include "lethe/error.h"
#include "lethe/philox.h"

namespace lethe::bench {
namespace {

constexpr std::size_t kPixels = 784, kClasses = 10;
constexpr std::size_t kTrainRows = 60000, kTestRows = 10000;
constexpr double kDensity = 0.19;

/** pixel / 255 with mean 0.1307 and standard deviation 0.3081. */
constexpr AffineMap kNormalization = {static_cast<float>(1 / (255 * 0.3081)),
                                      static_cast<float>(-0.1307 / 0.3081)};

std::shared_ptr<const Dataset> readPart(const std::string& prefix) {
  IdxArray images = readIdx(prefix + "-images-idx3-ubyte");
  const IdxArray labels = readIdx(prefix + "-labels-idx1-ubyte");
  if (images.values.size() != labels.values.size() * kPixels) {
    throw Error(ErrorCode::kInvalidArgument,
                prefix + "-*: there must be 784 pixels for each label");
  }
  return Dataset::fromBytes(std::move(images.values), kNormalization,
                            {labels.values.begin(), labels.values.end()}, kPixels, kClasses);
}

}  // namespace

std::shared_ptr<const Dataset> randomBytes(std::size_t rows, std::size_t columns, double density,
                                           std::size_t classes) {
  PhiloxStream random(1, PhiloxPurpose::kBatchOrder);
  std::vector<std::uint8_t> features(rows * columns);
  for (auto& value : features) {
    const bool zero = random.below(1000) >= density * 1000;
    value = zero ? 0 : static_cast<std::uint8_t>(1 + random.below(255));
  }
  std::vector<std::uint32_t> labels(rows);
  for (auto& label : labels) label = random.below(static_cast<std::uint32_t>(classes));
  return Dataset::fromBytes(std::move(features), {1 / 255.0f, -0.5f}, std::move(labels), columns,
                            classes);
}

TrainAndTest readMnist(const std::string& folder) {
  return {"MNIST", readPart(folder + "/train"), readPart(folder + "/t10k")};
}

TrainAndTest randomOfMnistsShape() {
  return {"random bytes of MNIST's shape, 19 % not 0",
          randomBytes(kTrainRows, kPixels, kDensity, kClasses),
          randomBytes(kTestRows, kPixels, kDensity, kClasses)};
}

}  // namespace lethe::bench
