#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dns/collapse.h"

namespace fairlead::test {

dns::Name dns_name(std::string_view text);

/// A query with RD set, and the bytes of its question.
struct HeldQuery {
    std::vector<std::uint8_t> question;
    dns::Query query;
};
std::unique_ptr<HeldQuery> dns_query(std::string_view name, dns::RecordType type);

/// A reply to `name` as an upstream gives it: addresses, perhaps behind a CNAME chain.
struct FakeAnswer {
    dns::ResponseCode code = dns::ResponseCode::kNoError;
    std::vector<std::string> addresses = {};
    std::string alias = {};  ///< the name itself is a CNAME to this one
    std::uint32_t ttl_s = 60;
    bool fails = false;  ///< no answer can be had
};

/// Zone and upstream of an engine, in memory.
class FakeLookups final : public dns::CollapseLookups {
  public:
    [[nodiscard]] dns::NameState state_of(const dns::Name& name) const override;
    [[nodiscard]] dns::Record negative_soa() const override;
    std::optional<dns::LookupResult> look_up(std::uint64_t ticket, const dns::Name& name,
                                             dns::RecordType type) override;

    /// What look_up() gives, for tests that hold it back.
    [[nodiscard]] dns::LookupResult result_of(const dns::Name& name, dns::RecordType type) const;

    dns::Name zone = dns_name("cluster.local");
    bool synced = true;
    std::set<dns::Name> existing;  ///< names of the zone
    /// By name and type; what is not there does not exist. The name "*.example" stands for all names below.
    std::map<std::pair<dns::Name, dns::RecordType>, FakeAnswer> answers;
    bool holds_back = false;  ///< results come later
    struct Asked {
        std::uint64_t ticket = 0;
        dns::Name name;
        dns::RecordType type = dns::RecordType::kA;
    };
    std::vector<Asked> asked;  ///< in order
};

}  // namespace fairlead::test
