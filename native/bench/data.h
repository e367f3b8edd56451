#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "lethe/dataset.h"

namespace lethe::bench {

/** Random bytes, of which the share `density` is not 0, with random labels. */
std::shared_ptr<const Dataset> randomBytes(std::size_t rows, std::size_t columns, double density,
                                           std::size_t classes);

struct TrainAndTest {
  std::string name;  ///< for people: what was measured
  std::shared_ptr<const Dataset> train;
  std::shared_ptr<const Dataset> test;
};

/** MNIST from its four files in a folder, not compressed. Throws kInvalidArgument. */
TrainAndTest readMnist(const std::string& folder);

/** Random bytes of MNIST's shape and density: they take as long, but hold nothing to learn. */
TrainAndTest randomOfMnistsShape();

}  // namespace lethe::bench
