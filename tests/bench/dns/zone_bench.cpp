// What the zone of a cluster costs: to load, to keep, to change, and to answer from. Four of five Services
// have a ClusterIP, the others are headless and their endpoints have hostnames; each has three endpoints.
// The parse of a packet and the bare writing of one address stand beside the answers: what no zone can avoid.
// Among 100,000 Services an answer waits for memory. of_limit compares it with what no table could avoid: the
// work of the same answer among 1,000, and for each object that it has to read one load from the zone's
// memory that comes after the other.

#include <benchmark/benchmark.h>

#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "bench/cold_loads.h"
#include "bench/counted_heap.h"
#include "dns/cluster_zone.h"
#include "dns/message.h"
#include "dns/reverse_name.h"
#include "support/dns_zone.h"

namespace fairlead::dns {
namespace {

constexpr std::size_t kNamespaces = 100;
constexpr std::size_t kEndpointsEach = 3;
constexpr std::size_t kQuestions = 16'384;
constexpr base::WallTime kNow{std::chrono::seconds{1'700'000'000}};

base::IpAddress ipv4(std::uint8_t first, std::size_t number) {
    const std::array bytes = {std::byte{first}, static_cast<std::byte>(number >> 16U),
                              static_cast<std::byte>(number >> 8U), static_cast<std::byte>(number)};
    return base::IpAddress{bytes};
}

std::string namespace_of(std::size_t number) {
    return "team-" + std::to_string(number % kNamespaces);
}

std::string service_of(std::size_t number) {
    return "service-" + std::to_string(number);
}

bool is_headless(std::size_t number) {
    return number % 5 == 4;
}

kube::EndpointSlice slice_of(std::size_t number, std::size_t turn = 0) {
    std::vector<std::string> endpoints;
    for (std::size_t i = 0; i < kEndpointsEach; ++i)
        endpoints.push_back((is_headless(number) ? "db-" + std::to_string(i) + "=" : "") +
                            ipv4(11, number * 4 + (i + turn) % 4).to_string());
    return test::endpoint_slice(namespace_of(number), service_of(number), service_of(number) + "-x7k2p",
                                endpoints, {{"http", base::L4Protocol::kTcp, 8080}});
}

void fill(kube::Stores& stores, std::size_t services) {
    for (std::size_t i = 0; i < kNamespaces; ++i)
        stores.namespaces.put(test::name_space(namespace_of(i)));
    for (std::size_t i = 0; i < services; ++i) {
        auto service = test::headless_service(namespace_of(i), service_of(i));
        service.headless = is_headless(i);
        if (!service.headless) service.cluster_ips = {ipv4(10, i)};
        auto& port = service.ports.emplace_back();
        port.name = "http";
        port.port = 80;
        stores.services.put(std::move(service));
        stores.slices.put(slice_of(i));
    }
}

/// Made once for each size and kept: it takes seconds to make.
struct Loaded {
    explicit Loaded(std::size_t services) {
        fill(stores, services);
        const auto changes = stores.take_changes();
        const auto before = bench::heap_use().live_bytes;
        zone.apply(changes, stores, kNow);
        zone.set_synced();
        bytes = bench::heap_use().live_bytes - before;
    }
    kube::Stores stores;
    ClusterZone zone{{}};
    std::size_t bytes = 0;  ///< of the zone
};

Loaded& loaded(std::size_t services) {
    static std::map<std::size_t, std::unique_ptr<Loaded>> all;
    auto& one = all[services];
    if (!one) one = std::make_unique<Loaded>(services);
    return *one;
}

enum class Ask : std::uint8_t {
    kClusterIp,
    kNoData,
    kMissing,
    kSearch,
    kHeadless,
    kHostname,
    kSrv,
    kPointer
};

std::size_t pick(base::Random& random, std::size_t services, bool headless) {
    const auto group = random.below(services / 5) * 5;
    return headless ? group + 4 : group + random.below(4);
}

std::vector<std::uint8_t> packet_of(Ask ask, base::Random& random, std::size_t services) {
    const bool headless = ask == Ask::kHeadless || ask == Ask::kHostname;
    const auto number = pick(random, services, headless);
    auto name = service_of(number) + "." + namespace_of(number) + ".svc.cluster.local";
    auto type = RecordType::kA;
    switch (ask) {
        case Ask::kNoData:
            type = RecordType::kAaaa;
            break;
        case Ask::kMissing:
            name = "x" + name;
            break;
        case Ask::kSearch:
            name = "www.example.com." + namespace_of(number) + ".svc.cluster.local";
            break;
        case Ask::kHostname:
            name = "db-1." + name;
            break;
        case Ask::kSrv:
            name = "_http._tcp." + name, type = RecordType::kSrv;
            break;
        case Ask::kPointer:
            name = reverse_name_of(ipv4(10, number)).to_string(), type = RecordType::kPtr;
            break;
        default:
            break;
    }
    Message message;
    message.recursion_desired = true;
    message.questions.push_back({Name::parse(name).value(), type});
    return encode_message(message);
}

std::vector<std::vector<std::uint8_t>> packets_of(Ask ask, std::size_t services) {
    base::Random random(7);
    std::vector<std::vector<std::uint8_t>> packets;
    for (std::size_t i = 0; i < kQuestions; ++i)
        packets.push_back(packet_of(ask, random, services));
    return packets;
}

/// Objects of the zone that lie behind each other: a place in a table, what it leads to, and so on.
std::size_t least_loads(Ask ask) {
    switch (ask) {
        case Ask::kMissing:
            return 1;  // the table of Services
        case Ask::kSearch:
            return 0;  // the few namespaces are in the caches
        case Ask::kHeadless:
            return 3;  // its endpoints behind the Service
        case Ask::kHostname:
            return 4;  // its hostnames, then its endpoints behind the Service
        case Ask::kPointer:
            return 5;  // the table and record of the address, the Service's name, table and record
        default:
            return 2;  // the table and the Service
    }
}

/// Compares with the same answer among few Services, which has run before.
void show_limit(benchmark::State& state, Ask ask, double ns, std::size_t zone_bytes) {
    constexpr std::int64_t kFew = 1'000;
    static std::map<Ask, double> among_few_ns;
    if (state.range(0) == kFew) among_few_ns[ask] = ns;
    if (state.range(0) == kFew || !among_few_ns.contains(ask)) return;
    const auto loads = least_loads(ask);
    const auto load_ns = bench::cold_load_ns(zone_bytes, kQuestions * std::max<std::size_t>(loads, 1));
    state.counters["loads"] = static_cast<double>(loads);
    state.counters["load_ns"] = load_ns;
    state.counters["of_limit"] = ns / (among_few_ns[ask] + static_cast<double>(loads) * load_ns);
}

/// From the packet of the question to that of the answer.
void Answer(benchmark::State& state, Ask ask) {
    const auto services = static_cast<std::size_t>(state.range(0));
    auto& [stores, zone, zone_bytes] = loaded(services);
    const auto packets = packets_of(ask, services);
    ReaderGate gate(zone.reclaimer());
    std::array<std::uint8_t, kDefaultUdpPayload> out{};
    std::size_t next = 0;
    std::size_t failed = 0;
    const auto before = bench::heap_use().live_bytes;
    bench::reset_heap_peak();
    const auto start = std::chrono::steady_clock::now();
    for (auto _ : state) {
        const auto parsed = parse_query(packets[next++ % kQuestions]);
        const auto& query = std::get<Query>(parsed);
        ReplyWriter writer(out, query, out.size());
        Name follow;
        const auto answer = zone.answer(query, writer, next, &follow);
        failed += answer.outcome == ZoneOutcome::kAnswered ? 0U : 1U;
        benchmark::DoNotOptimize(writer.finish(answer.code, true));
        gate.quiescent();
    }
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    if (bench::heap_use().peak_bytes != before) state.SkipWithError("memory was allocated");
    if (failed != 0) state.SkipWithError("not answered");
    show_limit(state, ask, took.count() / static_cast<double>(state.iterations()), zone_bytes);
}

/// Without a zone: a parse, and an address that was known before.
void AnswerOneAddressFromNowhere(benchmark::State& state) {
    const auto packets = packets_of(Ask::kClusterIp, 1'000);
    const auto address = ipv4(10, 1);
    std::array<std::uint8_t, kDefaultUdpPayload> out{};
    std::size_t next = 0;
    for (auto _ : state) {
        const auto parsed = parse_query(packets[next++ % kQuestions]);
        const auto& query = std::get<Query>(parsed);
        ReplyWriter writer(out, query, out.size());
        writer.add_address(Section::kAnswer, address, 5);
        benchmark::DoNotOptimize(writer.finish(ResponseCode::kNoError, true));
    }
}

void LoadZone(benchmark::State& state) {
    const auto services = static_cast<std::size_t>(state.range(0));
    double bytes_each = 0;
    for (auto _ : state) {
        state.PauseTiming();
        kube::Stores stores;
        fill(stores, services);
        const auto changes = stores.take_changes();
        const auto before = bench::heap_use().live_bytes;
        auto zone = std::make_unique<ClusterZone>(ZoneOptions{});
        state.ResumeTiming();
        zone->apply(changes, stores, kNow);
        state.PauseTiming();
        bytes_each =
            static_cast<double>(bench::heap_use().live_bytes - before) / static_cast<double>(services);
        zone.reset();
        state.ResumeTiming();
    }
    state.counters["bytes_per_service"] = bytes_each;
}

/// One slice of one Service gets another endpoint in the place of one that it had.
void ApplyOneSlice(benchmark::State& state) {
    const auto services = static_cast<std::size_t>(state.range(0));
    auto& [stores, zone, zone_bytes] = loaded(services);
    base::Random random(9);
    std::size_t turn = 0;
    for (auto _ : state) {
        state.PauseTiming();
        stores.slices.put(slice_of(random.below(services), ++turn));
        const auto changes = stores.take_changes();
        state.ResumeTiming();
        zone.apply(changes, stores, kNow);
    }
}

BENCHMARK(AnswerOneAddressFromNowhere);
// NOLINTBEGIN(cert-err58-cpp)
#define FAIRLEAD_ANSWERS(name, ask) BENCHMARK_CAPTURE(Answer, name, ask)->Arg(1'000)->Arg(100'000)
FAIRLEAD_ANSWERS(ClusterIp, Ask::kClusterIp);
FAIRLEAD_ANSWERS(NoData, Ask::kNoData);
FAIRLEAD_ANSWERS(Missing, Ask::kMissing);
FAIRLEAD_ANSWERS(Search, Ask::kSearch);
FAIRLEAD_ANSWERS(Headless, Ask::kHeadless);
FAIRLEAD_ANSWERS(Hostname, Ask::kHostname);
FAIRLEAD_ANSWERS(Srv, Ask::kSrv);
FAIRLEAD_ANSWERS(Pointer, Ask::kPointer);
// NOLINTEND(cert-err58-cpp)
BENCHMARK(ApplyOneSlice)->Arg(1'000)->Arg(100'000);
BENCHMARK(LoadZone)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace fairlead::dns

BENCHMARK_MAIN();
