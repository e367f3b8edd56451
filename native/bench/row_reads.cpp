// Reads the rows of batches in random order from a file in the page cache: as mapped memory, and
// with a call of pread for each row. bench_row_reads [rows] [bytes of a row]

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "bench/timing.h"
#include "lethe/mapped_file.h"
#include "lethe/philox.h"

namespace lethe::bench {
namespace {

constexpr std::size_t kBatch = 64, kBatches = 2000, kRuns = 9;

void measure(const std::string& path, std::size_t rows, std::size_t rowBytes) {
  const auto file = MappedFile::open(path);
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  PhiloxStream random(1, PhiloxPurpose::kBatchOrder);
  std::vector<std::size_t> offsets(kBatch * kBatches);
  for (auto& offset : offsets) {
    offset = random.below(static_cast<std::uint32_t>(rows)) * rowBytes;
  }
  std::vector<std::byte> batch(kBatch * rowBytes);
  const auto nanosecondsARow = [&](const auto& read) {
    const Times times = timeRuns(kRuns, [&] {
      for (std::size_t i = 0; i < offsets.size(); ++i) {
        read(batch.data() + i % kBatch * rowBytes, offsets[i]);
      }
    });
    return times.median * 1e9 / static_cast<double>(offsets.size());
  };
  const double mapped = nanosecondsARow(
      [&](std::byte* to, std::size_t offset) { std::memcpy(to, file->data() + offset, rowBytes); });
  const double read = nanosecondsARow([&](std::byte* to, std::size_t offset) {
    if (pread(descriptor, to, rowBytes, static_cast<off_t>(offset)) < 0) std::abort();
  });
  ::close(descriptor);
  std::printf("{\"rows\": %zu, \"rowBytes\": %zu, \"mappedNs\": %.0f, \"preadNs\": %.0f}\n", rows,
              rowBytes, mapped, read);
}

}  // namespace
}  // namespace lethe::bench

int main(int count, char** arguments) {
  const std::size_t rows = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 500'000;
  const std::size_t rowBytes = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 1536;
  const auto path =
      std::filesystem::temp_directory_path() / ("lethe-reads-" + std::to_string(getpid()));
  {
    std::ofstream file(path, std::ios::binary);
    const std::vector<char> row(rowBytes, 1);
    for (std::size_t i = 0; i < rows; ++i)
      file.write(row.data(), static_cast<std::streamsize>(rowBytes));
  }
  lethe::bench::measure(path, rows, rowBytes);
  std::filesystem::remove(path);
}
