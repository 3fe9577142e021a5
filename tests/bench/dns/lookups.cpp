// usage: dns_lookups ADDRESS PORT FILE SECONDS LOOKUPS_PER_SECOND TIMEOUT_MS CPU
// Looks up the questions of FILE ("NAME TYPE" lines) as a resolver does: each from a socket of its own, sent
// once more after TIMEOUT_MS without a reply, or at once where the server's port is closed. Lookup number i
// is due i / LOOKUPS_PER_SECOND after the start, and its latency counts from then on. Runs with real-time
// priority and sleeps between packets, so that latencies are those of the server and the way to it. Prints
// figures as JSON; latencies in microseconds.
#include <sched.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstring>
#include <deque>
#include <iostream>
#include <string>
#include <vector>

#include "bench/dns/figures.h"
#include "bench/dns/questions.h"
#include "bench/e2e/sockets.h"

namespace {

using namespace fairlead::bench;
using Nanoseconds = std::uint64_t;

constexpr Nanoseconds kSecond = 1'000'000'000;
constexpr Nanoseconds kMillisecond = 1'000'000;
constexpr std::size_t kHeaderBytes = 12;
constexpr std::size_t kLargestReplyBytes = 4096;
constexpr int kTries = 2;
constexpr std::size_t kUnansweredTold = 20;

Nanoseconds now() {
    return static_cast<Nanoseconds>(std::chrono::steady_clock::now().time_since_epoch().count());
}

struct Outcomes {
    std::uint64_t started = 0;
    std::uint64_t at_first = 0;
    std::uint64_t after_retry = 0;
    std::uint64_t unanswered = 0;
    std::uint64_t refused = 0;                 // tries that met a closed port
    std::vector<std::uint64_t> unanswered_ms;  // when lookups were due that stayed unanswered: the first few
    std::vector<std::uint32_t> latencies_ns;
};

class Resolver {
  public:
    Resolver(const sockaddr_in& server, std::vector<Question> questions, Nanoseconds timeout)
        : server_(server),
          questions_(std::move(questions)),
          timeout_(timeout),
          poll_(epoll_create1(EPOLL_CLOEXEC)) {
        if (poll_ < 0) die("epoll_create1");
    }

    Outcomes run(std::uint64_t rate, Nanoseconds duration) {
        start_ = now();
        const auto count = rate * duration / kSecond;
        const auto due = [&] { return start_ + outcomes_.started * kSecond / rate; };
        while (outcomes_.started < count || open_ > 0) {
            while (outcomes_.started < count && due() <= now())
                begin(due());
            auto wake = outcomes_.started < count ? due() : now() + timeout_;
            if (!tries_.empty()) wake = std::min(wake, tries_.front().at + timeout_);
            receive(wake);
            give_up_tries();
        }
        return std::move(outcomes_);
    }

  private:
    struct Lookup {
        int fd = -1;
        Nanoseconds due = 0;
        int tries = 0;
        std::uint64_t number = 0;  // of the question, and its id
    };
    struct Try {
        Nanoseconds at;
        std::size_t slot;
        std::uint64_t number;
        int tries;
    };

    void begin(Nanoseconds due) {
        if (free_.empty()) {
            free_.push_back(lookups_.size());
            lookups_.emplace_back();
        }
        const auto slot = free_.back();
        free_.pop_back();
        auto& lookup = lookups_[slot];
        lookup = {socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), due, 0, outcomes_.started++};
        if (lookup.fd < 0 ||
            connect(lookup.fd, std::bit_cast<const sockaddr*>(&server_), sizeof server_) != 0)
            die("socket of a lookup");
        epoll_event event{.events = EPOLLIN, .data = {.u64 = slot}};
        if (epoll_ctl(poll_, EPOLL_CTL_ADD, lookup.fd, &event) != 0) die("epoll_ctl");
        ++open_;
        send_query(slot);
    }

    void send_query(std::size_t slot) {
        auto& lookup = lookups_[slot];
        const auto& question = questions_[lookup.number % questions_.size()];
        std::array<std::uint8_t, 512> query{};
        query[0] = static_cast<std::uint8_t>(lookup.number >> 8U);
        query[1] = static_cast<std::uint8_t>(lookup.number);
        std::memcpy(&query[2], question.data(), question.size());
        ++lookup.tries;
        tries_.push_back({now(), slot, lookup.number, lookup.tries});
        // What an earlier packet met with is told by receive(), the rest by the timeout.
        static_cast<void>(send(lookup.fd, query.data(), 2 + question.size(), MSG_NOSIGNAL));
    }

    void receive(Nanoseconds until) {
        const auto at = now();
        const auto rest = until > at ? until - at : 0;
        const timespec wait{static_cast<time_t>(rest / kSecond), static_cast<long>(rest % kSecond)};
        std::array<epoll_event, 64> events{};
        const int count = epoll_pwait2(poll_, events.data(), events.size(), &wait, nullptr);
        for (int i = 0; i < count; ++i)
            take(events[static_cast<std::size_t>(i)].data.u64);
    }

    void take(std::size_t slot) {
        auto& lookup = lookups_[slot];
        std::array<std::uint8_t, kLargestReplyBytes> reply;
        const auto size = recv(lookup.fd, reply.data(), reply.size(), 0);
        if (size < 0) {
            if (errno != ECONNREFUSED) return;
            ++outcomes_.refused;
            return try_again(slot);
        }
        const auto id = static_cast<std::uint16_t>(reply[0] << 8U | reply[1]);
        if (static_cast<std::size_t>(size) < kHeaderBytes || id != static_cast<std::uint16_t>(lookup.number))
            return;
        ++(lookup.tries == 1 ? outcomes_.at_first : outcomes_.after_retry);
        outcomes_.latencies_ns.push_back(static_cast<std::uint32_t>(now() - lookup.due));
        end(slot);
    }

    void try_again(std::size_t slot) {
        if (lookups_[slot].tries < kTries) return send_query(slot);
        ++outcomes_.unanswered;
        if (outcomes_.unanswered_ms.size() < kUnansweredTold)
            outcomes_.unanswered_ms.push_back((lookups_[slot].due - start_) / kMillisecond);
        end(slot);
    }

    void give_up_tries() {
        for (const auto at = now(); !tries_.empty() && tries_.front().at + timeout_ <= at;) {
            const auto tried = tries_.front();
            tries_.pop_front();
            const auto& lookup = lookups_[tried.slot];
            if (lookup.fd >= 0 && lookup.number == tried.number && lookup.tries == tried.tries)
                try_again(tried.slot);
        }
    }

    void end(std::size_t slot) {
        close(lookups_[slot].fd);
        lookups_[slot].fd = -1;
        free_.push_back(slot);
        --open_;
    }

    sockaddr_in server_;
    std::vector<Question> questions_;
    Nanoseconds timeout_;
    int poll_;
    std::vector<Lookup> lookups_;
    std::vector<std::size_t> free_;
    std::deque<Try> tries_;  // in the order of their time
    std::size_t open_ = 0;
    Nanoseconds start_ = 0;
    Outcomes outcomes_;
};

void take_the_processor(std::size_t cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    const sched_param priority{.sched_priority = 50};
    if (sched_setaffinity(0, sizeof set, &set) != 0) die("sched_setaffinity");
    if (sched_setscheduler(0, SCHED_FIFO, &priority) != 0 || mlockall(MCL_CURRENT | MCL_FUTURE) != 0)
        die("real-time priority");
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) die("getrlimit");
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) != 0) die("setrlimit");
}

std::string list(const std::vector<std::uint64_t>& numbers) {
    std::string text;
    for (const auto number : numbers)
        text += (text.empty() ? "" : ", ") + std::to_string(number);
    return "[" + text + "]";
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 8) {
        std::cerr << "usage: see the head of lookups.cpp\n";
        return 1;
    }
    take_the_processor(parse<std::size_t>(argv[7]));
    Resolver resolver{socket_address(argv[1], parse<std::uint16_t>(argv[2])), read_questions(argv[3]),
                      parse<Nanoseconds>(argv[6]) * kMillisecond};
    auto outcomes = resolver.run(parse<std::uint64_t>(argv[5]), parse<Nanoseconds>(argv[4]) * kSecond);
    std::cout << "{\"lookups\": " << outcomes.started << ", \"at_first\": " << outcomes.at_first
              << ", \"after_retry\": " << outcomes.after_retry << ", \"unanswered\": " << outcomes.unanswered
              << ", \"refused\": " << outcomes.refused
              << ", \"unanswered_ms\": " << list(outcomes.unanswered_ms) << ", "
              << latency_figures(std::move(outcomes.latencies_ns)) << "}" << std::endl;
}
