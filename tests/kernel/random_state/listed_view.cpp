#include "kernel/random_state/listed_view.h"

#include <gtest/gtest.h>

namespace fairlead::services {

namespace {

using Fields = std::vector<std::string>;

std::string with_port(const std::string& address, const std::string& port) {
    return (address.contains(':') ? "[" + address + "]" : address) + ":" + port;
}

/// address . protocol . port from `at` on.
std::string frontend_in(const Fields& fields, std::size_t at = 0) {
    std::string protocol = fields.at(at + 1);
    for (auto& letter : protocol)
        letter = static_cast<char>(std::toupper(letter));
    return with_port(fields.at(at), fields.at(at + 2)) + "/" + protocol;
}

/// Flags of a frontend's second word (docs/services.md), worked out here anew.
constexpr unsigned kSplit = 1U << 24U;
constexpr unsigned kGuarded = 1U << 25U;
constexpr unsigned kConsistent = 1U << 26U;
constexpr unsigned kResets = 1U << 27U;
constexpr std::size_t kSlots = 1024;

class Reader {
  public:
    explicit Reader(const test::NftListing& listing) : listing_(listing) {}

    TableView read() {
        mark("no_endpoints", "rejected ");
        mark("dropped", "dropped ");
        read_sources();
        read_balanced("", "cluster ");
        read_balanced("outside_", "outside ");
        mark("masquerade_node", "hides-node ");
        mark("masquerade_all", "hides-all ");
        for (const auto& [frontend, timeout] : timeouts_)
            view_.frontends[frontend] += "sticky " + timeout + " ";
        for (const auto& frontend : consistent_)
            view_.frontends[frontend] += "consistent ";
        for (const auto& frontend : resetting_)
            view_.frontends[frontend] += "resets ";
        for (const auto& [frontend, sources] : sources_) {
            auto& words = view_.frontends[frontend] += "from ";
            for (const auto& source : sources)
                words += source + " ";
        }
        for (const auto& element : set("cluster_ips"))
            view_.cluster_ips.insert(element.key.at(0));
        for (const auto& element : set("hairpin")) {
            EXPECT_EQ(element.key.at(0), element.key.at(1));
            view_.hairpins.insert(element.key.at(0));
        }
        for (const auto& element : set("service_endpoints"))
            view_.service_endpoints.insert(frontend_in(element.key));
        return std::move(view_);
    }

  private:
    [[nodiscard]] const std::vector<test::ListedElement>& set(const std::string& name) const {
        const auto found = listing_.sets.find(name);
        static const std::vector<test::ListedElement> kNone;
        EXPECT_NE(found, listing_.sets.end()) << "no set " << name;
        return found == listing_.sets.end() ? kNone : found->second;
    }

    void mark(const std::string& name, std::string_view word) {
        for (const auto& element : set(name))
            view_.frontends[frontend_in(element.key)] += word;
    }

    void read_sources() {
        for (const auto& element : set("allowed_sources")) {
            const auto& source = element.key.at(3);
            const std::string length = source.contains(':') ? "/128" : "/32";
            sources_[frontend_in(element.key)].insert(source + (source.contains('/') ? "" : length));
        }
    }

    using Behind = std::map<std::string, std::map<unsigned long, std::string>>;
    [[nodiscard]] Behind endpoints(const std::string& name, std::size_t at) const {
        Behind behind;
        for (const auto& [key, data] : set(name))
            behind[frontend_in(key, 1)].emplace(std::stoul(key.at(0)),
                                                with_port(data.at(at), data.at(at + 1)));
        return behind;
    }

    [[nodiscard]] std::map<std::string, std::set<std::string>> alive(const std::string& name) const {
        std::map<std::string, std::set<std::string>> alive;
        for (const auto& [key, none] : set(name))
            alive[frontend_in(key)].insert(with_port(key.at(3), key.at(4)));
        return alive;
    }

    /// The chain to which a frontend leads is that which its words ask for, and has rules.
    void expect_balancer(const std::string& origin, const std::string& frontend, const Fields& choice) {
        const auto flags = std::stoul(choice.at(1));
        std::string wanted = "balance-" + choice.at(0);
        if ((flags & kGuarded) != 0) wanted += "-guarded";
        if ((flags & kResets) != 0) wanted += "-resetting";
        if ((flags & kSplit) != 0) wanted += "-split";
        if (!origin.empty()) wanted += "-outside";
        if ((flags & kConsistent) != 0) wanted += "-consistent";
        if (choice.at(2) != "0") wanted += "-sticky-" + choice.at(2);
        EXPECT_EQ(flags % kSplit, std::stoul(choice.at(0))) << frontend;
        if (origin.empty()) {
            EXPECT_EQ((flags & kGuarded) != 0, sources_.contains(frontend)) << frontend;
        }
        std::string chain;
        for (const auto& [key, data] : set(origin + "balancers"))
            if (key.at(0) == choice.at(1) && key.at(1) == choice.at(2)) chain = data.at(0);
        EXPECT_EQ(chain, wanted) << frontend;
        const auto rules = listing_.rules.find(chain);
        EXPECT_TRUE(rules != listing_.rules.end() && rules->second > 0) << chain << " is empty";
    }

    void read_balanced(const std::string& origin, const std::string& word) {
        Behind behind[] = {endpoints(origin + "endpoints", 0), endpoints(origin + "sticky_endpoints", 1)};
        auto kept = alive(origin + "alive");
        for (const auto& [key, choice] : set(origin + "frontends")) {
            const auto frontend = frontend_in(key);
            expect_balancer(origin, frontend, choice);
            const bool sticky = choice.at(2) != "0";
            const auto places = behind[sticky ? 1 : 0].extract(frontend);
            ASSERT_FALSE(places.empty()) << frontend << " has no endpoints";
            std::set<std::string> endpoints;
            for (const auto& [index, endpoint] : places.mapped())
                endpoints.insert(endpoint);
            const auto flags = std::stoul(choice.at(1));
            const bool consistent = (flags & kConsistent) != 0;
            if (consistent) consistent_.insert(frontend);
            if ((flags & kResets) != 0) resetting_.insert(frontend);
            EXPECT_EQ(std::to_string(places.mapped().size()), choice.at(0)) << frontend;
            EXPECT_EQ(places.mapped().size(), consistent ? kSlots : endpoints.size()) << frontend;
            EXPECT_EQ(places.mapped().rbegin()->first + 1, places.mapped().size())
                << frontend << " has a gap";
            if (sticky) {
                timeouts_[frontend] = choice.at(2);
                EXPECT_EQ(kept[frontend], endpoints) << frontend;
                kept.erase(frontend);
            }
            auto& words = view_.frontends[frontend] += word;
            for (const auto& endpoint : endpoints)
                words += endpoint + " ";
        }
        EXPECT_TRUE(behind[0].empty() && behind[1].empty()) << "endpoints of no frontend";
        EXPECT_TRUE(kept.empty()) << "kept endpoints of no frontend";
    }

    const test::NftListing& listing_;
    TableView view_;
    std::map<std::string, std::string> timeouts_;
    std::set<std::string> consistent_;
    std::set<std::string> resetting_;
    std::map<std::string, std::set<std::string>> sources_;
};

}  // namespace

TableView view_of(const test::NftListing& listing) {
    return Reader{listing}.read();
}

}  // namespace fairlead::services
