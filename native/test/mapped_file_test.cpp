#include "lethe/mapped_file.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "lethe/error.h"
#include "test/support.h"

namespace lethe::test {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kSize = 64 * kPage + 100;

class MappedFiles : public ::testing::Test {
 protected:
  MappedFiles() {
    std::string name = (std::filesystem::temp_directory_path() / "lethe-map-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    write(path(), kSize);
  }
  ~MappedFiles() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name = "rows") const { return folder_ + "/" + name; }

  static char contentAt(std::size_t i) { return static_cast<char>(1 + i % 127); }

  static void write(const std::string& path, std::size_t size) {
    std::string content(size, '\0');
    for (std::size_t i = 0; i < size; ++i) content[i] = contentAt(i);
    std::ofstream(path, std::ios::binary) << content;
  }

  static int at(const MappedFile& file, std::size_t i) {
    return std::to_integer<int>(file.data()[i]);
  }

 private:
  std::string folder_;
};

TEST_F(MappedFiles, have_the_bytes_of_the_file) {
  const auto file = MappedFile::open(path());
  ASSERT_EQ(file->size(), kSize);
  for (std::size_t i = 0; i < kSize; ++i) ASSERT_EQ(at(*file, i), contentAt(i)) << i;
  file->check();
}

TEST_F(MappedFiles, refuse_what_cannot_be_mapped) {
  EXPECT_TRUE(fails(ErrorCode::kIo, "", [&] { MappedFile::open(path("missing")); }));
  EXPECT_TRUE(fails(ErrorCode::kInvalidArgument, "", [&] { MappedFile::open(path("")); }));
  write(path("empty"), 0);
  EXPECT_TRUE(fails(ErrorCode::kInvalidArgument, "", [&] { MappedFile::open(path("empty")); }));
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_TRUE(fails(ErrorCode::kInvalidArgument, "", [&] { MappedFile::open(path("pipe")); }));
  EXPECT_TRUE(fails(ErrorCode::kInvalidArgument, "", [&] { MappedFile::open("/dev/zero"); }));
}

TEST_F(MappedFiles, read_zeros_where_the_file_was_truncated) {
  const auto file = MappedFile::open(path());
  std::filesystem::resize_file(path(), 3 * kPage);
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 4; ++reader) {
    readers.emplace_back([&] {
      for (std::size_t i = 3 * kPage; i < kSize; ++i) ASSERT_EQ(at(*file, i), 0) << i;
    });
  }
  for (std::thread& reader : readers) reader.join();
  for (std::size_t i = 0; i < 3 * kPage; ++i) ASSERT_EQ(at(*file, i), contentAt(i)) << i;
  EXPECT_TRUE(fails(ErrorCode::kFileChanged, "", [&] { file->check(); }));

  // Nor is it whole again when the file has its length again.
  std::filesystem::resize_file(path(), kSize);
  EXPECT_TRUE(fails(ErrorCode::kFileChanged, "", [&] { file->check(); }));
}

TEST_F(MappedFiles, see_that_somebody_wrote_to_the_file) {
  // File systems count time in steps of some milliseconds.
  std::filesystem::last_write_time(
      path(), std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  const auto file = MappedFile::open(path());
  std::fstream(path(), std::ios::binary | std::ios::in | std::ios::out).seekp(10).put('x');
  EXPECT_TRUE(fails(ErrorCode::kFileChanged, "", [&] { file->check(); }));
  MappedFile::open(path())->check();
}

TEST_F(MappedFiles, keep_a_file_that_is_replaced_or_removed) {
  const auto file = MappedFile::open(path());
  write(path("other"), 7);
  std::filesystem::rename(path("other"), path());
  file->check();
  EXPECT_EQ(at(*file, kSize - 1), contentAt(kSize - 1));
  std::filesystem::remove(path());
  file->check();
}

TEST_F(MappedFiles, erase_ranges) {
  const auto file = MappedFile::open(path());
  const std::vector<FileRange> ranges{{5, 3}, {kPage, 40 * kPage + 1}, {kSize - 1, 1}};
  file->erase(ranges);
  file->check();
  const auto isErased = [&](std::size_t i) {
    return std::any_of(ranges.begin(), ranges.end(), [&](const FileRange& range) {
      return i >= range.begin && i - range.begin < range.size;
    });
  };
  const auto again = MappedFile::open(path());
  ASSERT_EQ(again->size(), kSize);
  for (std::size_t i = 0; i < kSize; ++i) {
    ASSERT_EQ(at(*file, i), isErased(i) ? 0 : contentAt(i)) << i;
    ASSERT_EQ(at(*again, i), at(*file, i)) << i;
  }
}

TEST_F(MappedFiles, erase_nothing_in_another_file) {
  const auto file = MappedFile::open(path());
  const std::vector<FileRange> beyond{{0, 1}, {kSize, 1}};
  EXPECT_TRUE(fails(ErrorCode::kInvalidArgument, "", [&] { file->erase(beyond); }));
  EXPECT_EQ(at(*file, 0), contentAt(0));

  const std::vector<FileRange> first{{0, 1}};
  write(path("other"), kSize);
  std::filesystem::rename(path("other"), path());
  EXPECT_TRUE(fails(ErrorCode::kFileChanged, "", [&] { file->erase(first); }));
  EXPECT_EQ(at(*MappedFile::open(path()), 0), contentAt(0));
  std::filesystem::remove(path());
  EXPECT_TRUE(fails(ErrorCode::kIo, "", [&] { file->erase(first); }));
}

TEST_F(MappedFiles, leave_other_bus_errors_alone) {
  const auto file = MappedFile::open(path());
  const auto faultElsewhere = [&] {
    write(path("unguarded"), kPage);
    std::FILE* other = std::fopen(path("unguarded").c_str(), "r");
    void* memory = mmap(nullptr, kPage, PROT_READ, MAP_SHARED, fileno(other), 0);
    std::filesystem::resize_file(path("unguarded"), 0);
    std::exit(static_cast<volatile char*>(memory)[0]);
  };
  EXPECT_DEATH(faultElsewhere(), "");
}

TEST_F(MappedFiles, call_the_handler_that_was_there_before) {
  const auto faultElsewhere = [&] {
    // Handlers are kept for the process, so that the first mapping must be made in the child.
    std::signal(SIGBUS, [](int) { std::_Exit(42); });
    const auto file = MappedFile::open(path());
    std::filesystem::resize_file(path(), 0);
    if (at(*file, 0) != 0) std::_Exit(1);
    std::raise(SIGBUS);
  };
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(faultElsewhere(), ::testing::ExitedWithCode(42), "");
}

}  // namespace
}  // namespace lethe::test
