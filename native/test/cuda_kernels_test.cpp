// Compares kernels of every shape on an emulated device with the CPU's bits; tests the choices.

#include <gtest/gtest.h>

#include <ostream>
#include <utility>

#include "cuda/host/backend.h"
#include "cuda/host/device_dataset.h"
#include "cuda/host/parameter_layout.h"
#include "cuda/host/persistent_run.h"
#include "cuda/host/tile_choice.h"
#include "cuda/kernels/chip_layout.h"
#include "cuda/kernels/tile.h"
#include "test/emulated_device/emulated_device.h"
#include "test/support.h"

namespace lethe::test {
namespace {

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

/** Rows and widths for which all products on one multiprocessor take tiles of the same shape. */
struct TileCase {
  std::string name;
  std::size_t tiles;
  std::size_t rows;
  std::vector<std::uint32_t> widths;
};

void PrintTo(const TileCase& tiles, std::ostream* out) { *out << tiles.name; }

class Tiles : public testing::TestWithParam<TileCase> {};

TEST_P(Tiles, have_the_bits_of_the_cpu) {
  const auto& [name, tiles, rows, widths] = GetParam();
  const auto device = std::make_shared<CudaDevice>(makeEmulatedDevice(1));
  const cuda::KernelSet& kernels = device->device->kernels();
  for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
    EXPECT_EQ(&cuda::tilesFor(kernels, rows, widths[l], 1), &kernels.tiles[tiles]);
    EXPECT_EQ(&cuda::tilesFor(kernels, rows, widths[l + 1], 1), &kernels.tiles[tiles]);
    EXPECT_EQ(&cuda::tilesFor(kernels, widths[l + 1], widths[l], 1), &kernels.tiles[tiles]);
  }
  const auto graph = cuda::makeBackend(device, {.execution = CudaExecution::kGraph});
  const auto cpu = makeBackend("cpu_plain");
  for (const Features features : {Features::kBytes, Features::kFloats}) {
    for (const Sink& sink : {Sink{Sgd{.learningRate = 0.05f}}, Sink{SquaredGradient{}}}) {
      const PassSpec spec = makeSpec(widths, features, 2 * rows - 1, rows, sink);
      EXPECT_TRUE(sameBits(run(spec, *cpu).values, run(spec, *graph).values));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(OfAllShapes, Tiles,
                         testing::Values(TileCase{"small", 0, 30, {30, 31, 29}},
                                         TileCase{"medium", 1, 60, {61, 62, 59}},
                                         TileCase{"large", 2, 250, {260, 250, 254}}),
                         [](const auto& info) { return info.param.name; });

TEST(OwnOutputs, belong_to_one_block_each) {
  for (const std::size_t outputs : {1, 4, 70, 512, 1000}) {
    for (const std::size_t blocks : {1, 5, 22, 132}) {
      std::size_t next = 0;
      for (std::size_t block = 0; block < blocks; ++block) {
        const auto [first, count] = cuda::ownOutputs(outputs, blocks, block);
        EXPECT_EQ(first, next);
        EXPECT_LE(count, cuda::outputsPerBlock(outputs, blocks));
        next += count;
      }
      EXPECT_EQ(next, outputs);
    }
  }
}

PassSpec training() {
  return makeSpec({30, 20, 10}, Features::kBytes, 310, 140, Sgd{.learningRate = 0.05f});
}

TEST(PersistentKernel, says_what_keeps_a_job_from_it) {
  const auto refuses = [](PassSpec spec, Precision precision, const std::string& part) {
    const auto device = std::make_shared<CudaDevice>(makeEmulatedDevice());
    const auto backend = cuda::makeBackend(
        device, {.precision = precision, .execution = CudaExecution::kPersistent});
    return fails(ErrorCode::kInvalidArgument, part, [&] { run(spec, *backend); });
  };
  const Sgd sgd{.learningRate = 0.1f};
  EXPECT_TRUE(refuses(makeSpec({5, 3}, Features::kBytes, 9, 4, sgd), Precision::kExact, "layers"));
  EXPECT_TRUE(refuses(training(), Precision::kFast, "exact"));
  EXPECT_TRUE(refuses(makeSpec({5, 4, 3}, Features::kBytes, 9, 4, Logits{}), Precision::kExact,
                      "one value per parameter"));
  EXPECT_TRUE(refuses(makeSpec({4000, 400, 3}, Features::kBytes, 9, 4, sgd), Precision::kExact,
                      "shared memory"));
  EXPECT_TRUE(refuses(makeSpec({4097, 4, 3}, Features::kFloats, 9, 1, sgd), Precision::kExact,
                      "16384 bytes"));
  PassSpec hardest = training();
  hardest.plan.hardest = 3;
  EXPECT_TRUE(refuses(hardest, Precision::kExact, "hardest"));
}

bool choosesPersistent(const PassSpec& spec, std::size_t processors,
                       const CudaOptions& options = {}) {
  const auto device = makeEmulatedDevice(processors);
  const cuda::DeviceDataset dataset(*device, *spec.dataset);
  const Job job{spec.model, spec.dataset, spec.objective, spec.sink, spec.plan};
  return cuda::PersistentRun::isChosen(job, cuda::ParameterLayout(spec.model.architecture),
                                       dataset.rows(), *device, options);
}

TEST(PersistentKernel, is_chosen_where_it_is_quick) {
  const auto chooses = [](std::vector<std::uint32_t> widths, std::size_t batch,
                          std::size_t concurrentRuns = 1) {
    return choosesPersistent(
        makeSpec(std::move(widths), Features::kBytes, 2000, batch, Sgd{.learningRate = 0.1f}), 132,
        {.concurrentRuns = concurrentRuns});
  };
  EXPECT_TRUE(chooses({784, 512, 128, 10}, 128)) << "the reference study's network";
  EXPECT_TRUE(chooses({784, 512, 128, 10}, 128, 6)) << "six at once";
  EXPECT_FALSE(chooses({784, 512, 128, 10}, 512)) << "a batch that does not fit on chip";
  EXPECT_FALSE(chooses({784, 512, 512, 10}, 128)) << "a large second layer";
  EXPECT_FALSE(chooses({64, 128, 1000}, 64)) << "many classes";
  EXPECT_TRUE(choosesPersistent(training(), 5)) << "as the tests of all backends count on";
}

/** A shape for which the persistent kernel uses its memory in another way. */
struct ChipCase {
  std::string name;
  std::size_t processors;
  std::vector<std::uint32_t> widths;
  Features features;
  std::size_t rows, batch;
  bool stateOnChip = true;
};

void PrintTo(const ChipCase& chip, std::ostream* out) { *out << chip.name; }

class PersistentKernelTest : public testing::TestWithParam<ChipCase> {
 protected:
  PersistentKernelTest()
      : device_(std::make_shared<CudaDevice>(makeEmulatedDevice(shape().processors))) {}

  static const ChipCase& shape() { return GetParam(); }
  static PassSpec spec(Sink sink) {
    PassSpec spec =
        makeSpec(shape().widths, shape().features, shape().rows, shape().batch, std::move(sink));
    spec.plan.epochs = 2;
    return spec;
  }
  void expectBitsOfCpu(const PassSpec& spec) const {
    const auto persistent = cuda::makeBackend(device_, {.execution = CudaExecution::kPersistent});
    const PassResult expected = run(spec, *makeBackend("cpu_plain"));
    const PassResult actual = run(spec, *persistent);
    EXPECT_TRUE(sameBits(expected.values, actual.values));
    EXPECT_EQ(expected.epochLoss, actual.epochLoss);
  }

  std::shared_ptr<CudaDevice> device_;
};

TEST_P(PersistentKernelTest, has_room_for_the_state_or_not) {
  const std::size_t value = shape().features == Features::kBytes ? 1 : sizeof(float);
  const cuda::ChipLayout chip(shape().widths[1], cuda::alignedWidth(shape().widths[0]),
                              shape().processors, shape().batch, shape().widths[0] * value);
  const cuda::Device& device = *device_->device;
  EXPECT_EQ(device.kernels().persistentTileBytes + chip.bytes <= device.sharedBytesPerBlock(),
            shape().stateOnChip);
}

TEST_P(PersistentKernelTest, has_the_bits_of_the_cpu_in_every_sink) {
  const std::size_t parameters = spec(Gradient{}).model.architecture.parameterCount();
  const auto fisher =
      std::make_shared<const ParameterVector>(Random(5).uniforms(parameters, 0, 0.1f));
  const Sink sinks[] = {Sgd{.learningRate = 0.05f, .momentum = 0.9f},
                        ClampedFisher{fisher, 0.1f, 0.01f, 0.05f}, Gradient{},
                        SquaredGradient{FisherMode::kPerRow}, SquaredGradient{FisherMode::kBatch}};
  for (const Sink& sink : sinks) expectBitsOfCpu(spec(sink));
}

TEST_P(PersistentKernelTest, has_the_bits_of_the_cpu_towards_every_target) {
  for (const Target target : {Target::kUniform, Target::kMasked, Target::kExplicit}) {
    PassSpec towards = spec(Sgd{.learningRate = 0.05f});
    towards.objective = makeObjective(target, towards);
    expectBitsOfCpu(towards);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, PersistentKernelTest,
    testing::Values(
        ChipCase{"blocks_without_outputs", 9, {32, 20, 10}, Features::kBytes, 70, 33},
        ChipCase{"more_outputs_than_one_four", 2, {32, 30, 10}, Features::kFloats, 70, 33},
        ChipCase{"more_rows_than_threads", 5, {64, 20, 12, 10}, Features::kBytes, 400, 150},
        ChipCase{"more_inputs_than_threads_have", 5, {1104, 12, 10}, Features::kFloats, 30, 13},
        ChipCase{"rows_as_long_as_they_may_be", 5, {4096, 12, 3}, Features::kFloats, 7, 3},
        ChipCase{"batches_of_one_row", 3, {48, 20, 10}, Features::kBytes, 5, 1},
        ChipCase{"one_hidden_unit", 3, {17, 1, 2}, Features::kBytes, 20, 7},
        ChipCase{"four_layers", 3, {48, 20, 9, 7, 3}, Features::kBytes, 70, 33},
        ChipCase{
            "more_classes_than_fit_the_tiles_memory", 3, {48, 8, 1000}, Features::kBytes, 9, 5},
        ChipCase{"state_outside", 1, {784, 32, 10}, Features::kBytes, 30, 13, false}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace lethe::test
