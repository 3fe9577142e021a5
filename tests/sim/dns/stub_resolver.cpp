#include "stub_resolver.h"

#include <algorithm>
#include <array>
#include <optional>

namespace fairlead::test {

namespace {

using dns::ResponseCode;
using enum StubOutcome;

/// What a resolver concludes from the replies for one candidate; nullopt: go on to the next one.
using Conclusion = std::optional<StubResult>;

/// Of all candidates so far.
struct Seen {
    bool no_data = false;
    bool server_failure = false;
    StubOutcome last = kNoName;
};

StubResult all_addresses(const std::vector<StubReply>& replies) {
    StubResult result;
    for (const auto& reply : replies)
        result.addresses.insert(reply.addresses.begin(), reply.addresses.end());
    result.outcome = result.addresses.empty() ? kNoData : kAddresses;
    return result;
}

bool any(const std::vector<StubReply>& replies, auto condition) {
    return std::ranges::any_of(replies, condition);
}

/// One reply with rcode 0 and anything in its answer section ends the search.
Conclusion conclude_glibc(const std::vector<StubReply>& replies, Seen& seen) {
    if (any(replies, [](const StubReply& reply) {
            return reply.has_answer && reply.code == ResponseCode::kNoError && !reply.timed_out;
        }))
        return all_addresses(replies);
    if (any(replies, &StubReply::timed_out)) return StubResult{kTryAgain, {}};
    // The first reply's code counts, the second's where that is none.
    auto code = replies.front().code;
    if (code == ResponseCode::kNoError) code = replies.back().code;
    if (code == ResponseCode::kServFail)
        seen.server_failure = true;
    else if (code == ResponseCode::kNoError)
        seen.no_data = true;
    else if (code != ResponseCode::kNxDomain)
        return StubResult{kFailed, {}};
    return std::nullopt;
}

Conclusion conclude_musl(const std::vector<StubReply>& replies, Seen&) {
    for (const auto& reply : replies) {
        if (reply.failed()) return StubResult{kTryAgain, {}};
        if (reply.code == ResponseCode::kNxDomain) return std::nullopt;
        if (reply.code != ResponseCode::kNoError) return StubResult{kFailed, {}};
    }
    return all_addresses(replies);
}

Conclusion conclude_go(const std::vector<StubReply>& replies, Seen& seen) {
    auto result = all_addresses(replies);
    if (result.outcome == kAddresses) return result;
    seen.last = any(replies, &StubReply::failed) ? kTryAgain : kNoName;
    return std::nullopt;
}

Conclusion conclude_cares(const std::vector<StubReply>& replies, Seen& seen) {
    auto result = all_addresses(replies);
    if (result.outcome == kAddresses) return result;
    if (any(replies, &StubReply::failed)) return StubResult{kTryAgain, {}};
    if (any(replies, [](const StubReply& reply) { return reply.code == ResponseCode::kNoError; }))
        seen.no_data = true;
    return std::nullopt;
}

StubOutcome final_outcome(StubKind kind, const Seen& seen) {
    if (kind == StubKind::kGo) return seen.last;
    if (seen.no_data) return kNoData;
    return seen.server_failure ? kTryAgain : kNoName;
}

std::vector<std::string> candidates_of(StubKind kind, const std::string& text,
                                       const std::vector<std::string>& search, unsigned ndots) {
    const bool absolute_first = std::ranges::count(text, '.') >= ndots;
    std::vector<std::string> candidates;
    if (absolute_first) candidates.push_back(text);
    if (absolute_first && kind == StubKind::kMusl) return candidates;
    for (const auto& domain : search)
        candidates.push_back(text + "." + domain);
    if (!absolute_first) candidates.push_back(text);
    return candidates;
}

}  // namespace

std::string_view name_of(StubKind kind) {
    constexpr std::array<std::string_view, 4> kNames = {"glibc", "musl", "Go", "c-ares"};
    return kNames.at(static_cast<std::size_t>(kind));
}

std::string to_string(const StubResult& result) {
    constexpr std::array<std::string_view, 5> kNames = {"addresses", "no name", "no data", "try again",
                                                        "failed"};
    std::string text{kNames.at(static_cast<std::size_t>(result.outcome))};
    for (const auto& address : result.addresses)
        text += " " + address;
    return text;
}

StubResult stub_lookup(StubKind kind, const std::string& text, const std::vector<dns::RecordType>& types,
                       const std::vector<std::string>& search, unsigned ndots, const AskPair& ask) {
    using Conclude = Conclusion (*)(const std::vector<StubReply>&, Seen&);
    constexpr std::array<Conclude, 4> kConclude = {conclude_glibc, conclude_musl, conclude_go,
                                                   conclude_cares};
    Seen seen;
    for (const auto& candidate : candidates_of(kind, text, search, ndots)) {
        const auto name = dns::Name::parse(candidate);
        if (!name) continue;
        const auto replies = ask(*name, types);
        if (const auto end = kConclude.at(static_cast<std::size_t>(kind))(replies, seen)) return *end;
    }
    return {final_outcome(kind, seen), {}};
}

}  // namespace fairlead::test
