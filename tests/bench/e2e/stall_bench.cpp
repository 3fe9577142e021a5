// usage: stall_bench SERVER_NAMESPACE ADDRESS PORT     until SIGTERM
// Sends a UDP packet of a new flow every 500 microseconds to ADDRESS:PORT and waits until it arrives at PORT
// in the named network namespace; prints, as JSON in microseconds, how long the packets were under way. It
// runs with real-time priority: what is measured is how long packets are held up, not who gets the processor.
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/e2e/sockets.h"

namespace {

using fairlead::bench::die;
using fairlead::bench::parse;
using fairlead::bench::socket_address;

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto kPause = 500us;
constexpr auto kLost = 5s;
std::atomic<bool> stopped{false};  // by a signal

int open_udp() {
    const int result = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (result < 0) die("socket");
    return result;
}

/// A socket that receives at `port` in another namespace.
int receiver_in(const std::string& network_namespace, std::uint16_t port) {
    const int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    const int there = open(("/run/netns/" + network_namespace).c_str(), O_RDONLY | O_CLOEXEC);
    if (home < 0 || there < 0 || setns(there, CLONE_NEWNET) != 0) die(network_namespace);
    const int receiver = open_udp();
    const auto address = socket_address("0.0.0.0", port);
    if (bind(receiver, std::bit_cast<const sockaddr*>(&address), sizeof address) != 0) die("bind");
    const timeval limit{.tv_sec = std::chrono::seconds(kLost).count(), .tv_usec = 0};
    setsockopt(receiver, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (setns(home, CLONE_NEWNET) != 0) die("setns");
    close(there);
    close(home);
    return receiver;
}

/// Microseconds that one packet of a new flow is under way.
double send_one(int receiver, const sockaddr_in& address, std::uint64_t number) {
    const int sender = open_udp();
    const auto start = Clock::now();
    if (sendto(sender, &number, sizeof number, 0, std::bit_cast<const sockaddr*>(&address), sizeof address) <
        0)
        die("sendto");
    std::uint64_t arrived = ~number;
    while (arrived != number)
        if (recv(receiver, &arrived, sizeof arrived, 0) < 0) die("a packet was lost");
    const std::chrono::duration<double, std::micro> took = Clock::now() - start;
    close(sender);
    return took.count();
}

void print(std::vector<double> took_us) {
    std::ranges::sort(took_us);
    const auto at = [&](std::size_t per_mille) { return took_us[(took_us.size() - 1) * per_mille / 1000]; };
    std::cout << "{\"p50\": " << at(500) << ", \"p99\": " << at(990) << ", \"p99.9\": " << at(999)
              << ", \"max\": " << took_us.back() << ", \"packets\": " << took_us.size() << "}\n";
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    if (arguments.size() != 3) {
        std::cerr << "usage: stall_bench SERVER_NAMESPACE ADDRESS PORT\n";
        return 2;
    }
    const auto port = parse<std::uint16_t>(arguments[2]);
    const int receiver = receiver_in(arguments[0], port);
    const auto address = socket_address(arguments[1].c_str(), port);
    const sched_param priority{.sched_priority = 50};
    if (sched_setscheduler(0, SCHED_FIFO, &priority) != 0 || mlockall(MCL_CURRENT | MCL_FUTURE) != 0)
        die("real-time priority");
    std::signal(SIGTERM, [](int) { stopped = true; });
    std::vector<double> took_us;
    for (std::uint64_t number = 0; !stopped; ++number) {
        took_us.push_back(send_one(receiver, address, number));
        std::this_thread::sleep_for(kPause);
    }
    print(std::move(took_us));
}
