// What is CUDA's own: layouts, tiles, and mishaps. That its results are the CPU's in every bit is
// tested where all backends are.

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "backend.h"
#include "emulated_device/emulated_device.h"
#include "parameter_layout.h"
#include "support.h"
#include "tile.h"

namespace lethe::test {
namespace {

TEST(ParameterLayout, keeps_rows_aligned_and_values) {
  const Architecture architecture({7, 5, 3});
  const cuda::ParameterLayout layout(architecture);
  ParameterVector values(architecture.parameterCount());
  std::iota(values.begin(), values.end(), 1.0f);
  std::vector<float> packed(layout.size(), -1);
  layout.pack(values, packed.data());
  EXPECT_EQ(layout.stride(0), 8u);
  EXPECT_EQ(layout.weights(1) % 4, 0u);
  EXPECT_EQ(packed[7], 0) << "padding";
  EXPECT_EQ(packed[8], values[7]) << "the second row";
  EXPECT_EQ(layout.unpack(packed.data()), values);
}

template <class Shape>
class TileShapeTest : public testing::Test {};
using Shapes = testing::Types<cuda::SmallTile, cuda::MediumTile, cuda::LargeTile>;
TYPED_TEST_SUITE(TileShapeTest, Shapes);

TYPED_TEST(TileShapeTest, gives_every_output_to_one_thread) {
  std::vector<int> owners(TypeParam::kM * TypeParam::kN);
  for (int thread = 0; thread < TypeParam::kThreads; ++thread) {
    for (int i = 0; i < TypeParam::kThreadM; ++i) {
      for (int g = 0; g < TypeParam::kThreadN / 4; ++g) {
        for (int j = 0; j < 4; ++j) {
          ++owners[TypeParam::rowOf(thread, i) * TypeParam::kN + TypeParam::columnOf(thread, g) +
                   j];
        }
      }
    }
  }
  EXPECT_EQ(owners, std::vector<int>(owners.size(), 1));
}

TEST(CudaDevice, is_tested_with_every_backend) {
  const CudaStatus status = cudaStatus();
  if (!status.available) {
    EXPECT_TRUE(fails(ErrorCode::kNoDevice, status.description, [] { openCudaDevice(); }));
    GTEST_SKIP() << status.description;
  }
  const auto names = backendNames();
  EXPECT_NE(std::find(names.begin(), names.end(), "cuda"), names.end());
}

PassSpec trainingSpec(std::uint32_t epochs = 2) {
  PassSpec spec = makeSpec({30, 20, 10}, Features::kBytes, 310, 140,
                           Sgd{.learningRate = 0.05f, .momentum = 0.9f});
  spec.plan.epochs = epochs;
  spec.plan.shuffleSeed = 42;
  return spec;
}

std::unique_ptr<Backend> emulated(const Mishaps& mishaps) {
  return cuda::makeBackend(std::make_shared<CudaDevice>(makeEmulatedDevice(4, mishaps)), {});
}

TEST(EmulatedCuda, replays_graphs_with_the_bits_of_the_cpu) {
  const PassSpec spec = trainingSpec(5);
  const PassResult expected = run(spec, *makeBackend("cpu_plain"));
  const PassResult actual = run(spec, *emulated({}));
  EXPECT_TRUE(sameBits(expected.values, actual.values));
  EXPECT_EQ(expected.epochLoss, actual.epochLoss);
}

TEST(EmulatedCuda, says_what_to_do_where_memory_does_not_suffice) {
  const PassSpec spec = trainingSpec();
  const std::size_t data = 310 * (32 + 4);
  for (const std::size_t memory : {std::size_t{0}, data, data + 5000}) {
    EXPECT_TRUE(fails(ErrorCode::kOutOfMemory, "memory", [&] {
      run(spec, *emulated({.memory = memory}));
    })) << memory;
  }
}

TEST(EmulatedCuda, ends_a_run_whose_device_is_lost) {
  for (const std::size_t launches : {0, 1, 4}) {
    EXPECT_TRUE(fails(ErrorCode::kDeviceFailed, "lost", [&] {
      run(trainingSpec(), *emulated({.launches = launches}));
    })) << launches;
  }
}

TEST(EmulatedCuda, keeps_a_data_set_as_long_as_it_lives) {
  const auto device = makeEmulatedDevice();
  cuda::DatasetCache cache;
  auto dataset = makeDataset(Features::kBytes, 5, 3, 2);
  auto first = cache.get(*device, dataset);
  EXPECT_EQ(cache.get(*device, dataset), first);
  const std::weak_ptr<const cuda::DeviceDataset> copy = std::exchange(first, nullptr);
  dataset.reset();
  cache.get(*device, makeDataset(Features::kBytes, 5, 3, 2));
  EXPECT_TRUE(copy.expired());
}

TEST(CudaOptions, are_checked) {
  const auto device = std::make_shared<CudaDevice>(makeEmulatedDevice());
  for (const std::size_t runs : {0, 1025}) {
    EXPECT_TRUE(fails(ErrorCode::kInvalidArgument, "concurrentRuns",
                      [&] { cuda::makeBackend(device, {.concurrentRuns = runs}); }));
  }
  EXPECT_TRUE(fails(ErrorCode::kInvalidArgument, "device", [] { cuda::makeBackend({}, {}); }));
}

}  // namespace
}  // namespace lethe::test
