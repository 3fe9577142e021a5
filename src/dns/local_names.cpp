#include "dns/local_names.h"

#include <array>
#include <string_view>
#include <utility>

#include "dns/record.h"
#include "dns/reverse_name.h"

namespace fairlead::dns {

namespace {

/// A changed configuration is to be seen soon.
constexpr std::uint32_t kHostTtlS = 30;
constexpr std::size_t kMaxTextSize = 255;

bool is_of(const base::IpAddress& address, RecordType type) {
    return (address.family() == base::Family::kIpv4) == (type == RecordType::kA);
}

}  // namespace

LocalNames::LocalNames(const std::vector<HostEntry>& hosts, const std::vector<NameRewrite>& rewrites) {
    for (const HostEntry& host : hosts) {
        for (const Name& name : host.names)
            hosts_[name].push_back(host.address);
        if (!host.names.empty()) pointers_.try_emplace(reverse_name_of(host.address), host.names.front());
    }
    for (const NameRewrite& rewrite : rewrites)
        rewrites_.try_emplace(rewrite.from, rewrite);
}

bool LocalNames::answer(const Query& query, ReplyWriter& writer, std::uint64_t draw) const {
    if (hosts_.empty()) return false;
    if (query.type == RecordType::kPtr) {
        const auto found = pointers_.find(query.name);
        if (found == pointers_.end()) return false;
        writer.add_name(Section::kAnswer, query.name, RecordType::kPtr, kHostTtlS, found->second);
        return true;
    }
    if (query.type != RecordType::kA && query.type != RecordType::kAaaa) return false;
    const auto found = hosts_.find(query.name);
    if (found == hosts_.end()) return false;
    const auto& addresses = found->second;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        const base::IpAddress& address = addresses[(i + draw) % addresses.size()];
        if (is_of(address, query.type)) writer.add_address(Section::kAnswer, address, kHostTtlS);
    }
    return true;
}

const NameRewrite* LocalNames::rewrite_of(const Name& name) const {
    if (rewrites_.empty()) return nullptr;
    const auto found = rewrites_.find(name);
    return found == rewrites_.end() ? nullptr : &found->second;
}

ServerIdentity::ServerIdentity(const std::string& version, const std::string& id) {
    const auto told =
        std::to_array<std::pair<std::string_view, const std::string*>>({{"version.bind", &version},
                                                                        {"version.server", &version},
                                                                        {"id.server", &id},
                                                                        {"hostname.bind", &id}});
    for (const auto& [text, value] : told) {
        if (value->empty()) continue;
        const Name name = Name::parse(text).value();
        const std::string_view shown = std::string_view{*value}.substr(0, kMaxTextSize);
        Record record = txt_record(name, 0, {&shown, 1});
        record.klass = RecordClass::kChaos;
        bodies_[name] = make_body(name, ResponseCode::kNoError, {&record, 1});
    }
}

const ReplyBody* ServerIdentity::find(const Name& name) const {
    const auto found = bodies_.find(name);
    return found == bodies_.end() ? nullptr : &found->second;
}

}  // namespace fairlead::dns
