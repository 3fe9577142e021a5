#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace fairlead::net {

/// A text that other programs can read as a file while this object lives (memfd_create(2)): nothing is left
/// anywhere when it ends, however it ends.
class MemoryFile {
  public:
    static base::Result<MemoryFile> make(std::string_view text);

    MemoryFile(MemoryFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    MemoryFile& operator=(MemoryFile&&) = delete;
    ~MemoryFile();

    /// Leads there for processes of this user.
    [[nodiscard]] std::string path() const;

  private:
    explicit MemoryFile(int fd) : fd_(fd) {}

    int fd_;
};

}  // namespace fairlead::net
