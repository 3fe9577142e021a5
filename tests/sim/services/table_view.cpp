#include <gtest/gtest.h>

#include <algorithm>

#include "services/consistent_hash.h"
#include "services/elements.h"
#include "services/layout.h"
#include "sim/services/cluster_model.h"
#include "support/fake_nft_tables.h"

namespace fairlead::services {

namespace {

using base::Family;

/// Reads what is behind each frontend out of the elements of one table.
class ViewReader {
  public:
    ViewReader(const test::FakeNftTables& tables, Family family) : tables_(tables), family_(family) {}

    TableView read() {
        mark(kNoEndpoints, "rejected ");
        mark(kDropped, "dropped ");
        read_origin(Origin::kCluster, "cluster ");
        read_origin(Origin::kOutside, "outside ");
        mark(kMasqueradeNode, "hides-node ");
        mark(kMasqueradeAll, "hides-all ");
        for (const auto& [frontend, timeout] : sticky_)
            words_[frontend] += "sticky " + std::to_string(timeout) + " ";
        for (const auto& frontend : consistent_)
            words_[frontend] += "consistent ";
        for (const auto& frontend : resetting_)
            words_[frontend] += "resets ";
        read_sources();
        TableView view;
        for (const auto& [frontend, words] : words_)
            view.frontends.emplace(text_of(frontend), words);
        for (const auto& element : elements(kClusterIps))
            view.cluster_ips.insert(services::address_of(element.key, family_)->to_string());
        for (const auto& element : elements(kHairpin))
            view.hairpins.insert(services::address_of(element.key, family_)->to_string());
        for (const auto& element : elements(kServiceEndpoints))
            view.service_endpoints.insert(text_of(frontend_of(element.key, family_).value()));
        return view;
    }

  private:
    static std::string text_of(const Frontend& frontend) {
        return base::format_endpoint(frontend.address, frontend.port) + "/" +
               std::string(base::name_of(frontend.protocol));
    }
    static std::pair<std::uint32_t, std::uint32_t> balancer_key(const Balancer& balancer) {
        const auto key = key_of(balancer);
        return {key.size_and_flags, key.affinity_timeout_s};
    }
    [[nodiscard]] std::vector<kernel::nftables::Element> elements(std::string_view set) const {
        return tables_.elements(family_, kTableName, set);
    }

    void mark(std::string_view set, std::string_view word) {
        for (const auto& element : elements(set))
            words_[frontend_of(element.key, family_).value()] += word;
    }

    /// The endpoint of a slot has nothing to do with what was there before.
    static void expect_owners(const std::map<std::uint32_t, Backend>& places, const std::string& text) {
        std::set<Backend> endpoints;
        std::vector<Backend> slots;
        for (const auto& [index, backend] : places) {
            endpoints.insert(backend);
            slots.push_back(backend);
        }
        EXPECT_EQ(slots, slots_of(std::vector(endpoints.rbegin(), endpoints.rend()))) << text;
    }

    using Behind = std::map<Frontend, std::map<std::uint32_t, Backend>>;
    Behind endpoints(Origin origin, bool sticky) {
        Behind behind;
        for (const auto& element : elements(endpoints_of(origin, sticky))) {
            const auto place = endpoint_of(element, family_, sticky).value();
            behind[place.frontend].emplace(place.index, place.backend);
        }
        return behind;
    }

    std::map<std::pair<std::uint32_t, std::uint32_t>, Balancer> balancers(Origin origin) {
        std::map<std::pair<std::uint32_t, std::uint32_t>, Balancer> balancers;
        for (const auto& element : elements(balancers_of(origin))) {
            const auto balancer = parse_balancer(element.verdict_chain);
            EXPECT_TRUE(balancer && balancer->origin == origin && element == balancer_element(*balancer))
                << element.verdict_chain;
            if (balancer) balancers.emplace(balancer_key(*balancer), *balancer);
        }
        return balancers;
    }

    void read_origin(Origin origin, std::string_view word) {
        const auto balancers = this->balancers(origin);
        Behind behind[] = {endpoints(origin, false), endpoints(origin, true)};
        auto alive = this->alive(origin);
        for (const auto& element : elements(frontends_of(origin))) {
            const auto choice = choice_of(element, family_).value();
            const auto text = text_of(choice.frontend);
            const auto balancer =
                balancers.find({choice.balancer.size_and_flags, choice.balancer.affinity_timeout_s});
            ASSERT_NE(balancer, balancers.end()) << text << " has no balancer";
            EXPECT_EQ(element, frontend_element(choice.frontend, balancer->second)) << text;
            const bool sticky = choice.balancer.affinity_timeout_s > 0;
            const auto places = behind[sticky ? 1 : 0].extract(choice.frontend);
            ASSERT_FALSE(places.empty()) << text << " has no endpoints";
            EXPECT_EQ(places.mapped().size(), choice.endpoint_count) << text;
            EXPECT_EQ(places.mapped().rbegin()->first, choice.endpoint_count - 1) << text << " has a gap";
            std::set<std::string> endpoints;
            for (const auto& [index, backend] : places.mapped())
                endpoints.insert(base::format_endpoint(backend.address, backend.port));
            if (balancer->second.consistent) {
                consistent_.insert(choice.frontend);
                expect_owners(places.mapped(), text);
            } else {
                EXPECT_EQ(endpoints.size(), choice.endpoint_count) << text << " has an endpoint twice";
            }
            if (sticky) {
                sticky_[choice.frontend] = choice.balancer.affinity_timeout_s;
                EXPECT_EQ(alive.extract(choice.frontend).mapped(), endpoints) << text;
            }
            if (balancer->second.resets) resetting_.insert(choice.frontend);
            words_[choice.frontend] += word;
            for (const auto& endpoint : endpoints)
                words_[choice.frontend] += endpoint + " ";
        }
        EXPECT_TRUE(behind[0].empty() && behind[1].empty()) << "endpoints of no frontend";
        EXPECT_TRUE(alive.empty()) << "kept endpoints of no frontend";
    }

    std::map<Frontend, std::set<std::string>> alive(Origin origin) {
        std::map<Frontend, std::set<std::string>> alive;
        for (const auto& element : elements(alive_of(origin))) {
            const auto [frontend, backend] = alive_endpoint_of(element.key, family_).value();
            alive[frontend].insert(base::format_endpoint(backend.address, backend.port));
        }
        return alive;
    }

    void read_sources() {
        std::map<Frontend, std::set<std::string>> sources;
        for (const auto& element : elements(kAllowedSources)) {
            const auto [frontend, prefix] = allowed_source_of(element, family_).value();
            sources[frontend].insert(prefix.to_string());
        }
        for (const auto& [frontend, prefixes] : sources) {
            words_[frontend] += "from ";
            for (const auto& prefix : prefixes)
                words_[frontend] += prefix + " ";
        }
    }

    const test::FakeNftTables& tables_;
    Family family_;
    std::map<Frontend, std::string> words_;
    std::map<Frontend, std::uint32_t> sticky_;
    std::set<Frontend> consistent_;
    std::set<Frontend> resetting_;
};

/// An address is known before its first frontend, and until its last is gone.
void expect_addresses_first(const test::FakeNftTables& tables, Family family, const TableView& view) {
    for (const auto set : {kFrontends, kNoEndpoints, kDropped})
        for (const auto& element : tables.elements(family, kTableName, set)) {
            const auto frontend = frontend_of(element.key, family).value();
            const auto address = frontend.address.to_string();
            const bool internal = address.starts_with("10.96.") || address.starts_with("fd00:96:");
            const auto hides = [&](std::string_view name) {
                const auto keys = tables.elements(family, kTableName, name);
                return std::ranges::find(keys, frontend_key_element(frontend)) != keys.end();
            };
            EXPECT_TRUE(!internal || view.cluster_ips.contains(address) || hides(kMasqueradeAll) ||
                        hides(kMasqueradeNode))
                << address << " would not be masqueraded";
        }
}

}  // namespace

TableView view_of(const test::FakeNftTables& tables, Family family) {
    const auto view = ViewReader{tables, family}.read();
    expect_addresses_first(tables, family, view);
    return view;
}

}  // namespace fairlead::services
