#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dns/name.h"
#include "dns/protocol.h"

namespace fairlead::test {

/// What a stub resolver makes of a reply.
struct StubReply {
    dns::ResponseCode code = dns::ResponseCode::kNoError;
    bool has_answer = false;  ///< any record in the answer section
    std::set<std::string> addresses;
    bool timed_out = false;

    [[nodiscard]] bool failed() const { return timed_out || code == dns::ResponseCode::kServFail; }
};

/// What getaddrinfo() and the like end with.
enum class StubOutcome : std::uint8_t { kAddresses, kNoName, kNoData, kTryAgain, kFailed };

struct StubResult {
    StubOutcome outcome = StubOutcome::kNoName;
    std::set<std::string> addresses;

    friend bool operator==(const StubResult&, const StubResult&) = default;
};
std::string to_string(const StubResult& result);

/// Which resolver: their rules differ (glibc resolv/res_query.c, musl src/network/lookup_name.c, Go
/// net/dnsclient_unix.go, c-ares ares_addrinfo.c and ares_search.c).
enum class StubKind : std::uint8_t { kGlibc, kMusl, kGo, kCares };
inline constexpr StubKind kStubKinds[] = {StubKind::kGlibc, StubKind::kMusl, StubKind::kGo, StubKind::kCares};
std::string_view name_of(StubKind kind);

/// The answers to the queries for these types, which go out together; in their order.
using AskPair = std::function<std::vector<StubReply>(const dns::Name&, const std::vector<dns::RecordType>&)>;

/// Looks up `text` (a name without a dot at its end) as that resolver does with this resolv.conf.
StubResult stub_lookup(StubKind kind, const std::string& text, const std::vector<dns::RecordType>& types,
                       const std::vector<std::string>& search, unsigned ndots, const AskPair& ask);

}  // namespace fairlead::test
