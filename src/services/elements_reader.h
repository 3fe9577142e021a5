#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <functional>
#include <map>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kernel/nftables/nft_tables.h"
#include "services/elements.h"
#include "services/programmed_table.h"

namespace fairlead::services {

/// Reads the elements of a table that has our layout back, and works out from them what stands behind each
/// frontend. Elements that contradict each other are nothing that we would have written.
class ElementsReader {
  public:
    /// `table` has the balancers that have a chain; everything else is added.
    ElementsReader(kernel::nftables::NftTables& tables, base::Family family, ProgrammedTable& table)
        : tables_(tables), family_(family), table_(table) {}

    /// False if an element is not as we write them; `table` is then worth nothing.
    base::Result<bool> read();

  private:
    using Element = kernel::nftables::Element;
    using Choices = absl::flat_hash_map<Frontend, FrontendChoice>;

    base::Result<void> read_set(std::string_view set, const std::function<void()>& restart,
                                const std::function<void(Element)>& visit);
    base::Result<void> read_frontends(Origin origin);
    base::Result<Choices> read_choices(Origin origin);
    base::Result<void> read_endpoints(Origin origin, const Choices& choices);
    void take_endpoint(Origin origin, const EndpointPlace& place, const Choices& choices);
    base::Result<void> read_marks();
    base::Result<std::vector<Frontend>> read_frontend_keys(std::string_view set);
    base::Result<void> read_allowed_sources();
    base::Result<void> read_alive(Origin origin);
    base::Result<void> read_balancers();
    base::Result<void> read_addresses(std::string_view set, Element (*element_of)(const base::IpAddress&),
                                      absl::flat_hash_set<base::IpAddress>& addresses);
    base::Result<void> read_service_endpoints();
    base::Result<void> read_configured(std::string_view set);

    Backing& backing_of(const Frontend& frontend) { return table_.frontends[frontend]; }
    void check_choices(Origin origin, const Choices& choices);
    void take_owners(Backing& backing, Origin origin);
    void check_marks();
    void count_endpoint_users();
    void distrust_unless(bool right) { ours_ = ours_ && right; }

    kernel::nftables::NftTables& tables_;
    base::Family family_;
    ProgrammedTable& table_;
    std::map<Origin, Choices> choices_;
    std::map<std::string_view, std::size_t> mark_counts_;  // elements read, by set
    bool ours_ = true;
};

}  // namespace fairlead::services
