#include "sim/dns/simulated_upstream.h"

#include <absl/hash/hash.h>

#include <array>

#include "dns/record.h"

namespace fairlead::test {

namespace {

using dns::Message;
using dns::Name;
using dns::RecordType;
using dns::ResponseCode;

bool happens(unsigned chance, base::Random& random) {
    return random.below(100) < chance;
}

}  // namespace

Name alias_target(const Name& name) {
    return *Name{}.with_label("target-of-" + std::string{name.lowered().label(0)});
}

base::IpAddress true_address(const Name& name, RecordType type) {
    const std::uint64_t hash = absl::HashOf(name, static_cast<int>(type));
    const bool v4 = type != RecordType::kAaaa;
    std::array<std::byte, 16> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes.at(i) = static_cast<std::byte>(hash >> (8 * (i % 8)));
    bytes[0] = static_cast<std::byte>(v4 ? 10 : 0xfd);  // never the forged one
    return base::IpAddress{std::span<const std::byte>{bytes}.first(v4 ? 4 : 16)};
}

base::IpAddress forged_address() {
    return *base::IpAddress::parse("203.0.113.66");
}

Message truth(const dns::Question& question) {
    Message reply;
    reply.response = true;
    reply.recursion_available = true;
    reply.questions = {question};
    const std::string first = question.name.is_root() ? "" : std::string{question.name.lowered().label(0)};
    const auto soa = dns::soa_record(Name{}, 60, {Name{}, Name{}, 1, 2, 3, 4, 30});
    if (first.starts_with('x')) {
        reply.code = ResponseCode::kNxDomain;
        reply.authority = {soa};
    } else if (first.empty() || first.starts_with('e')) {
        reply.authority = {soa};
    } else if (first.starts_with('c')) {
        const Name target = alias_target(question.name);
        reply.answer = {dns::cname_record(question.name, 60, target),
                        dns::address_record(target, 60, true_address(target, question.type))};
    } else {
        reply.answer = {dns::address_record(question.name, 60, true_address(question.name, question.type))};
    }
    // Resolvers add what nobody asked for; and liars do.
    reply.additional = {dns::address_record(*Name::parse("bank.example"), 60, forged_address())};
    if (!reply.answer.empty())
        reply.answer.push_back(dns::address_record(*Name::parse("bank.example"), 60, forged_address()));
    return reply;
}

void SimulatedUpstream::recover() {
    loss = errors = truncation = garbage = duplicates = 0;
    least_delay = std::chrono::milliseconds(1);
    most_delay = std::chrono::milliseconds(30);
    refuses = silent = lame = false;
}

void SimulatedUpstream::change(base::Random& random) {
    recover();
    const auto sometimes = [&] { return static_cast<unsigned>(random.below(3) == 0 ? random.below(60) : 0); };
    loss = sometimes();
    errors = sometimes();
    truncation = sometimes();
    garbage = sometimes() / 4;
    duplicates = sometimes();
    if (random.below(4) == 0) most_delay = std::chrono::milliseconds(random.below(5000) + 1);
    refuses = random.below(10) == 0;
    silent = random.below(10) == 0;
    lame = random.below(15) == 0;
}

std::vector<std::uint8_t> SimulatedUpstream::reply(const dns::OutgoingQuery& query,
                                                   base::Random& random) const {
    const Message asked = *dns::decode_message(query.bytes);
    Message message = truth(asked.questions[0]);
    message.id = asked.id;
    message.edns = asked.edns;
    const bool by_udp = query.transport == dns::UpstreamTransport::kUdp;
    if (!has_edns && asked.edns) {
        message = {};
        message.id = asked.id;
        message.response = true;
        message.code = ResponseCode::kFormErr;
        return dns::encode_message(message);
    }
    if (lame || happens(errors, random)) {
        message.answer.clear();
        message.authority.clear();
        message.additional.clear();
        message.code = random.below(2) == 0 ? ResponseCode::kServFail : ResponseCode::kRefused;
    }
    if (lame) {
        message.code = ResponseCode::kNoError;
        message.recursion_available = false;
        message.authority = {dns::ns_record(Name{}, 60, *Name::parse("a.root-servers.net"))};
    }
    if (!keeps_case) message.questions[0].name = message.questions[0].name.lowered();
    const bool cut = by_udp && happens(truncation, random);
    message.truncated = cut;
    auto packet = dns::encode_message(message);
    if (cut || happens(garbage, random)) packet.resize(packet.size() - random.below(10));
    return packet;
}

std::vector<SimulatedUpstream::Reaction> SimulatedUpstream::react(const dns::OutgoingQuery& query,
                                                                  base::Random& random) const {
    const bool by_udp = query.transport == dns::UpstreamTransport::kUdp;
    const auto delay = [&] {
        const auto range = static_cast<std::uint64_t>((most_delay - least_delay).count());
        return least_delay + base::Duration(random.below(range + 1));
    };
    if (refuses || (!by_udp && !has_tcp)) return {{delay(), std::nullopt}};
    if (silent || (by_udp && happens(loss, random))) return {};
    std::vector<Reaction> all{{delay(), reply(query, random)}};
    if (by_udp && happens(duplicates, random)) all.push_back({delay(), all[0].packet});
    return all;
}

}  // namespace fairlead::test
