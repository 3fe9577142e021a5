// usage: connect_bench serve PORT CPU                   accepts and closes; says "ready" when it listens
//        connect_bench connect ADDRESS PORT COUNT CPU   connects COUNT times; prints quantiles in
//        microseconds as JSON
// IPv4 only. The client resets each connection, so that no port waits in TIME_WAIT.
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

int serve(std::uint16_t port) {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const auto address = socket_address("0.0.0.0", port);
    if (bind(listener, std::bit_cast<const sockaddr*>(&address), sizeof address) != 0) die("bind");
    if (listen(listener, SOMAXCONN) != 0) die("listen");
    std::cout << "ready" << std::endl;
    while (true) {
        const int connection = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
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

int measure(const sockaddr_in& address, std::size_t count) {
    constexpr std::size_t kWarmUp = 200;
    for (std::size_t i = 0; i < kWarmUp; ++i)
        connect_once(address);
    std::vector<double> took_us(count);
    for (auto& each : took_us)
        each = connect_once(address);
    std::ranges::sort(took_us);
    std::cout << "{\"p50\": " << took_us[count / 2] << ", \"p99\": " << took_us[count * 99 / 100]
              << ", \"min\": " << took_us.front() << "}\n";
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    if (arguments.size() == 3 && arguments[0] == "serve") {
        pin_to(parse<std::size_t>(arguments[2]));
        return serve(parse<std::uint16_t>(arguments[1]));
    }
    if (arguments.size() == 5 && arguments[0] == "connect") {
        pin_to(parse<std::size_t>(arguments[4]));
        const auto address = socket_address(arguments[1].c_str(), parse<std::uint16_t>(arguments[2]));
        return measure(address, parse<std::size_t>(arguments[3]));
    }
    std::cerr << "usage: connect_bench serve PORT CPU | connect ADDRESS PORT COUNT CPU\n";
    return 2;
}
