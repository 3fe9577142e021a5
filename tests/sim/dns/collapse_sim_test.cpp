// Models of stub resolvers look random names up from random pods, once through a server that collapses search
// walks and once through one that does not. They must end with the same outcome and the same addresses:
// whatever is in the zone and upstream, whichever pod had the address before, whatever the watch has not told
// yet.

#include <gtest/gtest.h>

#include <random>

#include "search_world.h"
#include "support/collapse_fixture.h"
#include "support/lives.h"

namespace fairlead::test {
namespace {

using dns::RecordType;

constexpr int kRounds = 250;

const std::vector<std::vector<RecordType>> kTypes = {{RecordType::kA, RecordType::kAaaa},
                                                     {RecordType::kAaaa, RecordType::kA},
                                                     {RecordType::kA},
                                                     {RecordType::kAaaa}};

/// A name that is looked up as it is although it is one of the pod's own walk ("www.example.com" searched in
/// its namespace, written in full): this is what collapsing changes, and what the annotation is for
/// (docs/dns.md).
bool is_written_out_walk(const std::string& text, const std::string& first_domain) {
    const auto base = dns_name(text).without_suffix(dns_name(first_domain));
    return base && base->label_count() >= 2;
}

/// What went wrong in one lookup; empty: nothing.
std::string compare_lookup(SearchWorld& world) {
    const auto client = world.any_client();
    if (!client) return "";
    const auto settings = world.resolver_of(client->pod);
    const auto ndots = dns::ndots_of(settings).value();
    const auto text = world.any_text();
    if (!settings.searches.empty() && is_written_out_walk(text, settings.searches.front())) return "";
    const auto kind = kStubKinds[world.random.below(std::size(kStubKinds))];
    const auto& types = kTypes[world.random.below(kTypes.size())];
    const auto through_workers = stub_lookup(
        kind, text, types, settings.searches, ndots,
        [&](const auto& name, const auto& both) { return world.ask_workers(*client, name, both); });
    const auto plain =
        stub_lookup(kind, text, types, settings.searches, ndots,
                    [&](const auto& name, const auto& both) { return world.ask_plainly(name, both); });
    if (through_workers == plain) return "";
    return std::string(name_of(kind)) + " in pod " + client->pod.key.to_string() + " looks " + text +
           " up for " + std::to_string(types.size()) + " type(s) from " + name_of(types.front()) + ": got '" +
           to_string(through_workers) + "', the full walk gives '" + to_string(plain) + "'";
}

TEST(CollapseSim, EveryResolverGetsWhatTheFullWalkGives) {
    const Lives worlds{6, std::random_device{}()};
    std::uint64_t collapsed = 0;
    std::uint64_t saved = 0;
    for (auto seed = worlds.first; seed < worlds.end; ++seed) {
        SearchWorld world{seed};
        for (int round = 0; round < kRounds; ++round) {
            world.change();
            for (int lookup = 0; lookup < 4; ++lookup) {
                const auto fault = compare_lookup(world);
                ASSERT_EQ(fault, "") << "FAIRLEAD_SEED=" << seed << ", round " << round;
            }
        }
        collapsed += world.collapsed;
        saved += world.plain_queries - world.worker_queries;
    }
    if (worlds.again) return;
    EXPECT_GT(collapsed, 150U) << "the worlds are to have walks that can be collapsed";
    EXPECT_GT(saved, collapsed);
}

}  // namespace
}  // namespace fairlead::test
