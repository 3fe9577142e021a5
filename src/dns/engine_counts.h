#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/address.h"
#include "base/time.h"
#include "dns/engine_packets.h"
#include "dns/protocol.h"

namespace fairlead::dns {

/// Where a reply came from.
enum class ReplySource : std::uint8_t {
    kServer,    ///< ourselves: errors, refusals, version.bind
    kHosts,     ///< configured addresses
    kZone,      ///< the cluster's zone
    kCollapse,  ///< the end of a search walk, told at its first query
    kCache,
    kUpstream,
};
constexpr std::size_t kReplySources = 6;
/// "server", "hosts", "zone", ...
std::string_view name_of(ReplySource source);

/// Types that are counted by name; the last place is for all others.
constexpr auto kCountedTypes = std::to_array<RecordType>(
    {RecordType::kA, RecordType::kAaaa, RecordType::kPtr, RecordType::kSrv, RecordType::kTxt,
     RecordType::kCname, RecordType::kNs, RecordType::kSoa, RecordType::kMx, RecordType::kNaptr,
     RecordType::kHttps, RecordType::kSvcb, RecordType::kDs, RecordType::kDnskey, RecordType::kRrsig,
     RecordType::kAxfr, RecordType::kIxfr, RecordType::kAny});

/// Counts values by upper bounds, as Prometheus histograms do; the last place counts what is above all.
template <std::size_t N>
struct BucketCounts {
    std::array<std::uint64_t, N + 1> counts{};
    double sum = 0;

    void add(const std::array<double, N>& bounds, double value) {
        std::size_t i = 0;
        while (i < N && value > bounds[i])
            ++i;
        ++counts[i];
        sum += value;
    }
};

/// Bytes of messages: CoreDNS's buckets of coredns_dns_{request,response}_size_bytes.
constexpr std::array<double, 14> kSizeBounds{0,    100,  200,  300,   400,   511,   1023,
                                             2047, 4095, 8291, 16000, 32000, 48000, 64000};
/// Seconds: CoreDNS's buckets of coredns_dns_request_duration_seconds.
constexpr std::array<double, 16> kDurationBounds{0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032,
                                                 0.064,   0.128,  0.256, 0.512, 1.024, 2.048, 4.096, 8.192};

/// What one worker did since its start. Plain numbers: whoever publishes them copies the whole.
struct EngineCounts {
    static constexpr std::size_t kCodes = 17;  ///< response codes 0 to 15, then all above (BADVERS)

    /// coredns_dns_requests_total by transport, family of the client and type. Packets that are no query have
    /// no type.
    std::array<std::array<std::array<std::uint64_t, kCountedTypes.size() + 1>, 2>, 2> requests{};
    std::uint64_t dnssec_requests = 0;  ///< coredns_dns_do_requests_total
    std::uint64_t malformed = 0;        ///< refused as they came: FORMERR, NOTIMP, BADVERS
    std::uint64_t silenced = 0;         ///< responses and stubs of packets, which are not answered
    /// coredns_dns_responses_total by source and code.
    std::array<std::array<std::uint64_t, kCodes>, kReplySources> responses{};
    BucketCounts<kSizeBounds.size()> request_bytes;
    BucketCounts<kSizeBounds.size()> response_bytes;
    /// From the turn that a query came in to that of its reply; 0 for what was answered at once.
    BucketCounts<kDurationBounds.size()> duration_s;
    std::uint64_t collapsed = 0;       ///< coredns_autopath_success_total
    std::uint64_t would_collapse = 0;  ///< in the mode "count"
    std::uint64_t served_stale = 0;    ///< coredns_cache_served_stale_total
    std::uint64_t prefetches = 0;      ///< coredns_cache_prefetch_total
    std::uint64_t overloaded = 0;      ///< queries refused for a limit, of their client or of all
    std::uint64_t truncated = 0;       ///< replies with TC

    void count_request(ClientTransport transport, base::Family family, RecordType type) {
        std::size_t place = 0;
        while (place < kCountedTypes.size() && kCountedTypes[place] != type)
            ++place;
        ++requests[static_cast<std::size_t>(transport)][static_cast<std::size_t>(family)][place];
    }
    /// `reply` is the whole message.
    void count_response(ReplySource source, Bytes reply, base::Duration took);
};

}  // namespace fairlead::dns
