#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace lethe {

/** A range of bytes in a file. */
struct FileRange {
  std::size_t begin;
  std::size_t size;
};

/**
 * A file that is read as if it were memory. Processes that map the same file share one copy, and
 * what is not in use need not be in memory.
 *
 * Where the file cannot be read, because it was truncated or its disk fails, zeros stand in its
 * place and the process goes on: whoever has read from it must `check` it before using the result.
 */
class MappedFile {
 public:
  /**
   * Maps a whole file. Throws kIo; kInvalidArgument: an empty file, or none that can be mapped,
   * such as a folder, a pipe or a device; kOutOfMemory.
   */
  static std::shared_ptr<MappedFile> open(const std::string& path);

  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  virtual ~MappedFile() = default;

  /** Aligned like a page. */
  virtual const std::byte* data() const = 0;
  virtual std::size_t size() const = 0;

  /**
   * Throws kFileChanged if a part could not be read since the file was opened, or if somebody has
   * written to it: its size or the time of its last change is another one. A file of the same name
   * that has taken its place is not looked at.
   */
  virtual void check() const = 0;

  /**
   * Overwrites these ranges with zeros, on the disk too when it returns. The caller knows that
   * nobody reads them meanwhile. Throws kIo: the file may not be written to, or is not at its path
   * any more; kFileChanged.
   */
  virtual void erase(std::span<const FileRange> ranges) = 0;

 protected:
  MappedFile() = default;
};

}  // namespace lethe
