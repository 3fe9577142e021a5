#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "dns/forwarder.h"

namespace {

using namespace fairlead;

constexpr std::size_t kFlagsEnd = 4;  // of a header: id and flags

/// What was asked, as a header and a question that the reply has to have; the rest is the fuzzer's.
std::vector<std::uint8_t> as_reply(const std::vector<std::uint8_t>& query, dns::Bytes input) {
    std::vector<std::uint8_t> reply{query[0], query[1]};
    reply.insert(reply.end(), input.begin(), input.end());
    reply.resize(std::max(reply.size(), dns::kHeaderSize));
    reply[2] = static_cast<std::uint8_t>(reply[2] | 0x80U);
    std::fill(reply.begin() + kFlagsEnd, reply.begin() + kFlagsEnd + 2, std::uint8_t{0});
    reply[kFlagsEnd + 1] = 1;
    std::size_t end = dns::kHeaderSize;
    while (query[end] != 0)
        end += query[end] + std::size_t{1};
    constexpr std::size_t kRootTypeAndClass = 5;
    reply.insert(reply.begin() + dns::kHeaderSize, query.begin() + dns::kHeaderSize,
                 query.begin() + static_cast<std::ptrdiff_t>(end + kRootTypeAndClass));
    return reply;
}

}  // namespace

/// Any bytes as replies to what a Forwarder asks: as they are, and behind the question that they have to
/// repeat. The lookup must end once, in time.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const dns::Bytes input{data, size};
    const std::vector<dns::ForwardZone> zones{{{}, {}, {*dns::UpstreamServer::parse("10.0.0.1")}, {}, {}}};
    dns::Forwarder forwarder{zones, {}, {}, std::make_shared<dns::LoopWatch>(1, 1)};
    base::TimePoint now{std::chrono::hours(1)};
    const dns::Lookup lookup{*dns::Name::parse("www.example.com"), dns::RecordType::kA, (size & 1U) != 0,
                             false};
    forwarder.ask(now, lookup);
    std::size_t completed = 0;
    for (std::size_t step = 0; step < 64; ++step) {
        for (const auto& query : forwarder.take_output()) {
            forwarder.received(now, query.exchange, input);
            forwarder.received(now, query.exchange, as_reply(query.bytes, input));
        }
        completed += forwarder.take_completed().size();
        const auto next = forwarder.next_deadline();
        if (!next || *next > base::TimePoint{std::chrono::hours(1)} + dns::Forwarder::kBudget) break;
        now = std::max(now, *next);
        forwarder.advance(now);
    }
    if (completed != 1) __builtin_trap();
    return 0;
}
