// What it costs to delete a few stale flows among 500,000 others, in a network namespace of the benchmark's
// own: ours, the same filter given to the kernel to delete by, and the dump of everything that kube-proxy and
// `conntrack -D` filter by themselves. Needs root, and the right to raise nf_conntrack_max for as long as it
// runs.

#include <benchmark/benchmark.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <thread>

#include "bench/counted_heap.h"
#include "kernel/conntrack/netlink_conntrack_table.h"
#include "support/command.h"
#include "support/conntrack_fixture.h"

namespace fairlead::kernel::conntrack {
namespace {

constexpr std::uint32_t kUnrelated = 500'000;
constexpr const char* kMaximumFile = "/proc/sys/net/netfilter/nf_conntrack_max";

/// Room for more flows in every namespace, for as long as it lives.
class RaisedMaximum {
  public:
    RaisedMaximum() : file_(kMaximumFile) {
        file_ >> before_;
        write(std::max(before_, kUnrelated + kUnrelated / 10));
    }
    RaisedMaximum(const RaisedMaximum&) = delete;
    RaisedMaximum& operator=(const RaisedMaximum&) = delete;
    ~RaisedMaximum() { write(before_); }

  private:
    void write(std::uint32_t maximum) {
        file_.seekp(0);  // the kernel ignores what is written elsewhere
        file_ << maximum << std::flush;
    }

    std::fstream file_;  // opened in the initial namespace, the only one that may write
    std::uint32_t before_ = 0;
};

struct Names {
    const char* client;
    const char* frontend;
    const char* endpoint;
};
constexpr Names kIpv4{"10.9.0.1:", "10.96.0.10:53", "10.1.0.5:53"};
constexpr Names kIpv6{"[fd00:9::1]:", "[fd00:96::10]:53", "[fd00:1::5]:53"};

void insert(const std::vector<Flow>& flows) {
    if (const int refused = test::insert_into_kernel(flows)) {
        std::fprintf(stderr, "insert: %s\n", std::strerror(refused));
        std::exit(EXIT_FAILURE);
    }
}

/// Flows of other Services: half of them UDP to port 53, as the stale ones, half TCP to port 80.
void insert_unrelated() {
    constexpr std::uint32_t kChunk = 10'000;
    for (std::uint32_t at = 0; at < kUnrelated; at += kChunk) {
        std::vector<Flow> flows;
        for (std::uint32_t i = at; i < at + kChunk; ++i) {
            const std::string client =
                "10.2." + std::to_string(i / 50'000) + ".1:" + std::to_string(1'024 + i % 50'000);
            auto flow = test::udp_flow(client, "10.96.7.7:53", "10.1.7.7:53");
            if (i % 2 == 0) {
                flow =
                    test::with_protocol(test::udp_flow(client, "10.96.7.7:80", "10.1.7.7:80"), IPPROTO_TCP);
                flow.tcp_state = TcpState::kEstablished;
            }
            flow.timeout = std::chrono::seconds{86'400};
            flows.push_back(flow);
        }
        insert(flows);
    }
}

void insert_stale(const Names& names) {
    std::vector<Flow> flows;
    for (int port = 1; port <= 5; ++port)
        flows.push_back(test::udp_flow(names.client + std::to_string(port), names.frontend, names.endpoint));
    insert(flows);
}

FlowFilter stale_filter(const Names& names) {
    const auto flow = test::udp_flow(std::string(names.client) + "1", names.frontend, names.endpoint);
    FlowFilter filter;
    filter.protocol = IPPROTO_UDP;
    filter.original.destination = flow.original.destination;
    filter.original.destination_port = flow.original.destination_port;
    filter.reply.source = flow.reply.source;
    return filter;
}

void delete_stale(benchmark::State& state, const Names& names) {
    auto table = *NetlinkConntrackTable::open();
    const auto filter = stale_filter(names);
    const auto heap_before = bench::heap_use().live_bytes;
    bench::reset_heap_peak();
    for (auto _ : state) {
        state.PauseTiming();
        insert_stale(names);
        state.ResumeTiming();
        if (table.delete_matching(filter).value_or(0) != 5) state.SkipWithError("it did not delete all five");
    }
    state.counters["peak_KiB"] = static_cast<double>(bench::heap_use().peak_bytes - heap_before) / 1024;
}

void DeleteMatching(benchmark::State& state) {
    delete_stale(state, kIpv4);
}
void DeleteMatchingIpv6(benchmark::State& state) {
    delete_stale(state, kIpv6);
}

/// How long, at the most, a thread of real-time priority could not run on this thread's processor: neither
/// can what handles packets there.
class HeldUp {
  public:
    HeldUp() {
        cpu_set_t here;
        CPU_ZERO(&here);
        CPU_SET(static_cast<std::size_t>(sched_getcpu()), &here);
        sched_setaffinity(0, sizeof here, &here);
        thread_ = std::thread{[this] { watch(); }};
    }
    HeldUp(const HeldUp&) = delete;
    HeldUp& operator=(const HeldUp&) = delete;
    ~HeldUp() { stop(); }

    double stop() {
        stop_ = true;
        if (thread_.joinable()) thread_.join();
        return longest_ms_;
    }

  private:
    void watch() {
        const sched_param priority{50};
        pthread_setschedparam(pthread_self(), SCHED_FIFO, &priority);
        auto last = std::chrono::steady_clock::now();
        while (!stop_) {
            std::this_thread::sleep_for(std::chrono::microseconds(100));
            const auto now = std::chrono::steady_clock::now();
            longest_ms_ =
                std::max(longest_ms_, std::chrono::duration<double, std::milli>(now - last).count());
            last = now;
        }
    }

    std::atomic<bool> stop_ = false;
    double longest_ms_ = 0;
    std::thread thread_;
};

using Look = base::Result<void> (NetlinkConntrackTable::*)(const FlowFilter&,
                                                           const std::function<void(const Flow&)>&);

/// Finds the five, at one go or in steps.
void find_stale(benchmark::State& state, Look look) {
    auto table = *NetlinkConntrackTable::open();
    const auto filter = stale_filter(kIpv4);
    insert_stale(kIpv4);
    HeldUp held_up;
    for (auto _ : state) {
        int found = 0;
        const auto looked = (table.*look)(filter, [&](const Flow&) { ++found; });
        if (!looked || found != 5) state.SkipWithError("it did not find all five");
    }
    state.counters["held_up_ms"] = held_up.stop();
    table.delete_matching(filter).value();
}
void FindAtOneGo(benchmark::State& state) {
    find_stale(state, &NetlinkConntrackTable::for_each_flow);
}
void FindInSteps(benchmark::State& state) {
    find_stale(state, &NetlinkConntrackTable::for_each_of_few_flows);
}

/// The request of a dump, turned into one to delete by. It goes wrong with IPv6 addresses and SCTP ports.
void DeleteByKernelFilter(benchmark::State& state) {
    auto socket = *netlink::Socket::open(NETLINK_NETFILTER);
    const auto filter = stale_filter(kIpv4);
    netlink::MessageBuilder builder;
    encode_dump(builder, filter, base::Family::kIpv4);
    std::vector<std::byte> request(builder.bytes().begin(), builder.bytes().end());
    nlmsghdr header{};
    std::memcpy(&header, request.data(), sizeof header);
    header.nlmsg_type = (NFNL_SUBSYS_CTNETLINK << 8U) | IPCTNL_MSG_CT_DELETE;
    header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    std::memcpy(request.data(), &header, sizeof header);
    for (auto _ : state) {
        state.PauseTiming();
        insert_stale(kIpv4);
        state.ResumeTiming();
        if (!socket.converse(request, [](const netlink::Message&) {})) state.SkipWithError("refused");
    }
}

void DumpAll(benchmark::State& state) {
    auto table = *NetlinkConntrackTable::open();
    std::size_t visited = 0;
    for (auto _ : state) {
        visited = 0;
        if (!table.for_each_flow({}, [&](const Flow&) { ++visited; })) state.SkipWithError("refused");
    }
    state.counters["flows"] = static_cast<double>(visited);
}

void Count(benchmark::State& state) {
    auto table = *NetlinkConntrackTable::open();
    for (auto _ : state)
        benchmark::DoNotOptimize(table.count().value());
}

double children_cpu_ms() {
    rusage usage{};
    getrusage(RUSAGE_CHILDREN, &usage);
    const auto ms = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
    };
    return ms(usage.ru_utime) + ms(usage.ru_stime);
}

void StockList(benchmark::State& state) {
    const double before = children_cpu_ms();
    for (auto _ : state)
        benchmark::DoNotOptimize(test::output_of("conntrack -L > /dev/null 2>&1"));
    state.counters["cpu_ms"] = (children_cpu_ms() - before) / static_cast<double>(state.iterations());
}

void StockDelete(benchmark::State& state) {
    const double before = children_cpu_ms();
    for (auto _ : state) {
        state.PauseTiming();
        insert_stale(kIpv4);
        state.ResumeTiming();
        benchmark::DoNotOptimize(
            test::output_of("conntrack -D -p udp -d 10.96.0.10 --dport 53 -r 10.1.0.5 > /dev/null 2>&1"));
    }
    state.counters["cpu_ms"] = (children_cpu_ms() - before) / static_cast<double>(state.iterations());
}

BENCHMARK(FindAtOneGo)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(20);
BENCHMARK(FindInSteps)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(20);
BENCHMARK(DeleteMatching)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(20);
BENCHMARK(DeleteMatchingIpv6)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(20);
BENCHMARK(DeleteByKernelFilter)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(20);
BENCHMARK(DumpAll)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(5);
BENCHMARK(StockList)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(5);
BENCHMARK(StockDelete)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(5);
BENCHMARK(Count)->Unit(benchmark::kMicrosecond)->UseRealTime();

}  // namespace
}  // namespace fairlead::kernel::conntrack

int main(int argc, char** argv) {
    using namespace fairlead::kernel::conntrack;  // NOLINT(google-build-using-namespace)
    benchmark::Initialize(&argc, argv);
    static const RaisedMaximum kMaximum;  // static: put back by exit() too
    if (unshare(CLONE_NEWNET) != 0) {
        std::perror("this benchmark needs root: unshare");
        return EXIT_FAILURE;
    }
    insert_unrelated();
    benchmark::RunSpecifiedBenchmarks();
    return EXIT_SUCCESS;
}
