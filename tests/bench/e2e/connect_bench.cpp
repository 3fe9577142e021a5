// usage: connect_bench serve PORT CPU                   accepts and closes; says "ready" when it listens
//        connect_bench echo PORT CPU                    the same, but answers each byte first, to one client
//        connect_bench connect ADDRESS PORT COUNT CPU   connects COUNT times; prints quantiles in
//        microseconds as JSON
//        connect_bench talk ADDRESS PORT COUNT CPU      the same of bytes to `echo` and back
// IPv4 only. The client resets each connection, so that no port waits in TIME_WAIT.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "bench/e2e/sockets.h"

namespace {

using fairlead::bench::die;
using fairlead::bench::parse;
using fairlead::bench::socket_address;

void pin_to(std::size_t cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0) die("sched_setaffinity");
}

void send_at_once(int connection) {
    const int on = 1;
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void answer_bytes(int connection) {
    send_at_once(connection);
    char byte = 0;
    while (recv(connection, &byte, 1, 0) == 1)
        if (send(connection, &byte, 1, MSG_NOSIGNAL) != 1) return;
}

int serve(std::uint16_t port, bool echoes) {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const auto address = socket_address("0.0.0.0", port);
    if (bind(listener, std::bit_cast<const sockaddr*>(&address), sizeof address) != 0) die("bind");
    if (listen(listener, SOMAXCONN) != 0) die("listen");
    std::cout << "ready" << std::endl;
    while (true) {
        const int connection = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (connection >= 0 && echoes) answer_bytes(connection);
        if (connection >= 0) close(connection);
    }
}

/// Microseconds that one connect() takes.
double connect_once(const sockaddr_in& address) {
    const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client < 0) die("socket");
    const auto start = std::chrono::steady_clock::now();
    if (connect(client, std::bit_cast<const sockaddr*>(&address), sizeof address) != 0) die("connect");
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
    const linger reset{.l_onoff = 1, .l_linger = 0};
    setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(client);
    return took.count();
}

/// Microseconds that a byte takes to the other end and back.
double talk_once(int connection) {
    char byte = 'x';
    const auto start = std::chrono::steady_clock::now();
    if (send(connection, &byte, 1, 0) != 1 || recv(connection, &byte, 1, 0) != 1) die("talk");
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
    return took.count();
}

template <class Once>
int measure(std::size_t count, Once once) {
    constexpr std::size_t kWarmUp = 200;
    for (std::size_t i = 0; i < kWarmUp; ++i)
        once();
    std::vector<double> took_us(count);
    for (auto& each : took_us)
        each = once();
    std::ranges::sort(took_us);
    std::cout << "{\"p50\": " << took_us[count / 2] << ", \"p99\": " << took_us[count * 99 / 100]
              << ", \"min\": " << took_us.front() << "}\n";
    return 0;
}

int talk(const sockaddr_in& address, std::size_t count) {
    const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection < 0) die("socket");
    if (connect(connection, std::bit_cast<const sockaddr*>(&address), sizeof address) != 0) die("connect");
    send_at_once(connection);
    return measure(count, [connection] { return talk_once(connection); });
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    if (arguments.size() == 3 && (arguments[0] == "serve" || arguments[0] == "echo")) {
        pin_to(parse<std::size_t>(arguments[2]));
        return serve(parse<std::uint16_t>(arguments[1]), arguments[0] == "echo");
    }
    if (arguments.size() == 5 && (arguments[0] == "connect" || arguments[0] == "talk")) {
        pin_to(parse<std::size_t>(arguments[4]));
        const auto address = socket_address(arguments[1].c_str(), parse<std::uint16_t>(arguments[2]));
        const auto count = parse<std::size_t>(arguments[3]);
        if (arguments[0] == "talk") return talk(address, count);
        return measure(count, [&] { return connect_once(address); });
    }
    std::cerr << "usage: connect_bench serve|echo PORT CPU | connect|talk ADDRESS PORT COUNT CPU\n";
    return 2;
}
