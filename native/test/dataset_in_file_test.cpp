// Data sets whose features stay in a mapped file.

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "lethe/column_statistics.h"
#include "lethe/map_rows.h"
#include "test/support.h"

namespace lethe::test {
namespace {

constexpr std::size_t kBegin = 64, kRows = 300, kColumns = 70, kClasses = 5;

class DatasetsInFiles : public ::testing::TestWithParam<std::string> {
 protected:
  DatasetsInFiles() {
    std::string name = (std::filesystem::temp_directory_path() / "lethe-rows-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~DatasetsInFiles() override { std::filesystem::remove_all(folder_); }

  std::string path() const { return folder_ + "/rows"; }

  /** Writes the features of the data set from kBegin on, and one more row of bytes after them. */
  void write(const Dataset& dataset) const {
    std::vector<std::uint32_t> all(dataset.rows());
    std::iota(all.begin(), all.end(), 0u);
    std::vector<std::byte> content(kBegin + (dataset.rows() + 1) * dataset.rowBytes(),
                                   std::byte{0x55});
    dataset.copyRows(all, content.data() + kBegin);
    std::ofstream(path(), std::ios::binary)
        .write(reinterpret_cast<const char*>(content.data()),
               static_cast<std::streamsize>(content.size()));
  }

  std::shared_ptr<Dataset> opened(const Dataset& source) const {
    std::vector<std::uint32_t> labels;
    for (std::size_t row = 0; row < source.rows(); ++row) labels.push_back(source.label(row));
    const FeaturesInFile features{MappedFile::open(path()), kBegin};
    return source.byteFeatures()
               ? Dataset::bytesInFile(features, source.map(), labels, source.columns(),
                                      source.classes())
               : Dataset::floatsInFile(features, labels, source.columns(), source.classes());
  }

  /** Overwrites the file in place; its length stays. */
  void overwrite(char value) const {
    const auto size = static_cast<std::streamsize>(std::filesystem::file_size(path()));
    std::fstream file(path(), std::ios::binary | std::ios::in | std::ios::out);
    const std::string content(static_cast<std::size_t>(size), value);
    file.write(content.data(), size);
    file.close();
    // Within a tick of the system's clock a file could be written to twice at the same time.
    std::filesystem::last_write_time(
        path(), std::filesystem::last_write_time(path()) + std::chrono::seconds(1));
  }

  std::string content() const {
    std::ifstream file(path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  std::string folder_;
};

Sgd sgd() { return {.learningRate = Schedule(0.05f)}; }

TEST_P(DatasetsInFiles, train_with_the_bits_of_those_in_memory) {
  const auto backend = makeBackend(GetParam());
  for (const Features features : kAllFeatures) {
    PassSpec spec = makeSpec({kColumns, 20, kClasses}, features, kRows, 32, sgd());
    write(*spec.dataset);
    const auto expected = run(spec, *backend);
    spec.dataset = opened(*spec.dataset);
    EXPECT_TRUE(sameBits(expected.values, run(spec, *backend).values)) << featuresName(features);
  }
}

// A run must stay within its memory, whatever is in the file after its nonzeros were counted.
TEST_P(DatasetsInFiles, end_a_run_whose_file_is_overwritten) {
  const auto backend = makeBackend(GetParam());
  for (const Features features : kAllFeatures) {
    for (const char value : {'\0', '\1', '\x40', '\xff'}) {
      PassSpec spec = makeSpec({kColumns, 20, kClasses}, features, kRows, 32, sgd());
      write(*spec.dataset);
      spec.dataset = opened(*spec.dataset);
      Control control;
      control.onProgress = [&](const Progress& progress) {
        if (progress.step == 0) overwrite(value);
      };
      EXPECT_TRUE(fails(ErrorCode::kFileChanged, path(), [&] { pass(*backend, spec, control); }))
          << featuresName(features);
    }
  }
}

TEST_P(DatasetsInFiles, end_a_run_whose_file_is_truncated) {
  const auto backend = makeBackend(GetParam());
  for (const Features features : kAllFeatures) {
    PassSpec spec = makeSpec({kColumns, 20, kClasses}, features, kRows, 32, sgd());
    write(*spec.dataset);
    spec.dataset = opened(*spec.dataset);
    spec.plan.epochs = 1'000'000;
    Control control;
    control.onProgress = [&](const Progress& progress) {
      if (progress.step == 0) std::filesystem::resize_file(path(), kBegin + 5);
    };
    EXPECT_TRUE(fails(ErrorCode::kFileChanged, path(), [&] { pass(*backend, spec, control); }))
        << featuresName(features);
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, DatasetsInFiles, ::testing::ValuesIn(backendNames()),
                         backendTestName);

class DatasetInFile : public DatasetsInFiles {};
INSTANTIATE_TEST_SUITE_P(Once, DatasetInFile, ::testing::Values(""),
                         [](const auto&) { return "once"; });

TEST_P(DatasetInFile, takes_no_memory_for_its_features) {
  const auto source = makeDataset(Features::kFloats, kRows, kColumns, kClasses);
  write(*source);
  EXPECT_EQ(opened(*source)->bytes(), kRows * 2 * sizeof(std::uint32_t));
}

TEST_P(DatasetInFile, is_refused_unless_its_features_are_in_the_file) {
  const auto source = makeDataset(Features::kFloats, kRows, kColumns, kClasses);
  write(*source);
  const auto file = MappedFile::open(path());
  const std::vector<std::uint32_t> labels(kRows);
  const auto refused = [&](std::size_t begin, std::size_t columns) {
    return fails(ErrorCode::kInvalidArgument, "in the file", [&] {
      Dataset::floatsInFile({file, begin}, labels, columns, kClasses);
    });
  };
  EXPECT_TRUE(refused(kBegin + 2, kColumns));
  EXPECT_TRUE(refused(kBegin + 2 * kColumns * sizeof(float), kColumns));
  EXPECT_TRUE(refused(std::numeric_limits<std::size_t>::max() - 3, kColumns));
  EXPECT_TRUE(refused(kBegin, std::numeric_limits<std::size_t>::max() / kRows + 2));
  EXPECT_TRUE(fails(ErrorCode::kInvalidArgument, "one label a row", [&] {
    Dataset::floatsInFile({file, kBegin}, {}, kColumns, kClasses);
  }));
}

TEST_P(DatasetInFile, is_refused_with_a_feature_that_is_not_finite) {
  const auto source = makeDataset(Features::kFloats, kRows, kColumns, kClasses);
  write(*source);
  overwrite('\xff');
  EXPECT_TRUE(fails(ErrorCode::kInvalidArgument, "row 0, column 0 is not finite",
                    [&] { opened(*source); }));
}

TEST_P(DatasetInFile, erases_its_rows_and_what_else_the_file_says_of_them) {
  const auto source = makeDataset(Features::kBytes, kRows, kColumns, kClasses);
  write(*source);
  const std::string before = content();
  const auto dataset = opened(*source);
  const std::vector<std::uint32_t> rows{3, 4, 299};
  EXPECT_EQ(dataset->rowsWithContent(rows), rows);
  dataset->erase(rows, {.marks = {{7, 1}}, .others = {{20, 4}}});
  std::string expected = before;
  expected.replace(7, 1, 1, '\0').replace(20, 4, 4, '\0');
  for (const std::uint32_t row : rows) {
    expected.replace(kBegin + row * kColumns, kColumns, kColumns, '\0');
    EXPECT_EQ(dataset->label(row), 0u);
    EXPECT_EQ(dataset->nonzeros(row), 0u);
  }
  EXPECT_EQ(content(), expected);
  EXPECT_TRUE(dataset->rowsWithContent(rows).empty());
  dataset->checkFile();
}

TEST_P(DatasetInFile, keeps_its_rows_where_they_are) {
  const auto source = makeDataset(Features::kBytes, kRows, kColumns, kClasses);
  write(*source);
  std::vector<std::uint32_t> order(kRows);
  std::iota(order.rbegin(), order.rend(), 0u);
  EXPECT_TRUE(fails(ErrorCode::kInvalidArgument, "keep their order",
                    [&] { opened(*source)->arrange(order); }));
}

TEST_P(DatasetInFile, is_checked_by_everything_that_reads_it) {
  const auto source = makeDataset(Features::kFloats, kRows, kColumns, kClasses);
  write(*source);
  const auto dataset = opened(*source);
  const std::vector<std::uint32_t> rows{0, 1, 2};
  const std::vector<double> ones(kColumns, 1);
  const std::vector<std::uint32_t> column{0};
  const std::vector<float> weight{1}, bias{0};
  overwrite('\1');
  const auto isChanged = [&](const auto& read) { return fails(ErrorCode::kFileChanged, "", read); };
  EXPECT_TRUE(isChanged([&] { columnStatistics(*dataset, rows, 2); }));
  EXPECT_TRUE(isChanged([&] { squaredNorms(*dataset, rows, ones, ones, 2); }));
  EXPECT_TRUE(isChanged([&] { scaledColumns(*dataset, rows, {{0}, {0}, {1}}); }));
  EXPECT_TRUE(isChanged([&] {
    Control control;
    mapRows(*makeBackend("cpu_plain"), dataset, rows, {column, weight, bias}, 2, control);
  }));
}

}  // namespace
}  // namespace lethe::test
