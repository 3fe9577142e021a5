#include "dns/query.h"

#include "dns/edns.h"
#include "dns/record_wire.h"
#include "dns/wire.h"

namespace fairlead::dns {

namespace {

/// Types that no server of today answers with records (RFC 1035, section 3.2.3).
constexpr RecordType kMailB{253};
constexpr RecordType kMailA{254};

/// The OPT record among the records behind the question.
class RecordScan {
  public:
    RecordScan(Bytes packet, std::size_t offset) : packet_(packet), offset_(offset) {}

    /// Goes over `count` records. False when one is malformed or an OPT is where it must not be.
    bool skip(std::size_t count, bool may_have_opt) {
        for (; count > 0; --count)
            if (!skip_one(may_have_opt)) return false;
        return true;
    }
    [[nodiscard]] bool at_end() const { return offset_ == packet_.size(); }
    [[nodiscard]] const std::optional<OptRecord>& opt() const { return opt_; }

  private:
    bool skip_one(bool may_have_opt) {
        // Nearly every query ends in an OPT record: its owner is read without building a name.
        const bool root = offset_ < packet_.size() && packet_[offset_] == 0;
        Name owner;
        const auto fields = root ? std::optional{offset_ + 1} : Name::read(packet_, offset_, owner);
        if (!fields || packet_.size() - *fields < kRecordFields) return false;
        const std::size_t rdata = *fields + kRecordFields;
        const std::size_t size = get_u16(packet_, *fields + 8);
        if (size > packet_.size() - rdata) return false;
        offset_ = rdata + size;
        if (RecordType{get_u16(packet_, *fields)} != RecordType::kOpt) return true;
        if (!may_have_opt || opt_ || (!root && !owner.is_root())) return false;
        opt_ = parse_opt(get_u16(packet_, *fields + 2), get_u32(packet_, *fields + 4),
                         packet_.subspan(rdata, size));
        return opt_.has_value();
    }

    Bytes packet_;
    std::size_t offset_;
    std::optional<OptRecord> opt_;
};

}  // namespace

std::variant<Query, Refusal, Silence> parse_query(Bytes packet) {
    if (packet.size() < kHeaderSize) return Silence::kTooShort;
    const std::uint16_t flags = get_u16(packet, 2);
    if ((flags & kResponseFlag) != 0) return Silence::kResponse;
    Refusal refusal;
    refusal.id = get_u16(packet, 0);
    refusal.echoed_flags = flags & (kOpcodeMask | kRecursionDesiredFlag | kCheckingDisabledFlag);
    const auto refused = [&](ResponseCode code) {
        refusal.code = code;
        return refusal;
    };
    // What another opcode's message looks like is unknown: only its header is echoed (RFC 8906,
    // section 3.1.4).
    if ((flags & kOpcodeMask) != 0) return refused(ResponseCode::kNotImp);

    std::variant<Query, Refusal, Silence> result{std::in_place_type<Query>};
    Query& query = std::get<Query>(result);
    const auto tail = Name::read(packet, kHeaderSize, query.name);
    if (get_u16(packet, 4) != 1 || !tail || packet.size() - *tail < kQuestionTailSize)
        return refused(ResponseCode::kFormErr);
    const std::size_t question_end = *tail + kQuestionTailSize;
    query.question = refusal.question = packet.subspan(kHeaderSize, question_end - kHeaderSize);
    query.type = RecordType{get_u16(packet, *tail)};
    query.klass = RecordClass{get_u16(packet, *tail + 2)};

    // Only an IXFR query has a record beside (its SOA, RFC 1995, section 3).
    const std::size_t authorities = get_u16(packet, 8);
    if (get_u16(packet, 6) != 0 || (authorities != 0 && query.type != RecordType::kIxfr))
        return refused(ResponseCode::kFormErr);
    RecordScan scan{packet, question_end};
    const bool well_formed =
        scan.skip(authorities, false) && scan.skip(get_u16(packet, 10), true) && scan.at_end();
    refusal.has_edns = scan.opt().has_value();
    if (!well_formed) return refused(ResponseCode::kFormErr);
    if (scan.opt()) {
        query.edns = scan.opt()->edns;
        if (query.edns->version != 0) return refused(ResponseCode::kBadVers);
    }
    if (query.type == RecordType::kOpt || query.type == RecordType::kTsig)
        return refused(ResponseCode::kFormErr);
    if (query.type == kMailA || query.type == kMailB) return refused(ResponseCode::kNotImp);
    query.id = refusal.id;
    query.recursion_desired = (flags & kRecursionDesiredFlag) != 0;
    query.checking_disabled = (flags & kCheckingDisabledFlag) != 0;
    query.authentic_data = (flags & kAuthenticDataFlag) != 0;
    query.name.lower();
    return result;
}

}  // namespace fairlead::dns
