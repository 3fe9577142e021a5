#include "kernel/random_state/reference_model.h"

#include <algorithm>
#include <sstream>

namespace fairlead::services {

namespace {

using Kind = test::Outcome::Kind;
using Words = std::set<std::string>;

/// The words of a frontend, taken apart.
struct Behaviour {
    explicit Behaviour(const std::string& text) {
        std::istringstream stream{text};
        Words* list = nullptr;
        for (std::string word; stream >> word;) {
            if (word == "cluster")
                list = &cluster;
            else if (word == "outside")
                list = &outside;
            else if (word == "from")
                list = &sources;
            else if (word == "rejected")
                rejected = true;
            else if (word == "hides-node")
                hides_node = true;
            else if (word == "hides-all")
                hides_all = true;
            else if (word == "sticky")
                stream >> timeout_s;
            else if (word == "consistent")
                consistent = true;
            else if (word == "resets")
                continue;  // concerns no first packet
            else if (list != nullptr)
                list->insert(word);
        }
    }

    Words cluster;
    Words outside;
    Words sources;
    bool rejected = false;
    bool hides_node = false;  // externalTrafficPolicy Local
    bool hides_all = false;
    bool consistent = false;
    int timeout_s = 0;
};

bool any_contains(const std::vector<base::Prefix>& prefixes, const base::IpAddress& address) {
    return std::ranges::any_of(prefixes, [&](const auto& prefix) { return prefix.contains(address); });
}

bool may_come(const Words& sources, const base::IpAddress& client) {
    return sources.empty() || std::ranges::any_of(sources, [&](const std::string& source) {
               return base::Prefix::parse(source).value().contains(client);
           });
}

/// A client of a ClusterIP who is no pod, as far as pods can be told in this family.
bool cluster_ip_hides(const Options& options, const base::IpAddress& client) {
    if (options.masquerade_all) return true;
    const auto of_family = [&](const base::Prefix& cidr) { return cidr.family() == client.family(); };
    return std::ranges::any_of(options.pods.cidrs, of_family) && !any_contains(options.pods.cidrs, client);
}

std::string address_part(const std::string& endpoint) {
    const auto address = endpoint.substr(0, endpoint.rfind(':'));
    return address.starts_with('[') ? address.substr(1, address.size() - 2) : address;
}

Kind without_frontend(const TableView& view, const Options& options, const base::IpAddress& to) {
    const bool refused = view.cluster_ips.contains(to.to_string()) ||
                         any_contains(options.service_cidrs, to) || test::PacketWorld::is_of_node(to);
    return refused ? Kind::kRefused : Kind::kSilence;
}

}  // namespace

std::string frontend_text(const test::Probe& probe) {
    return base::format_endpoint(probe.address, probe.port) + "/" +
           std::string(base::name_of(probe.protocol));
}

Expectation ReferenceModel::expect(const TableView& view, const Options& options,
                                   const test::Probe& probe) const {
    Expectation expected;
    const auto found = view.frontends.find(frontend_text(probe));
    if (found == view.frontends.end()) {
        expected.kind = without_frontend(view, options, probe.address);
        return expected;
    }
    const Behaviour behaviour{found->second};
    const auto& client = probe.client.address;
    const bool is_node = probe.client.place == test::Place::kNode;
    const bool is_inside = is_node || any_contains(options.pods.cidrs, client);
    const bool splits = behaviour.hides_node && !is_inside;
    if (behaviour.rejected) expected.kind = Kind::kRefused;
    if (behaviour.rejected || !may_come(behaviour.sources, client)) return expected;
    expected.candidates = splits ? behaviour.outside : behaviour.cluster;
    expected.endpoints = expected.candidates;
    if (expected.endpoints.empty()) return expected;
    expected.kind = Kind::kAnswered;

    if (const auto kept = kept_.find({client, found->first});
        behaviour.timeout_s > 0 && kept != kept_.end() && kept->second.for_long &&
        expected.endpoints.contains(kept->second.endpoint))
        expected.endpoints = {kept->second.endpoint};
    const auto hashed = hashed_.find({client, expected.candidates});
    if (behaviour.consistent && behaviour.timeout_s == 0 && hashed != hashed_.end())
        expected.endpoints = {hashed->second};
    const bool hides =
        behaviour.hides_all || (behaviour.hides_node && is_node) ||
        (view.cluster_ips.contains(probe.address.to_string()) && cluster_ip_hides(options, client));
    for (const auto& endpoint : expected.endpoints) {
        const bool itself = address_part(endpoint) == client.to_string();
        const bool hairpin = itself && view.hairpins.contains(client.to_string());
        if (hides || hairpin) expected.hides_from.insert(endpoint);
        if (itself && !hides && !hairpin) expected.can_be_told = false;
    }
    return expected;
}

void ReferenceModel::note(const TableView& view, const test::Probe& probe, const Expectation& expected,
                          const test::Outcome& outcome) {
    const auto found = view.frontends.find(frontend_text(probe));
    if (found == view.frontends.end() || outcome.kind != Kind::kAnswered) return;
    constexpr int kLongS = 3'600;
    const Behaviour behaviour{found->second};
    if (behaviour.consistent && behaviour.timeout_s == 0)
        hashed_[{probe.client.address, expected.candidates}] = outcome.endpoint;
    if (behaviour.timeout_s > 0)
        kept_[{probe.client.address, found->first}] = {outcome.endpoint, behaviour.timeout_s > kLongS};
}

void ReferenceModel::forget(base::Family family) {
    std::erase_if(kept_, [&](const auto& kept) { return kept.first.client.family() == family; });
}

}  // namespace fairlead::services
