#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dns/cluster_zone.h"
#include "dns/message.h"
#include "dns/record.h"
#include "kube/store.h"

namespace fairlead::test {

/// Objects and the zone that is made of them.
class ZoneCluster {
  public:
    explicit ZoneCluster(dns::ZoneOptions options = {}) : zone_(std::move(options)) {}

    kube::Stores& stores() { return stores_; }
    dns::ClusterZone& zone() { return zone_; }
    /// Adds or replaces an object; apply() shows it to the zone.
    void put(kube::Service service) { stores_.services.put(std::move(service)); }
    void put(kube::EndpointSlice slice) { stores_.slices.put(std::move(slice)); }
    void put(kube::Namespace space) { stores_.namespaces.put(std::move(space)); }
    void put(kube::PodAddresses pod) { stores_.pod_addresses.put(std::move(pod)); }
    void apply(std::int64_t unix_time_s = 1'700'000'000);

  private:
    kube::Stores stores_;
    dns::ClusterZone zone_;
};

/// An endpoint of a slice in short: "10.64.0.1", "db-0=10.64.0.1", "!10.64.0.1" (not ready).
kube::EndpointSlice endpoint_slice(std::string_view name_space, std::string_view service,
                                   std::string_view name, std::vector<std::string> endpoints,
                                   std::vector<kube::EndpointPort> ports);
kube::Service headless_service(std::string_view name_space, std::string_view name);
kube::Service external_service(std::string_view name_space, std::string_view name, std::string_view target);
kube::Namespace name_space(std::string_view name);

/// What a zone says, with records as text.
struct ZoneReply {
    dns::ZoneOutcome outcome = dns::ZoneOutcome::kOutside;
    std::string code;  ///< "NOERROR"; of kAnswered
    bool authoritative = false;
    bool truncated = false;
    std::size_t size_bytes = 0;
    /// "cart.shop.svc.cluster.local. 5 A 10.96.0.1", in the order of the reply.
    std::vector<std::string> answer;
    std::vector<std::string> authority;
    std::vector<std::string> additional;
    std::string follow_target;
};

/// "NXDOMAIN", "OUTSIDE", "FOLLOW www.example.com.", "SERVFAIL".
std::string outcome_of(const ZoneReply& reply);

/// All but outcome and size.
ZoneReply reply_of(const dns::Message& message);

struct AskOptions {
    std::uint64_t draw = 0;
    std::size_t limit = 65'535;
};

/// What is asked for has the letter case of `name`.
ZoneReply ask(const dns::ClusterZone& zone, std::string_view name, dns::RecordType type,
              const AskOptions& options = {});

/// That of what is said to a question.
std::string outcome_of(const dns::ClusterZone& zone, std::string_view name,
                       dns::RecordType type = dns::RecordType::kA);

/// "cart.shop.svc.cluster.local. 5 A 10.96.0.1"
std::string text_of(const dns::Record& record);

}  // namespace fairlead::test
