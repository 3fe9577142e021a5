// What one query costs without sockets: reading it, and writing its reply from a prepared body or record by
// record. heap_bytes is what the heap grew by at its peak: 0.

#include <benchmark/benchmark.h>

#include <array>
#include <cstdlib>

#include "bench/counted_heap.h"
#include "dns/query.h"
#include "dns/reply.h"
#include "dns/reply_writer.h"
#include "support/dns_packets.h"

namespace fairlead::dns {
namespace {

const Name kService = name("web.shop.svc.cluster.local");

/// Runs `answer(packet, out)` and counts what it took from the heap.
template <class Answer>
void measure(benchmark::State& state, const Packet& packet, Answer answer) {
    std::array<std::uint8_t, kDefaultUdpPayload> out{};
    bench::reset_heap_peak();
    const std::size_t before = bench::heap_use().live_bytes;
    std::size_t size = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(size = answer(packet, out));
        if (size == 0) std::abort();
    }
    state.counters["heap_bytes"] = static_cast<double>(bench::heap_use().peak_bytes - before);
    state.counters["reply_bytes"] = static_cast<double>(size);
}

void ParseQuery(benchmark::State& state) {
    measure(state, query_packet(kService, RecordType::kA, Edns{}),
            [](const Packet& packet, std::span<std::uint8_t>) {
                return std::get<Query>(parse_query(packet)).question.size();
            });
}

/// From the cache: a body of as many addresses, aged and rotated.
void FromBody(benchmark::State& state) {
    std::vector<Record> answer;
    for (std::int64_t i = 0; i < state.range(0); ++i)
        answer.push_back(address_record(kService, 30, ip("10.0.0.1")));
    const ReplyBody body = make_body(kService, ResponseCode::kNoError, answer);
    std::uint64_t draw = 0;
    measure(state, query_packet(kService, RecordType::kA, Edns{}),
            [&](const Packet& packet, std::span<std::uint8_t> out) {
                const auto parsed = parse_query(packet);
                const auto& query = std::get<Query>(parsed);
                return write_reply(out, query, body,
                                   {.limit = udp_reply_limit(query), .age_s = 3, .draw = ++draw});
            });
}

/// From the zone: the same addresses written one by one.
void RecordByRecord(benchmark::State& state) {
    const base::IpAddress address = ip("10.0.0.1");
    measure(state, query_packet(kService, RecordType::kA, Edns{}),
            [&](const Packet& packet, std::span<std::uint8_t> out) {
                const auto parsed = parse_query(packet);
                const auto& query = std::get<Query>(parsed);
                ReplyWriter writer{out, query, udp_reply_limit(query)};
                for (std::int64_t i = 0; i < state.range(0); ++i)
                    writer.add_address(Section::kAnswer, address, 30);
                return writer.finish(ResponseCode::kNoError, true);
            });
}

/// The usual answer to a search candidate: NXDOMAIN with the zone's SOA.
void NameMissing(benchmark::State& state) {
    const Name zone = name("cluster.local");
    const Soa soa{.primary = name("ns.dns.cluster.local"), .mailbox = name("hostmaster.cluster.local")};
    const Packet asked = query_packet("www.example.com.shop.svc.cluster.local", RecordType::kA, Edns{});
    measure(state, asked, [&](const Packet& packet, std::span<std::uint8_t> out) {
        const auto parsed = parse_query(packet);
        ReplyWriter writer{out, std::get<Query>(parsed), out.size()};
        writer.add_soa(Section::kAuthority, zone, 5, soa);
        return writer.finish(ResponseCode::kNxDomain, true);
    });
}

BENCHMARK(ParseQuery);
BENCHMARK(FromBody)->Arg(1)->Arg(8)->Arg(60);
BENCHMARK(RecordByRecord)->Arg(1)->Arg(8)->Arg(60);
BENCHMARK(NameMissing);

}  // namespace
}  // namespace fairlead::dns

BENCHMARK_MAIN();
