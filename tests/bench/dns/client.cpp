// usage: dns_client udp|tcp ADDRESS PORT FILE SECONDS rate QUERIES_PER_SECOND PID CPU
//        dns_client udp|tcp ADDRESS PORT FILE SECONDS outstanding QUERIES PID CPU
// Asks the questions of FILE ("NAME TYPE" lines) over and over; PID is the server's, CPU where this program
// runs. `rate`: query number i is due i / QUERIES_PER_SECOND after the start whatever the server does, and
// its latency counts from then on, also if it could not be sent in time. `outstanding`: a new one for each
// reply. Prints figures as JSON; latencies in microseconds, of queries that were answered within a second.
#include <sched.h>

#include <unistd.h>
#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "bench/dns/figures.h"
#include "bench/dns/lanes.h"
#include "bench/dns/questions.h"
#include "bench/e2e/sockets.h"

namespace {

using namespace fairlead::bench;
using Nanoseconds = std::uint64_t;

constexpr std::size_t kLanes = 16;
constexpr std::size_t kIds = 65'536;
constexpr Nanoseconds kSecond = 1'000'000'000;
constexpr Nanoseconds kGivenUp = kSecond;
constexpr std::size_t kLatest =
    1024;  // so far behind its schedule the client stops to catch up before it receives

Nanoseconds now() {
    return static_cast<Nanoseconds>(std::chrono::steady_clock::now().time_since_epoch().count());
}

/// Seconds that a process and its threads have spent on processors.
double cpu_seconds(const std::string& pid) {
    std::ifstream file{"/proc/" + pid + "/stat"};
    std::string text;
    std::getline(file, text);
    std::istringstream fields{text.substr(text.rfind(')') + 2)};
    std::string skipped;
    for (int i = 0; i < 11; ++i)
        fields >> skipped;
    double user = 0;
    double system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

struct Figures {
    std::uint64_t sent = 0;
    std::uint64_t answered = 0;
    std::array<std::uint64_t, 16> codes{};
    std::vector<std::uint32_t> latencies_ns;
};

class Load {
  public:
    Load(bool tcp, const sockaddr_in& server, std::vector<Question> questions)
        : questions_(std::move(questions)) {
        for (std::size_t i = 0; i < kLanes; ++i) {
            lanes_.push_back(tcp ? tcp_lane(server) : udp_lane(server));
            due_.emplace_back(kIds, 0);
        }
    }

    Figures at_rate(std::uint64_t rate, Nanoseconds duration) {
        const auto start = now();
        const auto end = start + duration;
        for (auto at = start; at < end + kGivenUp && (at < end || outstanding_ > 0); at = now()) {
            const auto due = std::min(at, end) - start;
            const auto wanted =
                static_cast<std::uint64_t>(static_cast<double>(due) * static_cast<double>(rate) / kSecond);
            for (std::size_t i = 0; figures_.sent < wanted && i < kLatest; ++i)
                send(start + figures_.sent * kSecond / rate);
            turn();
        }
        return std::move(figures_);
    }

    Figures with_outstanding(std::uint64_t count, Nanoseconds duration) {
        const auto end = now() + duration;
        auto looked = now();
        for (auto at = looked; at < end; at = now()) {
            while (outstanding_ < count)
                send(at);
            turn();
            if (at - looked < kGivenUp) continue;
            give_up(at);
            looked = at;
        }
        return std::move(figures_);
    }

  private:
    void send(Nanoseconds due) {
        const auto lane = figures_.sent % kLanes;
        const auto id = figures_.sent / kLanes % kIds;
        if (due_[lane][id] == 0) ++outstanding_;
        due_[lane][id] = due;
        const auto& question = questions_[figures_.sent % questions_.size()];
        lanes_[lane]->add(static_cast<std::uint16_t>(id), question);
        ++figures_.sent;
    }

    void turn() {
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            lanes_[lane]->flush();
            lanes_[lane]->receive([&](std::uint16_t id, unsigned code) {
                auto& due = due_[lane][id];
                if (due == 0) return;  // late, or twice
                const auto latency = now() - due;
                due = 0;
                --outstanding_;
                if (latency > kGivenUp) return;
                ++figures_.answered;
                ++figures_.codes[code];
                figures_.latencies_ns.push_back(static_cast<std::uint32_t>(latency));
            });
        }
    }

    /// What is not answered by now is lost.
    void give_up(Nanoseconds at) {
        for (auto& lane : due_)
            for (auto& due : lane)
                if (due != 0 && at - due > kGivenUp) {
                    due = 0;
                    --outstanding_;
                }
    }

    std::vector<Question> questions_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    std::vector<std::vector<Nanoseconds>> due_;  // of each lane and id; 0: not outstanding
    std::uint64_t outstanding_ = 0;
    Figures figures_;
};

void print(Figures figures, double cpu, double seconds) {
    std::cout << "{\"sent\": " << figures.sent << ", \"answered\": " << figures.answered
              << ", \"seconds\": " << seconds << ", \"server_cpu_seconds\": " << cpu << ", "
              << latency_figures(std::move(figures.latencies_ns)) << ", \"codes\": {";
    const char* separator = "";
    for (std::size_t code = 0; code < figures.codes.size(); ++code) {
        if (figures.codes[code] == 0) continue;
        std::cout << separator << '"' << code << "\": " << figures.codes[code];
        separator = ", ";
    }
    std::cout << "}}" << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 10) {
        std::cerr << "usage: see the head of client.cpp\n";
        return 1;
    }
    const std::vector<std::string> arguments(argv, argv + argc);
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(parse<std::size_t>(arguments[9]), &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0) die("sched_setaffinity");
    Load load{arguments[1] == "tcp", socket_address(argv[2], parse<std::uint16_t>(arguments[3])),
              read_questions(arguments[4])};
    const auto duration = parse<Nanoseconds>(arguments[5]) * kSecond;
    const auto number = parse<std::uint64_t>(arguments[7]);
    const auto cpu = cpu_seconds(arguments[8]);
    const auto start = now();
    auto figures =
        arguments[6] == "rate" ? load.at_rate(number, duration) : load.with_outstanding(number, duration);
    const auto seconds = static_cast<double>(now() - start) / kSecond;
    print(std::move(figures), cpu_seconds(arguments[8]) - cpu, seconds);
}
