#include "dns_content.h"

#include <absl/hash/hash.h>

#include "support/collapse_fixture.h"

namespace fairlead::test {

using namespace dns;

namespace {

const std::vector<std::string> kLabels = {"www", "api",     "db",  "dev",     "shop",
                                          "com", "example", "svc", "cluster", "local"};
const auto kZone = dns_name("cluster.local");
constexpr std::uint32_t kTtlS = 30;

LookupResult result_of(const Name& name, ResponseCode code, const std::vector<Record>& answer = {}) {
    std::vector<Record> authority;
    if (answer.empty())
        authority.push_back(soa_record(dns_name("example"), kTtlS, {kZone, kZone, 1, 1, 1, 1, kTtlS}));
    return {std::make_shared<const ReplyBody>(make_body(name, code, answer, authority)), 0};
}

/// Differs from name to name, so that answers of the wrong one show.
base::IpAddress address_for(const Name& name, RecordType type) {
    const auto text = std::to_string(absl::HashOf(name) % 250 + 1);
    const auto second = std::to_string(absl::HashOf(name, 1) % 250 + 1);
    return base::IpAddress::parse(type == RecordType::kA ? "192.0." + second + "." + text
                                                         : "2001:db8::" + second + ":" + text)
        .value();
}

}  // namespace

Record DnsContent::soa() {
    return soa_record(kZone, 5, {kZone, kZone, 1, 7200, 1800, 86400, 5});
}

void DnsContent::change_zone() {
    auto name = any_of(kLabels) + "." + any_of(kNamespaces) + ".svc.cluster.local";
    if (random_.below(3) == 0) name = any_of(kLabels) + "." + name;
    const auto parsed = dns_name(name);
    if (zone_.erase(parsed) == 0) zone_.emplace(parsed, random_.below(2) == 0);
}

void DnsContent::change_upstream() {
    const auto pick = random_.below(12);
    auto name = dns_name(any_text());
    if (pick == 0) name = dns_name("*.corp.example");
    if (pick < 4) name = name.joined(dns_name(any_of({"corp.example", "com", "lab.example"}))).value();
    const bool is_common = random_.below(3) != 0;
    const auto fates = static_cast<std::uint64_t>(is_common ? Fate::kNoData : Fate::kCount);
    upstream_[name] = static_cast<Fate>(random_.below(fates));
}

std::string DnsContent::any_text() {
    auto text = any_of(kLabels);
    for (auto more = random_.below(5); more > 0; --more)
        text += "." + any_of(kLabels);
    return text;
}

std::string DnsContent::any_known_text() {
    const auto pick = [&](const auto& names) {
        auto text = std::next(names.begin(), static_cast<std::ptrdiff_t>(random_.below(names.size())))
                        ->first.to_string();
        text.pop_back();
        return text.starts_with('*') ? "www" + text.substr(1) : text;
    };
    if (upstream_.empty() || zone_.empty() || random_.below(6) == 0) return any_text();
    if (random_.below(4) != 0) return pick(upstream_);
    auto text = pick(zone_);
    for (const auto* end : {".local", ".cluster", ".svc"})
        if (random_.below(2) == 0 && text.ends_with(end))
            text.resize(text.size() - std::string_view(end).size());
    return text;
}

bool DnsContent::exists_in_zone(const Name& name) const {
    const auto below = zone_.lower_bound(name);
    return name == kZone || name == dns_name("svc.cluster.local") ||
           (below != zone_.end() && below->first.is_within(name));
}

DnsContent::Fate DnsContent::fate_of(const Name& name) const {
    if (const auto found = upstream_.find(name); found != upstream_.end()) return found->second;
    for (auto above = name.parent(); !above.is_root(); above = above.parent())
        if (const auto found = upstream_.find(*above.with_label("*")); found != upstream_.end())
            return found->second;
    return Fate::kMissing;
}

LookupResult DnsContent::true_result(const Name& name, RecordType type) const {
    if (!name.is_within(kZone)) return upstream_result(name, type);
    const auto found = zone_.find(name);
    const bool has_address = found != zone_.end() && (type == RecordType::kA || found->second);
    const std::vector<Record> none = {soa()};
    const auto code = exists_in_zone(name) ? ResponseCode::kNoError : ResponseCode::kNxDomain;
    if (!has_address) return {std::make_shared<const ReplyBody>(make_body(name, code, {}, none)), 0};
    return result_of(name, code, {address_record(name, 5, address_for(name, type))});
}

LookupResult DnsContent::upstream_result(const Name& name, RecordType type) const {
    using enum Fate;
    const bool is_v4 = type == RecordType::kA;
    const auto address = [&](const Name& owner) {
        return address_record(owner, kTtlS, address_for(owner, type));
    };
    const auto target = dns_name("alias.example.net");
    const auto missing = result_of(name, ResponseCode::kNxDomain);
    const auto no_data = result_of(name, ResponseCode::kNoError);
    const auto found = result_of(name, ResponseCode::kNoError, {address(name)});
    switch (fate_of(name)) {
        case kV4:
            return is_v4 ? found : no_data;
        case kV6:
            return is_v4 ? no_data : found;
        case kBoth:
            return found;
        case kNoData:
            return no_data;
        case kAlias:
            return is_v4 ? result_of(name, ResponseCode::kNoError,
                                     {cname_record(name, kTtlS, target), address(target)})
                         : result_of(name, ResponseCode::kNoError, {cname_record(name, kTtlS, target)});
        case kDanglingAlias:
            return result_of(name, ResponseCode::kNxDomain, {cname_record(name, kTtlS, target)});
        case kRefused:
            return result_of(name, ResponseCode::kRefused);
        case kServFail:
            return result_of(name, ResponseCode::kServFail);
        case kTimeout:
            return {};
        case kV4AndServFail:
            return is_v4 ? found : result_of(name, ResponseCode::kServFail);
        case kV4AndMissing:
            return is_v4 ? found : missing;
        case kMissingAndV6:
            return is_v4 ? missing : found;
        case kMissing:
        case kCount:
            break;
    }
    return missing;
}

StubReply reply_of(const Name& name, const LookupResult& result, RecordType type) {
    StubReply reply;
    reply.timed_out = result.body == nullptr;
    if (reply.timed_out) return reply;
    reply.code = result.body->code;
    reply.has_answer = result.body->answers > 0;
    for (const auto& record : records_of(name, *result.body).answer)
        if (record.type == type) reply.addresses.insert(address_of(record).value().to_string());
    return reply;
}

}  // namespace fairlead::test
