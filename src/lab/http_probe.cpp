#include "lab/http_probe.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>

#include "kernel/netns/namespaces.h"

namespace fairlead::lab {

namespace {

using base::Result;

Result<std::string> exchange_once(int fd, std::uint16_t port, std::string_view path) {
    const timeval patience{2, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_in loopback{};
    loopback.sin_family = AF_INET;
    loopback.sin_port = htons(port);
    loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto request =
        "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    if (connect(fd, reinterpret_cast<const sockaddr*>(&loopback), sizeof loopback) != 0 ||
        send(fd, request.data(), request.size(), MSG_NOSIGNAL) != std::ssize(request))
        return base::fail_errno(errno, "127.0.0.1:" + std::to_string(port));
    std::string answer;
    std::array<char, 65536> chunk{};
    ssize_t size = 0;
    while ((size = recv(fd, chunk.data(), chunk.size(), 0)) > 0)
        answer.append(chunk.data(), static_cast<std::size_t>(size));
    if (size < 0) return base::fail_errno(errno, "127.0.0.1:" + std::to_string(port));
    return answer;
}

}  // namespace

Result<ProbeAnswer> probe_http(std::uint16_t port, std::string_view path) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return base::fail_errno(errno, "socket");
    auto text = exchange_once(fd, port, path);
    close(fd);
    if (!text) return std::unexpected(std::move(text).error());
    constexpr std::string_view kVersion = "HTTP/1.1 ";
    const auto head_end = text->find("\r\n\r\n");
    ProbeAnswer answer;
    if (!text->starts_with(kVersion) || head_end == std::string::npos)
        return base::fail(base::ErrorCode::kInternal, "127.0.0.1:" + std::to_string(port) + ": no HTTP");
    std::from_chars(text->data() + kVersion.size(), text->data() + text->size(), answer.status);
    answer.body = text->substr(head_end + 4);
    return answer;
}

Result<ProbeAnswer> probe_http_in(std::string_view netns, std::uint16_t port, std::string_view path) {
    return kernel::netns::run_in(netns, [&] { return probe_http(port, path); });
}

double metric_sum(std::string_view exposition, std::string_view name) {
    double sum = 0;
    while (!exposition.empty()) {
        const auto end = std::min(exposition.find('\n'), exposition.size());
        auto line = exposition.substr(0, end);
        exposition.remove_prefix(std::min(end + 1, exposition.size()));
        if (!line.starts_with(name)) continue;
        line.remove_prefix(name.size());
        if (!line.starts_with('{') && !line.starts_with(' ')) continue;
        const auto value = line.substr(line.rfind(' ') + 1);
        double sample = 0;
        if (std::from_chars(value.data(), value.data() + value.size(), sample).ec == std::errc{})
            sum += sample;
    }
    return sum;
}

}  // namespace fairlead::lab
