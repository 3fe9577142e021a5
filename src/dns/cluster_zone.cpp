#include "dns/cluster_zone.h"

#include "dns/zone_lookup.h"
#include "dns/zone_records.h"

namespace fairlead::dns {

namespace {

constexpr unsigned kLongestChain = 10;  // CNAME records; what is longer is most likely a loop

bool is_followed(const Found& found, RecordType type) {
    return found.kind == Found::Kind::kAlias && type != RecordType::kCname && type != RecordType::kAny;
}

}  // namespace

/// CNAMEs are followed as far as they stay in the zone. The code is that of the last name (RFC 6604); a chain
/// without an end is an error (RFC 1034, section 5.2.2).
ZoneAnswer ClusterZone::answer(const Query& query, ReplyWriter& writer, std::uint64_t draw,
                               Name* follow_target) const {
    Name target;
    const auto* name = &query.name;
    for (unsigned aliases = 0; aliases <= kLongestChain; ++aliases) {
        const auto found = find_in_zone(tables_, *name);
        if (found.kind == Found::Kind::kOutside) {
            if (aliases == 0) return {ZoneOutcome::kOutside};
            *follow_target = target;
            return {ZoneOutcome::kFollow};
        }
        ZoneRecords records(tables_, found, query, *name, writer, draw);
        if (!is_followed(found, query.type)) {
            if (const auto code = records.write()) return {ZoneOutcome::kAnswered, *code};
            break;
        }
        records.write_alias();
        target = found.service->external_name()->lowered();
        name = &target;
    }
    writer.clear();
    return {ZoneOutcome::kServFail};
}

NameState ClusterZone::state_of(const Name& name) const {
    switch (find_in_zone(tables_, name).kind) {
        case Found::Kind::kOutside:
            return NameState::kOutside;
        case Found::Kind::kMissing:
            return NameState::kMissing;
        case Found::Kind::kUnknown:
            return NameState::kUnknown;
        default:
            return NameState::kExists;
    }
}

}  // namespace fairlead::dns
