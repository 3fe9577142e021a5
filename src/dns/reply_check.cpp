#include "dns/reply_check.h"

#include <algorithm>

namespace fairlead::dns {

namespace {

/// Longer chains of CNAMEs are cut (and so not cached); resolvers stop at 8 to 16 themselves.
constexpr std::size_t kMostLinks = 16;

/// The fields of RRSIG's rdata before the signer's name (RFC 4034, section 3.1).
constexpr std::size_t kSignerOffset = 18;

/// The question's name and all that CNAMEs lead to, in order.
using Chain = std::vector<Name>;

const Record* find_record(std::span<const Record> records, const Name& owner, RecordType type) {
    const auto found = std::ranges::find_if(records, [&](const Record& record) {
        return record.type == type && record.klass == RecordClass::kIn && record.owner == owner;
    });
    return found == records.end() ? nullptr : &*found;
}

bool follows_aliases(RecordType type) {
    return type != RecordType::kCname && type != RecordType::kAny;
}

Chain chain_of(const Lookup& lookup, std::span<const Record> answer) {
    Chain chain{lookup.name};
    while (follows_aliases(lookup.type) && chain.size() <= kMostLinks) {
        const Record* const alias = find_record(answer, chain.back(), RecordType::kCname);
        const auto target = alias == nullptr ? std::nullopt : target_of(*alias);
        if (!target || std::ranges::find(chain, *target) != chain.end()) break;
        chain.push_back(*target);
    }
    return chain;
}

/// The type that a signature is over; nullopt for a broken one.
std::optional<RecordType> covered_type(const Record& signature) {
    if (signature.rdata.size() < kSignerOffset) return std::nullopt;
    return static_cast<RecordType>(signature.rdata[0] << 8U | signature.rdata[1]);
}

/// The zone that a signature is of.
std::optional<Name> signer_of(const Record& signature) {
    if (signature.rdata.size() < kSignerOffset) return std::nullopt;
    const Bytes rest = Bytes{signature.rdata}.subspan(kSignerOffset);
    std::size_t size = 0;
    while (size < rest.size() && rest[size] != 0)
        size += rest[size] + std::size_t{1};
    return size < rest.size() ? Name::from_wire(rest.first(size + 1)) : std::nullopt;
}

class Checker {
  public:
    Checker(const Lookup& lookup, const Message& reply)
        : lookup_(lookup), reply_(reply), chain_(chain_of(lookup, reply.answer)) {}

    void take_answer() {
        if (lookup_.dnssec_ok) take_dnames();
        for (std::size_t link = 0; link < chain_.size(); ++link)
            for (const Record& record : reply_.answer)
                if (record.owner == chain_[link] && record.klass == RecordClass::kIn &&
                    belongs(record, link + 1 == chain_.size()))
                    answer_.push_back(record);
        const bool found = std::ranges::any_of(answer_, [&](const Record& record) {
            return record.owner == chain_.back() &&
                   (record.type == lookup_.type || lookup_.type == RecordType::kAny);
        });
        answers_question_ = found && reply_.code == ResponseCode::kNoError;
    }

    void take_authority() {
        if (!answers_question_) take_soa();
        if (lookup_.dnssec_ok) take_proofs();
    }

    void bound_ttls(const TtlBounds& bounds) {
        const auto bound = [&](Record& record) {
            record.ttl_s = std::clamp(record.ttl_s, static_cast<std::uint32_t>(bounds.least.count()),
                                      static_cast<std::uint32_t>(most(bounds).count()));
        };
        std::ranges::for_each(answer_, bound);
        std::ranges::for_each(authority_, bound);
    }

    [[nodiscard]] CheckedReply result() const {
        CheckedReply checked{make_body(lookup_.name, reply_.code, answer_, authority_), {}};
        checked.body.authentic = reply_.authentic_data;
        if (answers_question_ || has_soa_) checked.lifetime = std::chrono::seconds(checked.body.least_ttl_s);
        return checked;
    }

  private:
    [[nodiscard]] bool belongs(const Record& record, bool at_end) const {
        RecordType type = record.type;
        if (type == RecordType::kRrsig && lookup_.type != RecordType::kRrsig) {
            if (!lookup_.dnssec_ok) return lookup_.type == RecordType::kAny;
            type = covered_type(record).value_or(RecordType::kRrsig);
        }
        if (at_end) return type == lookup_.type || lookup_.type == RecordType::kAny;
        return type == RecordType::kCname;
    }

    [[nodiscard]] bool above_chain(const Name& zone) const {
        return std::ranges::any_of(chain_, [&](const Name& name) { return name.is_within(zone); });
    }

    void take_dnames() {
        for (const Record& record : reply_.answer) {
            const bool about_dname =
                record.type == RecordType::kDname ||
                (record.type == RecordType::kRrsig && covered_type(record) == RecordType::kDname);
            if (about_dname && above_chain(record.owner) && record.owner != chain_.back())
                answer_.push_back(record);
        }
    }

    void take_soa() {
        for (const Record& record : reply_.authority) {
            const auto soa = soa_of(record);
            if (!soa || !chain_.back().is_within(record.owner)) continue;
            authority_.push_back(record);
            authority_.back().ttl_s = std::min(record.ttl_s, soa->minimum_s);
            has_soa_ = true;
            return;
        }
    }

    void take_proofs() {
        std::vector<const Record*> signatures;
        for (const Record& record : reply_.authority) {
            const auto signer = record.type == RecordType::kRrsig ? signer_of(record) : std::nullopt;
            if (signer && record.owner.is_within(*signer) && above_chain(*signer))
                signatures.push_back(&record);
        }
        const auto proves = [](std::optional<RecordType> type) {
            return type == RecordType::kNsec || type == RecordType::kNsec3 || type == RecordType::kDs;
        };
        for (const Record& record : reply_.authority) {
            const bool is_signed = std::ranges::any_of(signatures, [&](const Record* signature) {
                return signature->owner == record.owner && covered_type(*signature) == record.type;
            });
            if (is_signed && proves(record.type)) authority_.push_back(record);
        }
        for (const Record* signature : signatures) {
            const bool over_soa = covered_type(*signature) == RecordType::kSoa && has_soa_;
            if (over_soa || proves(covered_type(*signature))) authority_.push_back(*signature);
        }
    }

    [[nodiscard]] std::chrono::seconds most(const TtlBounds& bounds) const {
        return answers_question_ ? bounds.most_positive : bounds.most_negative;
    }

    const Lookup& lookup_;
    const Message& reply_;
    Chain chain_;
    std::vector<Record> answer_;
    std::vector<Record> authority_;
    bool answers_question_ = false;
    bool has_soa_ = false;
};

}  // namespace

CheckedReply check_reply(const Lookup& lookup, const Message& reply, const TtlBounds& bounds) {
    if (reply.code != ResponseCode::kNoError && reply.code != ResponseCode::kNxDomain)
        return failure_reply(lookup, reply.code, bounds);
    Checker checker{lookup, reply};
    checker.take_answer();
    checker.take_authority();
    checker.bound_ttls(bounds);
    return checker.result();
}

CheckedReply failure_reply(const Lookup& lookup, ResponseCode code, const TtlBounds& bounds) {
    return {make_body(lookup.name, code, {}), bounds.failure};
}

}  // namespace fairlead::dns
