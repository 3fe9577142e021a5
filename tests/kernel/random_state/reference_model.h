#pragma once

#include <map>
#include <set>
#include <string>

#include "kernel/random_state/packet_world.h"
#include "services/options.h"
#include "sim/services/cluster_model.h"

namespace fairlead::services {

/// What may become of a probe.
struct Expectation {
    test::Outcome::Kind kind = test::Outcome::Kind::kSilence;
    std::set<std::string> candidates;  ///< endpoints for such a client
    std::set<std::string> endpoints;   ///< one of them answers
    std::set<std::string> hides_from;  ///< these see an address of the node, all others the client's
    bool can_be_told = true;  ///< false: an endpoint that would reach itself as itself gets no answer
};

/// Says where packets go, by what ClusterModel::wanted() says and the rules of docs/services.md; also
/// remembers what clients with affinity keep.
class ReferenceModel {
  public:
    [[nodiscard]] Expectation expect(const TableView& view, const Options& options,
                                     const test::Probe& probe) const;
    /// Takes in what endpoint a client got.
    void note(const TableView& view, const test::Probe& probe, const Expectation& expected,
              const test::Outcome& outcome);
    /// The table of that family was made anew.
    void forget(base::Family family);

  private:
    struct Kept {
        std::string endpoint;
        bool for_long = false;  ///< longer than any test takes
    };
    struct Pair {
        base::IpAddress client;
        std::string frontend;
        friend auto operator<=>(const Pair&, const Pair&) = default;
    };
    std::map<Pair, Kept> kept_;
    /// Where consistent balancing sends a client, by the endpoints that there are: the same through every
    /// frontend, after every restart.
    std::map<std::pair<base::IpAddress, std::set<std::string>>, std::string> hashed_;
};

/// "10.96.0.1:80/TCP", as TableView names frontends.
std::string frontend_text(const test::Probe& probe);

}  // namespace fairlead::services
