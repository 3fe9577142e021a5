#include "support/collapse_fixture.h"

namespace fairlead::test {

using namespace dns;

Name dns_name(std::string_view text) {
    return Name::parse(text).value();
}

std::unique_ptr<HeldQuery> dns_query(std::string_view name, RecordType type) {
    auto held = std::make_unique<HeldQuery>();
    const auto parsed = dns_name(name);
    held->question.assign(parsed.wire().begin(), parsed.wire().end());
    for (const unsigned byte : {0U, static_cast<unsigned>(type), 0U, 1U})
        held->question.push_back(static_cast<std::uint8_t>(byte));
    held->query.recursion_desired = true;
    held->query.question = held->question;
    held->query.name = parsed.lowered();
    held->query.type = type;
    return held;
}

NameState FakeLookups::state_of(const Name& name) const {
    if (!name.is_within(zone)) return NameState::kOutside;
    if (!synced) return NameState::kUnknown;
    return existing.contains(name) ? NameState::kExists : NameState::kMissing;
}

Record FakeLookups::negative_soa() const {
    return soa_record(
        zone, 5,
        {dns_name("ns.dns.cluster.local"), dns_name("hostmaster.cluster.local"), 1, 7200, 1800, 86400, 5});
}

LookupResult FakeLookups::result_of(const Name& name, RecordType type) const {
    auto found = answers.find({name, type});
    for (auto above = name.parent(); found == answers.end() && !above.is_root(); above = above.parent())
        found = answers.find({*above.with_label("*"), type});
    const auto answer =
        found == answers.end() ? FakeAnswer{ResponseCode::kNxDomain, {}, "", 60, false} : found->second;
    if (answer.fails) return {};
    std::vector<Record> records;
    auto owner = name;
    if (!answer.alias.empty()) {
        owner = dns_name(answer.alias);
        records.push_back(cname_record(name, answer.ttl_s, owner));
    }
    for (const auto& address : answer.addresses)
        records.push_back(address_record(owner, answer.ttl_s, base::IpAddress::parse(address).value()));
    std::vector<Record> authority;
    if (answer.addresses.empty())
        authority.push_back(
            soa_record(dns_name("example"), answer.ttl_s, {name, name, 1, 1, 1, 1, answer.ttl_s}));
    return {std::make_shared<const ReplyBody>(make_body(name, answer.code, records, authority)), 0};
}

std::optional<LookupResult> FakeLookups::look_up(std::uint64_t ticket, const Name& name, RecordType type) {
    asked.push_back({ticket, name, type});
    if (holds_back) return std::nullopt;
    return result_of(name, type);
}

}  // namespace fairlead::test
