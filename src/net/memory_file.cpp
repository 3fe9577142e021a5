#include "net/memory_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace fairlead::net {

base::Result<MemoryFile> MemoryFile::make(std::string_view text) {
    const int fd = memfd_create("fairlead", MFD_CLOEXEC);
    if (fd < 0) return base::fail_errno(errno, "memfd_create");
    MemoryFile file{fd};
    while (!text.empty()) {
        const ssize_t size = write(fd, text.data(), text.size());
        if (size < 0) return base::fail_errno(errno, "write to memory");
        text.remove_prefix(static_cast<std::size_t>(size));
    }
    return file;
}

MemoryFile::~MemoryFile() {
    if (fd_ >= 0) close(fd_);
}

std::string MemoryFile::path() const {
    return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(fd_);
}

}  // namespace fairlead::net
