// What it takes to say who fills the table: a million flows in four network namespaces of the benchmark's
// own, of which each may hold as many as nf_conntrack_max allows (which stays as it is); ours, the parts of
// ours, and stock tools that read the same. Every walk goes over the buckets of all namespaces, so four walks
// here cost the kernel more than one over a million flows of one namespace. Needs root.

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <vector>

#include "bench/counted_heap.h"
#include "conntrack/usage.h"
#include "kernel/conntrack/codec.h"
#include "kernel/conntrack/netlink_conntrack_table.h"
#include "support/command.h"
#include "support/conntrack_fixture.h"

namespace fairlead::conntrack {
namespace {

using kernel::conntrack::Flow;
using kernel::conntrack::NetlinkConntrackTable;

constexpr std::uint32_t kNamespaces = 4;
constexpr std::uint32_t kFlowsEach = 250'000;
constexpr std::uint32_t kSample = 200'000;
constexpr std::uint32_t kServices = 1'000;
constexpr std::uint32_t kEndpointsEach = 50;
constexpr std::uint8_t kTcp = 6;

std::vector<int> namespaces;  // file descriptors
double ours_s = 0;            // the last time for all of them

[[noreturn]] void give_up(const char* what) {
    std::perror(what);
    std::exit(EXIT_FAILURE);
}

void enter(std::size_t number) {
    if (setns(namespaces[number], CLONE_NEWNET) != 0) give_up("setns");
}

base::IpAddress ipv4(std::uint8_t first, std::uint32_t number) {
    const std::array bytes = {std::byte{first}, static_cast<std::byte>(number >> 16U),
                              static_cast<std::byte>(number >> 8U), static_cast<std::byte>(number)};
    return base::IpAddress{bytes};
}

base::IpAddress endpoint_address(std::uint32_t service, std::uint32_t endpoint) {
    return ipv4(11, service * 64 + endpoint);
}

/// A client of its own for each: there is no harder case for what counts them.
Flow flow_of(std::uint32_t number) {
    const auto service = number % kServices;
    const auto client = ipv4(12, number);
    const auto port = static_cast<std::uint16_t>(1'024 + number % 60'000);
    Flow flow;
    flow.protocol = number % 2 == 0 ? kTcp : 17;
    flow.original = {client, ipv4(10, service), port, 80, {}};
    flow.reply = {endpoint_address(service, number / kServices % kEndpointsEach), client, 8'080, port, {}};
    flow.status = kernel::conntrack::status::kConfirmed;
    if (flow.protocol == kTcp) flow.tcp_state = kernel::conntrack::TcpState::kEstablished;
    flow.timeout = std::chrono::seconds{86'400};
    return flow;
}

void fill(std::uint32_t first) {
    constexpr std::uint32_t kChunk = 10'000;
    for (std::uint32_t at = first; at < first + kFlowsEach; at += kChunk) {
        std::vector<Flow> flows;
        for (std::uint32_t i = at; i < at + kChunk; ++i)
            flows.push_back(flow_of(i));
        if (const int refused = test::insert_into_kernel(flows)) {
            std::fprintf(stderr, "insert: %s\n", std::strerror(refused));
            std::exit(EXIT_FAILURE);
        }
    }
}

FlowNames make_names() {
    FlowNames names;
    for (std::uint32_t service = 0; service < kServices; ++service) {
        FlowNames::Port port{"shop/service-" + std::to_string(service), {}, {}};
        for (const auto protocol : {base::L4Protocol::kTcp, base::L4Protocol::kUdp})
            port.frontends.emplace_back(protocol, ipv4(10, service), 80);
        for (std::uint32_t i = 0; i < kEndpointsEach; ++i)
            port.answers.push_back({{endpoint_address(service, i), 8'080},
                                    "shop/service-" + std::to_string(service) + "-" + std::to_string(i)});
        names.add(port);
    }
    return names;
}

template <class Visit>
void read_all(benchmark::State& state, Visit visit) {
    for (std::size_t number = 0; number < namespaces.size(); ++number) {
        enter(number);
        auto table = *NetlinkConntrackTable::open();
        if (!table.for_each_flow({}, visit)) state.SkipWithError("refused");
    }
}

/// The kernel's part, and receiving it.
void DumpUndecodedMillion(benchmark::State& state) {
    kernel::netlink::MessageBuilder request;
    kernel::conntrack::encode_dump(request, {}, std::nullopt);
    for (auto _ : state)
        for (std::size_t number = 0; number < namespaces.size(); ++number) {
            enter(number);
            auto socket = *kernel::netlink::Socket::open(12);  // NETLINK_NETFILTER
            if (!socket.dump(request.bytes(), [](const auto&) {})) state.SkipWithError("refused");
        }
}

void VisitMillion(benchmark::State& state) {
    std::size_t visited = 0;
    for (auto _ : state)
        read_all(state, [&](const Flow&) { ++visited; });
    state.counters["flows"] = static_cast<double>(visited) / static_cast<double>(state.iterations());
}

void UsageOfMillion(benchmark::State& state) {
    const auto before = bench::heap_use().live_bytes;
    bench::reset_heap_peak();
    const auto names = make_names();
    const auto began = std::chrono::steady_clock::now();
    for (auto _ : state) {
        UsageCounter counter{names};
        read_all(state, [&](const Flow& flow) { counter.take(flow); });
        benchmark::DoNotOptimize(counter.usage(10));
        state.counters["flows"] = counter.total().flows;
        state.counters["nowhere"] = counter.total().leads_nowhere;
    }
    ours_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count() /
             static_cast<double>(state.iterations());
    state.counters["peak_MiB"] = static_cast<double>(bench::heap_use().peak_bytes - before) / 1'048'576;
}

/// What counting takes without the kernel.
void CountMillion(benchmark::State& state) {
    const auto names = make_names();
    std::vector<Flow> flows;
    for (std::uint32_t i = 0; i < kFlowsEach; ++i)
        flows.push_back(flow_of(i));
    for (auto _ : state) {
        UsageCounter counter{names};
        for (std::uint32_t i = 0; i < kNamespaces; ++i)
            for (auto& flow : flows) {
                flow.original.source =
                    ipv4(static_cast<std::uint8_t>(12 + i), flow.original.source_port * 7U + i);
                counter.take(flow);
            }
        benchmark::DoNotOptimize(counter.usage(10));
    }
}

void UsageOfOneNamespace(benchmark::State& state) {
    const auto names = make_names();
    enter(0);
    for (auto _ : state) {
        auto table = *NetlinkConntrackTable::open();
        UsageCounter counter{names};
        if (!table.for_each_flow({}, [&](const Flow& flow) { counter.take(flow); }))
            state.SkipWithError("refused");
        benchmark::DoNotOptimize(counter.usage(10));
        state.counters["flows"] = counter.total().flows;
    }
}

/// 200,000 flows, then the walk is stopped.
void UsageOfSample(benchmark::State& state) {
    const auto names = make_names();
    enter(0);
    for (auto _ : state) {
        auto table = *NetlinkConntrackTable::open();
        UsageCounter counter{names};
        const auto whole = table.visit_while({}, [&](const Flow& flow) {
            counter.take(flow);
            return counter.total().flows < kSample;
        });
        if (whole.value_or(true)) state.SkipWithError("not stopped");
        benchmark::DoNotOptimize(counter.usage(10));
    }
}

void stock(benchmark::State& state, const char* command) {
    const auto began = std::chrono::steady_clock::now();
    for (auto _ : state)
        for (std::size_t number = 0; number < namespaces.size(); ++number) {
            enter(number);
            benchmark::DoNotOptimize(test::output_of(command));
        }
    const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    state.counters["of_ours"] = took / static_cast<double>(state.iterations()) / ours_s;
}

void StockListMillion(benchmark::State& state) {
    stock(state, "conntrack -L > /dev/null 2>&1");
}
void ReadProcMillion(benchmark::State& state) {
    stock(state, "cat /proc/net/nf_conntrack > /dev/null");
}
/// What people do by hand to know who fills the table.
void StockPeersMillion(benchmark::State& state) {
    stock(state,
          "conntrack -L 2>/dev/null | awk '{for (i = 1; i <= NF; i++) if ($i ~ /^src=/) {print $i; break}}' "
          "| sort | uniq -c | sort -rn | head -10");
}

BENCHMARK(DumpUndecodedMillion)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(3);
BENCHMARK(VisitMillion)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(3);
BENCHMARK(CountMillion)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(3);
BENCHMARK(UsageOfMillion)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(3);
BENCHMARK(UsageOfOneNamespace)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(3);
BENCHMARK(UsageOfSample)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(3);
BENCHMARK(StockListMillion)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(3);
BENCHMARK(ReadProcMillion)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(3);
BENCHMARK(StockPeersMillion)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(1);

}  // namespace
}  // namespace fairlead::conntrack

int main(int argc, char** argv) {
    using namespace fairlead::conntrack;  // NOLINT(google-build-using-namespace)
    benchmark::Initialize(&argc, argv);
    for (std::uint32_t i = 0; i < kNamespaces; ++i) {
        if (unshare(CLONE_NEWNET) != 0) give_up("this benchmark needs root: unshare");
        namespaces.push_back(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
        fill(i * kFlowsEach);
    }
    benchmark::RunSpecifiedBenchmarks();
    return EXIT_SUCCESS;
}
