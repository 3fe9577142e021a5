#include "support/dns_client.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace fairlead::test {

namespace {

constexpr std::size_t kIdBytes = 2;

struct Native {
    sockaddr_storage storage{};
    socklen_t size = 0;

    Native(const base::IpAddress& address, std::uint16_t port) {
        const bool ipv4 = address.family() == base::Family::kIpv4;
        sockaddr_in in4{};
        in4.sin_family = AF_INET;
        in4.sin_port = htons(port);
        sockaddr_in6 in6{};
        in6.sin6_family = AF_INET6;
        in6.sin6_port = htons(port);
        if (ipv4)
            std::memcpy(&in4.sin_addr, address.bytes().data(), 4);
        else
            std::memcpy(&in6.sin6_addr, address.bytes().data(), 16);
        size = ipv4 ? sizeof in4 : sizeof in6;
        std::memcpy(&storage, ipv4 ? static_cast<void*>(&in4) : static_cast<void*>(&in6), size);
    }
    int connected(int type) const {
        const int fd = socket(storage.ss_family, type | SOCK_CLOEXEC, 0);
        const timeval limit{1, 500'000};  // for connect(2), too
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        if (connect(fd, reinterpret_cast<const sockaddr*>(&storage), size) == 0) return fd;
        const int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
};

bool readable(int fd, std::chrono::milliseconds patience) {
    pollfd wait{fd, POLLIN, 0};
    return poll(&wait, 1, static_cast<int>(patience.count())) == 1;
}

std::string why() {
    return std::strerror(errno);
}

}  // namespace

std::string frame_of(std::string_view text) {
    std::string frame{static_cast<char>(text.size() >> 8U), static_cast<char>(text.size())};
    return frame.append(text);
}

std::string ask_udp(const base::IpAddress& server, std::uint16_t port, std::string_view query,
                    std::chrono::milliseconds patience) {
    const int fd = Native{server, port}.connected(SOCK_DGRAM);
    if (fd < 0) return why();
    std::string reply(65'536, '\0');
    std::string result = "nothing";
    if (send(fd, query.data(), query.size(), 0) < 0) {
        result = why();
    } else if (readable(fd, patience)) {
        const auto size = recv(fd, reply.data(), reply.size(), 0);
        result = size < 0 ? why() : reply.substr(0, static_cast<std::size_t>(size)).substr(kIdBytes);
    }
    close(fd);
    return result;
}

std::string ask_tcp(const base::IpAddress& server, std::uint16_t port, std::string_view query,
                    std::chrono::milliseconds patience) {
    FramedConnection connection{server, port};
    if (!connection.send_frame(query)) return why();
    return connection.receive(patience);
}

FramedConnection::FramedConnection(const base::IpAddress& server, std::uint16_t port)
    : fd_(Native{server, port}.connected(SOCK_STREAM)) {}

FramedConnection::~FramedConnection() {
    if (fd_ >= 0) close(fd_);
}

bool FramedConnection::send(std::string_view bytes) {
    return fd_ >= 0 &&
           ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

bool FramedConnection::send_frame(std::string_view frame) {
    return send(frame_of(frame));
}

std::string FramedConnection::receive(std::chrono::milliseconds patience) {
    std::string frame;
    std::size_t wanted = kIdBytes;  // as many as the length has
    bool has_length = false;
    while (frame.size() < wanted) {
        if (!readable(fd_, patience)) return "nothing";
        char bytes[65'536];
        const auto size = recv(fd_, bytes, wanted - frame.size(), 0);
        if (size == 0) return "closed";
        if (size < 0) return why();
        frame.append(bytes, static_cast<std::size_t>(size));
        if (has_length || frame.size() < wanted) continue;
        has_length = true;
        wanted = static_cast<std::size_t>(static_cast<unsigned char>(frame[0])) << 8U |
                 static_cast<unsigned char>(frame[1]);
        frame.clear();
    }
    return frame.substr(std::min(kIdBytes, frame.size()));
}

}  // namespace fairlead::test
