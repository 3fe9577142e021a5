#pragma once

#include <map>
#include <set>
#include <string>

#include "base/random.h"
#include "kube/store.h"
#include "services/options.h"

namespace fairlead::test {
class FakeNftTables;
}

namespace fairlead::services {

/// What a table says, in words: each frontend with all that becomes of its connections.
struct TableView {
    std::map<std::string, std::string> frontends;
    std::set<std::string> cluster_ips;
    std::set<std::string> hairpins;
    std::set<std::string> service_endpoints;

    friend bool operator==(const TableView&, const TableView&) = default;
};

/// A few Services and slices that change at random: shared addresses, both families, all protocols, policies,
/// affinity, hints, unready endpoints, headless ones and what nobody should do.
class ClusterModel {
  public:
    explicit ClusterModel(std::uint64_t seed) : random_(seed) {}

    void change_something();
    kube::ChangeSet take_changes() { return stores_.take_changes(); }
    /// Everything, as a freshly started agent gets it.
    [[nodiscard]] kube::ChangeSet everything() const;
    /// What the table of a family should say, worked out naively and without the code under test.
    [[nodiscard]] TableView wanted(base::Family family, const CompileOptions& options) const;

    base::Random& random() { return random_; }

  private:
    bool chance(unsigned percent) { return random_.below(100) < percent; }
    std::string some_name() { return "s" + std::to_string(random_.below(7)); }
    void put_service();
    void add_addresses(kube::Service& service);
    void put_slice();
    void add_hints(kube::EndpointSlice& slice);

    base::Random random_;
    kube::Stores stores_;
};

/// What the table of a family says; fails the test if the table contradicts itself: an index that is missing,
/// an endpoint that nobody can reach, a balancer that is not there, a ClusterIP that is not masqueraded.
TableView view_of(const test::FakeNftTables& tables, base::Family family);

}  // namespace fairlead::services
