#include "net/open_writers.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace fairlead::net {

std::optional<bool> has_writer(const std::string& path) {
    const int fd = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return std::nullopt;
    std::optional<bool> answer;
    // A writer that comes while we hold the lease has a signal sent to us. Unless told otherwise that is
    // SIGIO, which ends a process; SIGURG does nothing.
    if (fcntl(fd, F_SETSIG, SIGURG) == 0) {
        if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0)
            answer = false;
        else if (errno == EAGAIN)
            answer = true;
    }
    close(fd);  // and with it the lease
    return answer;
}

}  // namespace fairlead::net
