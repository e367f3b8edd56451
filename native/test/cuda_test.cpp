// Tests what only CUDA has: layouts, memory, and mishaps. The tests of all backends show that its
// results are the CPU's in every bit.

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <thread>
#include <utility>

#include "cuda/host/backend.h"
#include "cuda/host/device_dataset.h"
#include "cuda/host/parameter_layout.h"
#include "cuda/host/pooling_device.h"
#include "test/emulated_device/emulated_device.h"
#include "test/support.h"

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

TEST(EmulatedCuda, lets_go_of_nothing_in_use_whichever_allocation_fails) {
  PassSpec persistent = trainingSpec(), hardest = trainingSpec(), factors = trainingSpec();
  hardest.plan.hardest = 3;
  factors.sink = KroneckerFactors{};
  factors.plan.epochs = 1;
  for (const PassSpec& spec : {persistent, hardest, factors}) {
    std::size_t allocations = 0;
    while (fails(ErrorCode::kOutOfMemory, "memory",
                 [&] { run(spec, *emulated({.allocations = allocations})); })) {
      ++allocations;
    }
    EXPECT_GT(allocations, 10u);
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

TEST(EmulatedCuda, erases_rows_in_its_copy_of_a_data_set) {
  for (const Features features : {Features::kBytes, Features::kFloats}) {
    const auto device = makeEmulatedDevice();
    cuda::DatasetCache cache;
    const auto dataset = makeDataset(features, 5, 3, 2);
    const std::vector<std::uint32_t> rows{3, 1};
    cache.erase(*device, dataset, rows);  // there is no copy yet
    const auto copy = cache.get(*device, dataset);
    const cuda::Rows stored = copy->rows();
    // The emulated device's memory is that of the host.
    const auto nonzeros = [&](std::size_t row) {
      std::size_t count = copy->labels()[row];
      for (std::size_t i = row * stored.stride; i < (row + 1) * stored.stride; ++i) {
        count += stored.bytes ? stored.bytes[i] != 0 : stored.floats[i] != 0;
      }
      return count;
    };
    std::vector<std::size_t> before(5);
    for (std::size_t row = 0; row < 5; ++row) before[row] = nonzeros(row);
    EXPECT_GT(before[1] + before[3], 0u);
    cache.erase(*device, dataset, rows);
    EXPECT_EQ(cache.get(*device, dataset), copy);
    for (const std::size_t row : {1, 3}) EXPECT_EQ(nonzeros(row), 0u);
    for (const std::size_t row : {0, 2, 4}) EXPECT_EQ(nonzeros(row), before[row]);
  }
}

TEST(PoolingDevice, gives_released_memory_to_who_asks_for_as_much) {
  cuda::PoolingDevice device(makeEmulatedDevice(4, {.memory = 1024}));
  void* first = device.allocate(600);
  EXPECT_TRUE(fails(ErrorCode::kOutOfMemory, "memory", [&] { device.allocate(600); }));
  device.release(first);
  void* again = device.allocate(700);
  EXPECT_EQ(again, first) << "of the same 1,024 bytes";
  device.release(again);
}

TEST(PoolingDevice, gives_all_back_where_memory_does_not_suffice) {
  cuda::PoolingDevice device(makeEmulatedDevice(4, {.memory = 2048}));
  device.release(device.allocate(1024));
  device.releasePinned(device.allocatePinned(1024));
  void* large = device.allocate(2048);
  EXPECT_TRUE(fails(ErrorCode::kOutOfMemory, "memory", [&] { device.allocatePinned(1); }));
  device.release(large);
}

TEST(PoolingDevice, keeps_no_more_than_it_may) {
  auto emulated = makeEmulatedDevice(4, {.memory = 6 * 1024});
  cuda::Device& driver = *emulated;
  cuda::PoolingDevice device(std::move(emulated), 4 * 1024);
  void* large = device.allocate(2048);
  device.release(large);
  std::vector<void*> memories;
  for (int i = 0; i < 5; ++i) memories.push_back(device.allocate(1024));
  for (void* memory : memories) device.release(memory);
  void* rest = driver.allocate(5 * 1024);
  EXPECT_TRUE(fails(ErrorCode::kOutOfMemory, "memory", [&] { driver.allocate(1); }));
  driver.release(rest);
}

TEST(PoolingDevice, gives_nobody_what_another_thread_has) {
  cuda::PoolingDevice device(makeEmulatedDevice());
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 500; ++i) {
        auto* mine = static_cast<int*>(device.allocate(600));
        *mine = thread;
        std::this_thread::yield();
        EXPECT_EQ(*mine, thread);
        device.release(mine);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(PoolingDevice, changes_no_bits) {
  const auto device =
      std::make_shared<CudaDevice>(std::make_unique<cuda::PoolingDevice>(makeEmulatedDevice()));
  for (const Sink& sink :
       {Sink{Sgd{.learningRate = 0.05f}}, Sink{SquaredGradient{}}, Sink{Logits{}}}) {
    for (const std::uint32_t width : {20, 21, 20}) {
      const PassSpec spec = makeSpec({30, width, 10}, Features::kBytes, 310, 140, sink);
      const auto backend = cuda::makeBackend(device, {});
      EXPECT_TRUE(
          sameBits(run(spec, *makeBackend("cpu_plain")).values, run(spec, *backend).values));
    }
  }
}

/** TF32 keeps 11 bits of a factor; gradients also differ where a ReLU near 0 switches. */
double fastTolerance(const Sink& sink) {
  return std::holds_alternative<Logits>(sink) ? 5e-3 : 3e-2;
}

TEST(EmulatedCuda, is_near_in_fast_precision_and_not_equal) {
  for (const Features features : kAllFeatures) {
    PassSpec spec = makeSpec({300, 70, 33, 10}, features, 310, 140, SquaredGradient{});
    for (const Sink& sink : {Sink(Logits{}), Sink(Gradient{}), Sink(SquaredGradient{})}) {
      spec.sink = sink;
      const std::vector<float> exact = run(spec, *makeBackend("cpu_plain")).values;
      const auto device = std::make_shared<CudaDevice>(makeEmulatedDevice());
      const auto fast = cuda::makeBackend(device, {.precision = Precision::kFast});
      const std::vector<float> near = run(spec, *fast).values;
      EXPECT_LT(relativeError({exact.begin(), exact.end()}, near), fastTolerance(sink));
      EXPECT_FALSE(sameBits(exact, near));
    }
  }
}

TEST(EmulatedCuda, lets_go_of_unused_data_sets_where_memory_does_not_suffice) {
  const auto first = makeDataset(Features::kBytes, 100, 16, 2),
             second = makeDataset(Features::kBytes, 100, 16, 2);
  const auto device = makeEmulatedDevice(4, {.memory = 2500});
  cuda::DatasetCache cache;
  cache.get(*device, first);
  const auto held = cache.get(*device, second);
  EXPECT_TRUE(fails(ErrorCode::kOutOfMemory, "memory", [&] { cache.get(*device, first); }));
}

TEST(CudaDevice, computes_the_bits_of_the_cpu_for_runs_of_different_shapes_at_once) {
  if (!cudaStatus().available) GTEST_SKIP() << cudaStatus().description;
  const auto device = openCudaDevice();
  std::vector<PassSpec> specs;
  for (const std::uint32_t width : {20, 60, 300, 512}) {
    specs.push_back(
        makeSpec({300, width, 33, 10}, Features::kBytes, 310, 140, Sgd{.learningRate = 0.05f}));
    specs.back().plan.epochs = 20;
  }
  std::vector<PassResult> results(specs.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    threads.emplace_back([&, i] {
      results[i] = run(specs[i], *makeCudaBackend(device, {.concurrentRuns = specs.size()}));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < specs.size(); ++i) {
    EXPECT_TRUE(sameBits(run(specs[i], *makeBackend("cpu_plain")).values, results[i].values));
  }
}

TEST(CudaDevice, is_near_in_fast_precision) {
  if (!cudaStatus().available) GTEST_SKIP() << cudaStatus().description;
  const PassSpec spec = makeSpec({300, 70, 33, 10}, Features::kBytes, 310, 140, Logits{});
  const std::vector<float> exact = run(spec, *makeBackend("cpu_plain")).values;
  const auto fast = makeCudaBackend(openCudaDevice(), {.precision = Precision::kFast});
  const std::vector<float> near = run(spec, *fast).values;
  EXPECT_LT(relativeError({exact.begin(), exact.end()}, near), fastTolerance(spec.sink));
  EXPECT_FALSE(sameBits(exact, near));
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
