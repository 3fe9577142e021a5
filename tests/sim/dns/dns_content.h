#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "dns/collapse.h"
#include "stub_resolver.h"

namespace fairlead::test {

/// A cluster zone and an upstream with random content.
class DnsContent {
  public:
    explicit DnsContent(base::Random& random) : random_(random) {}

    /// A Service or an endpoint comes or goes.
    void change_zone();
    /// A name outside of the cluster comes, goes or fails.
    void change_upstream();
    /// "www.example.dev": any name.
    std::string any_text();
    /// Mostly one that there is or was somewhere, and may be written short.
    std::string any_known_text();
    std::string any_of(const std::vector<std::string>& texts) { return texts[random_.below(texts.size())]; }

    [[nodiscard]] bool exists_in_zone(const dns::Name& name) const;
    /// What a server without collapse gets to know of the name.
    [[nodiscard]] dns::LookupResult true_result(const dns::Name& name, dns::RecordType type) const;
    static dns::Record soa();

  private:
    enum class Fate : std::uint8_t {
        kMissing,
        kV4,
        kV6,
        kBoth,
        kNoData,
        kAlias,
        kDanglingAlias,
        kRefused,
        kServFail,
        kTimeout,
        kV4AndServFail,
        kV4AndMissing,
        kMissingAndV6,
        kCount
    };
    [[nodiscard]] Fate fate_of(const dns::Name& name) const;
    [[nodiscard]] dns::LookupResult upstream_result(const dns::Name& name, dns::RecordType type) const;

    base::Random& random_;
    std::map<dns::Name, bool> zone_;  // Services and endpoints; whether they have an IPv6 address
    std::map<dns::Name, Fate> upstream_;
};

/// What a client sees of it.
StubReply reply_of(const dns::Name& name, const dns::LookupResult& result, dns::RecordType type);

inline const std::vector<std::string> kNamespaces = {"shop", "bank", "dev", "com"};

}  // namespace fairlead::test
