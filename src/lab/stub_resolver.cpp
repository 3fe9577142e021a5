#include "lab/stub_resolver.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "base/sort_unique.h"
#include "dns/dns_config.h"
#include "dns/message.h"
#include "net/connected_socket.h"

namespace fairlead::lab {

namespace {

using base::Result;
using Clock = std::chrono::steady_clock;

struct Asked {
    dns::Question question;
    std::uint16_t id = 0;
    std::optional<dns::Message> reply{};

    /// False if the kernel does not take it: what was sent before was refused.
    [[nodiscard]] bool send(int socket) const {
        dns::Message query;
        query.id = id;
        query.recursion_desired = true;
        query.questions = {question};
        const auto bytes = dns::encode_message(query);
        return ::send(socket, bytes.data(), bytes.size(), 0) >= 0;
    }
    [[nodiscard]] bool is_answered_by(const dns::Message& message) const {
        return message.response && message.id == id && message.questions == std::vector{question};
    }
    [[nodiscard]] dns::WalkReply walk_reply() const {
        const auto& answer = reply->answer;
        const bool has_type = std::ranges::any_of(
            answer, [&](const dns::Record& record) { return record.type == question.type; });
        return {reply->code, answer.size(), has_type};
    }
};

bool is_complete(const std::vector<Asked>& step) {
    return std::ranges::all_of(step, [](const Asked& one) { return one.reply.has_value(); });
}

/// False if the network said meanwhile that nobody listens.
bool send_unanswered(int socket, const std::vector<Asked>& step, Lookup& lookup) {
    for (const auto& one : step) {
        if (one.reply) continue;
        if (!one.send(socket)) return false;
        ++lookup.queries;
    }
    return true;
}

/// Until all are answered, time is up, or the network says that nobody listens.
void wait_for_replies(int socket, std::vector<Asked>& step, Clock::time_point end) {
    std::array<std::uint8_t, dns::kMinUdpPayload> buffer{};
    while (!is_complete(step)) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
        pollfd waiting{socket, POLLIN, 0};
        if (left.count() <= 0 || poll(&waiting, 1, static_cast<int>(left.count())) == 0) return;
        const auto size = recv(socket, buffer.data(), buffer.size(), 0);
        if (size < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (size < 0) return;
        const auto message = dns::decode_message({buffer.data(), static_cast<std::size_t>(size)});
        if (!message) continue;
        for (auto& one : step)
            if (one.is_answered_by(*message)) one.reply = *message;
    }
}

/// Asks what belongs together, again if need be.
Result<void> ask_step(const ResolverOptions& options, std::vector<Asked>& step, Lookup& lookup) {
    FAIRLEAD_TRY(const auto socket, net::connect_udp({options.nameserver, dns::kDnsPort}));
    for (unsigned attempt = 0; attempt < options.walk.attempts && !is_complete(step); ++attempt) {
        lookup.retries = std::max(lookup.retries, attempt);
        if (send_unanswered(socket.get(), step, lookup))
            wait_for_replies(socket.get(), step, Clock::now() + options.timeout);
    }
    return {};
}

void take_addresses(const std::vector<Asked>& step, Lookup& lookup) {
    for (const auto& one : step)
        for (const auto& record : one.reply->answer)
            if (const auto address = dns::address_of(record)) lookup.addresses.push_back(*address);
    base::sort_unique(lookup.addresses);
}

}  // namespace

Result<ResolverOptions> resolver_options(const dns::ResolverSettings& settings) {
    if (settings.nameservers.empty()) return base::fail(base::ErrorCode::kInvalid, "no nameserver");
    ResolverOptions options;
    FAIRLEAD_TRY(options.nameserver, base::IpAddress::parse(settings.nameservers.front()));
    for (const auto& text : settings.searches) {
        FAIRLEAD_TRY(const auto domain, dns::Name::parse(text));
        options.walk.search.push_back(domain);
    }
    const auto ndots = dns::ndots_of(settings);
    if (!ndots) return base::fail(base::ErrorCode::kInvalid, "ndots is no number");
    options.walk.ndots = *ndots;
    return options;
}

Result<Lookup> StubResolver::look_up(std::string_view name) {
    const auto started = Clock::now();
    FAIRLEAD_TRY(auto walk, dns::SearchWalk::begin(dns::Libc::kGlibc, options_.walk, name,
                                                   {dns::RecordType::kA, dns::RecordType::kAaaa}));
    Lookup lookup;
    std::vector<Asked> step;
    while (const auto next = walk.next()) {
        step.clear();
        for (const auto type : next->types)
            step.push_back({{next->name, type}, next_id_++});
        FAIRLEAD_CHECK(ask_step(options_, step, lookup));
        if (!is_complete(step)) break;
        std::vector<dns::WalkReply> replies;
        replies.reserve(step.size());
        for (const auto& one : step)
            replies.push_back(one.walk_reply());
        walk.answered(replies);
    }
    if (is_complete(step)) lookup.end = walk.end();
    if (lookup.end == dns::WalkEnd::kFound) take_addresses(step, lookup);
    lookup.seconds = std::chrono::duration<double>(Clock::now() - started).count();
    return lookup;
}

}  // namespace fairlead::lab
