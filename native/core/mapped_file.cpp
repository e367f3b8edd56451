#include "lethe/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "core/bus_errors.h"
#include "lethe/error.h"

namespace lethe {
namespace {

Error ioError(const std::string& path, const char* what) {
  return {ErrorCode::kIo, path + " " + what + ": " + std::generic_category().message(errno)};
}

/** An open file, closed at the end. */
class OpenFile {
 public:
  OpenFile(const std::string& path, int flags) : path_(path) {
    // Without O_NONBLOCK a pipe that nobody writes to would never be open.
    descriptor_ = ::open(path.c_str(), flags | O_NONBLOCK | O_CLOEXEC);
    if (descriptor_ < 0) throw ioError(path, "cannot be opened");
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() { ::close(descriptor_); }

  int descriptor() const { return descriptor_; }
  const std::string& path() const { return path_; }

  struct stat status() const {
    struct stat status {};
    if (fstat(descriptor_, &status) != 0) throw ioError(path_, "cannot be read");
    return status;
  }

 private:
  std::string path_;
  int descriptor_;
};

/** What is another after somebody has written to a file. */
struct Stamp {
  explicit Stamp(const struct stat& status)
      : size(status.st_size), seconds(status.st_mtim.tv_sec), nanoseconds(status.st_mtim.tv_nsec) {}
  bool operator==(const Stamp&) const = default;

  off_t size;
  time_t seconds;
  long nanoseconds;
};

/** The memory of a whole file. */
class Mapping {
 public:
  Mapping(const OpenFile& file, std::size_t size) : size_(size) {
    void* memory = mmap(nullptr, size, PROT_READ, MAP_SHARED, file.descriptor(), 0);
    if (memory == MAP_FAILED) throw ioError(file.path(), "cannot be mapped into memory");
    data_ = static_cast<const std::byte*>(memory);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() { munmap(const_cast<std::byte*>(data_), size_); }

  const std::byte* data() const { return data_; }

 private:
  const std::byte* data_;
  std::size_t size_;
};

std::size_t sizeOf(const OpenFile& file) {
  const struct stat status = file.status();
  if (!S_ISREG(status.st_mode)) {
    throw Error(ErrorCode::kInvalidArgument,
                file.path() + " is not a regular file: only these can be mapped into memory");
  }
  if (status.st_size > 0) return static_cast<std::size_t>(status.st_size);
  throw Error(ErrorCode::kInvalidArgument, file.path() + " is empty");
}

void writeZeros(const OpenFile& file, FileRange range) {
  static constexpr std::array<std::byte, 1 << 16> kZeros{};
  while (range.size > 0) {
    const std::size_t size = std::min(range.size, kZeros.size());
    const ssize_t written =
        pwrite(file.descriptor(), kZeros.data(), size, static_cast<off_t>(range.begin));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) throw ioError(file.path(), "cannot be overwritten");
    range.begin += static_cast<std::size_t>(written);
    range.size -= static_cast<std::size_t>(written);
  }
}

class MappedRegularFile final : public MappedFile {
 public:
  explicit MappedRegularFile(const std::string& path)
      : file_(path, O_RDONLY),
        size_(sizeOf(file_)),
        stamp_(file_.status()),
        mapping_(file_, size_),
        guard_(mapping_.data(), size_) {}

  const std::byte* data() const override { return mapping_.data(); }
  std::size_t size() const override { return size_; }

  void check() const override {
    if (guard_.hasFailed()) {
      throw Error(ErrorCode::kFileChanged,
                  file_.path() + " could not be read: it was truncated, or its disk has failed");
    }
    if (Stamp(file_.status()) == stamp_) return;
    throw Error(ErrorCode::kFileChanged,
                file_.path() + " was written to after it was opened: open it again");
  }

  void erase(std::span<const FileRange> ranges) override {
    check();
    const OpenFile writable(file_.path(), O_WRONLY);
    const struct stat there = writable.status();
    const struct stat mapped = file_.status();
    if (there.st_ino != mapped.st_ino || there.st_dev != mapped.st_dev) {
      throw Error(ErrorCode::kFileChanged, file_.path() +
                                               " is another file than the one that was opened: "
                                               "erase the rows in the new one");
    }
    for (const FileRange& range : ranges) {
      if (range.begin > size_ || range.size > size_ - range.begin) {
        throw Error(ErrorCode::kInvalidArgument, "a range to erase lies beyond the file's end");
      }
    }
    for (const FileRange& range : ranges) writeZeros(writable, range);
    if (fsync(writable.descriptor()) != 0) throw ioError(file_.path(), "cannot be overwritten");
    stamp_ = Stamp(file_.status());
  }

 private:
  OpenFile file_;
  std::size_t size_;
  Stamp stamp_;
  Mapping mapping_;
  BusErrorGuard guard_;
};

}  // namespace

std::shared_ptr<MappedFile> MappedFile::open(const std::string& path) {
  return std::make_shared<MappedRegularFile>(path);
}

}  // namespace lethe
