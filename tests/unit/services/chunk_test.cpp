#include "services/chunk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/consistent_hash.h"
#include "services/elements.h"
#include "services/layout.h"

namespace fairlead::services {
namespace {

using kernel::nftables::AddElements;
using kernel::nftables::DeleteElements;
using kernel::nftables::Element;
using kernel::nftables::Transaction;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;

const Frontend kFrontend{base::IpAddress::parse("10.96.0.1").value(), base::L4Protocol::kTcp, 80};

/// 10.0.0.N:80 for each number.
Backing backing(std::vector<int> numbers, Unserved unserved = Unserved::kRejected) {
    Backing result;
    for (const int number : numbers)
        result.backends.push_back({base::IpAddress::parse("10.0.0." + std::to_string(number)).value(), 80});
    result.unserved = unserved;
    return result;
}

/// "endpoints 0=1" for 10.0.0.1 at index 0, "frontends 3", "no_endpoints", "balancers 3".
std::string text_of(const std::string& set, const Element& element) {
    if (set == kEndpoints) {
        const auto place = endpoint_of(element, base::Family::kIpv4, false).value();
        const auto last_byte = std::to_integer<int>(place.backend.address.bytes()[3]);
        return set + " " + std::to_string(place.index) + "=" + std::to_string(last_byte);
    }
    if (set == kFrontends)
        return set + " " + std::to_string(kernel::nftables::ElementReader{element.data}.number());
    if (set == kBalancers) return set + " " + element.verdict_chain;
    if (set == kServiceEndpoints)
        return set + " " + std::to_string(std::to_integer<int>(element.key.bytes()[3]));
    return set;
}

/// The operations of a transaction in order, "+" for added elements, "-" for deleted ones.
std::vector<std::string> operations(const Transaction& transaction) {
    std::vector<std::string> texts;
    for (const auto& operation : transaction.operations()) {
        if (const auto* added = std::get_if<AddElements>(&operation))
            for (const auto& element : added->elements)
                texts.push_back("+" + text_of(added->set, element));
        else if (const auto* deleted = std::get_if<DeleteElements>(&operation))
            for (const auto& element : deleted->elements)
                texts.push_back("-" + text_of(deleted->set, element));
        else if (const auto* chain = std::get_if<kernel::nftables::AddChain>(&operation))
            texts.push_back("chain " + chain->chain.name);
    }
    return texts;
}

class ChunkTest : public testing::Test {
  protected:
    /// What changes the one frontend into `wanted`, which is then programmed; in `guarded_` what that means
    /// for the set of endpoints.
    std::vector<std::string> change_to(const std::optional<Backing>& wanted) {
        Chunk chunk{base::Family::kIpv4, programmed_};
        chunk.set_frontend(kFrontend, wanted);
        auto texts = write(chunk);
        const auto is_guarded = [](const std::string& text) { return text.contains(kServiceEndpoints); };
        guarded_.clear();
        std::ranges::copy_if(texts, std::back_inserter(guarded_), is_guarded);
        std::ranges::sort(guarded_);
        std::erase_if(texts, is_guarded);
        return texts;
    }

    std::vector<std::string> write(Chunk& chunk) {
        const auto counted = chunk.element_count();
        Transaction transaction{layout(base::Family::kIpv4).table};
        chunk.append_to(transaction);
        chunk.apply_to(programmed_);
        auto texts = operations(transaction);
        const auto is_frontends_own = [](const std::string& text) {
            return text.find("balance") == std::string::npos;
        };
        EXPECT_EQ(counted, static_cast<std::size_t>(std::ranges::count_if(texts, is_frontends_own)));
        return texts;
    }

    ProgrammedTable programmed_;
    std::vector<std::string> guarded_;
};

TEST_F(ChunkTest, WritesTheElementsThatDifferAndNoOther) {
    EXPECT_THAT(change_to(backing({1, 2, 3})),
                ElementsAre("chain balance-3", "+balancers balance-3", "+endpoints 0=1", "+endpoints 1=2",
                            "+endpoints 2=3", "+frontends 3"));
    EXPECT_THAT(change_to(backing({1, 2, 3})), IsEmpty());
    EXPECT_THAT(change_to(backing({1, 3, 4})), ElementsAre("-endpoints 1=2", "+endpoints 1=4"))
        << "replaced in its place";
    EXPECT_THAT(change_to(backing({3, 4})),
                ElementsAre("chain balance-2", "+balancers balance-2", "-endpoints 0=1", "-endpoints 2=3",
                            "-frontends 3", "+endpoints 0=3", "+frontends 2"))
        << "the last one moves into the hole";
    EXPECT_THAT(change_to(backing({3, 4, 5})), ElementsAre("-frontends 2", "+endpoints 2=5", "+frontends 3"))
        << "the balancer is still there";
    EXPECT_THAT(change_to(std::nullopt),
                ElementsAre("-endpoints 0=3", "-endpoints 1=4", "-endpoints 2=5", "-frontends 3"));
    EXPECT_THAT(change_to(std::nullopt), IsEmpty());
    EXPECT_TRUE(programmed_.frontends.empty());
}

TEST_F(ChunkTest, MovesAFrontendWithoutEndpointsBetweenRejectedAndDropped) {
    EXPECT_THAT(change_to(backing({})), ElementsAre("+no_endpoints"));
    EXPECT_THAT(change_to(backing({}, Unserved::kDropped)), ElementsAre("-no_endpoints", "+dropped"));
    EXPECT_THAT(change_to(backing({1})), ElementsAre("chain balance-1", "+balancers balance-1", "-dropped",
                                                     "+endpoints 0=1", "+frontends 1"));
    EXPECT_THAT(change_to(backing({})), ElementsAre("-endpoints 0=1", "-frontends 1", "+no_endpoints"));
    EXPECT_THAT(change_to(std::nullopt), ElementsAre("-no_endpoints"));
}

/// The slots that a change moved, as "+endpoints SLOT=OWNER" for slots of `now` that `before` gave to
/// another.
std::vector<std::string> moved_slots(const Backing& before, const Backing& now) {
    const auto was = slots_of(before.backends);
    const auto is = slots_of(now.backends);
    std::vector<std::string> moved;
    for (std::size_t slot = 0; slot < is.size(); ++slot) {
        const auto owner = std::to_string(std::to_integer<int>(is[slot].address.bytes()[3]));
        if (was.empty() || was[slot] != is[slot])
            moved.push_back("+endpoints " + std::to_string(slot) + "=" + owner);
    }
    return moved;
}

TEST_F(ChunkTest, WritesTheSlotsOfAConsistentFrontendInTheirPlaces) {
    const auto consistent = [](std::vector<int> numbers) {
        auto result = backing(std::move(numbers));
        result.consistent = true;
        return result;
    };
    const auto added = [](std::vector<std::string> texts) {
        std::erase_if(texts, [](const auto& text) { return !text.starts_with("+endpoints"); });
        return texts;
    };
    EXPECT_THAT(added(change_to(consistent({1, 2, 3}))),
                ElementsAreArray(moved_slots({}, backing({1, 2, 3}))));
    EXPECT_THAT(change_to(consistent({1, 2, 3})), IsEmpty());
    const auto replaced = change_to(consistent({1, 3, 4}));
    EXPECT_THAT(added(replaced), ElementsAreArray(moved_slots(backing({1, 2, 3}), backing({1, 3, 4}))));
    EXPECT_LT(added(replaced).size(), kSlotCount * 3 / 5) << "one goes and one comes, of three";
    EXPECT_EQ(added(change_to(consistent({1, 3, 4, 5}))),
              moved_slots(backing({1, 3, 4}), backing({1, 3, 4, 5})));
    EXPECT_EQ(programmed_.endpoint_count, 4U);
    const auto at_random = change_to(backing({1, 3}));
    const auto left =
        std::ranges::count_if(at_random, [](const auto& text) { return text.starts_with("-endpoints"); });
    EXPECT_EQ(left - static_cast<std::ptrdiff_t>(added(at_random).size()), kSlotCount - 2);
    EXPECT_EQ(change_to(std::nullopt).size(), 3U);
}

TEST_F(ChunkTest, HasEachEndpointInTheSetForAsLongAsSomethingUsesIt) {
    change_to(backing({1, 2}));
    EXPECT_THAT(guarded_, ElementsAre("+service_endpoints 1", "+service_endpoints 2"));
    Chunk second{base::Family::kIpv4, programmed_};
    auto split = backing({2});
    split.outside_backends.emplace() = backing({3}).backends;
    const Frontend node_port{base::IpAddress::parse("192.0.2.1").value(), base::L4Protocol::kTcp, 30'080};
    second.set_frontend(node_port, split);
    EXPECT_THAT(write(second), testing::AllOf(testing::Contains("+service_endpoints 3"),
                                              testing::Not(testing::Contains("+service_endpoints 2"))));
    change_to(backing({1}));
    EXPECT_THAT(guarded_, IsEmpty()) << "the other frontend uses it";
    Chunk gone{base::Family::kIpv4, programmed_};
    gone.set_frontend(node_port, std::nullopt);
    EXPECT_THAT(write(gone), testing::IsSupersetOf({"-service_endpoints 2", "-service_endpoints 3"}));
    change_to(std::nullopt);
    EXPECT_THAT(guarded_, ElementsAre("-service_endpoints 1"));
    EXPECT_TRUE(programmed_.endpoint_users.empty());
}

TEST_F(ChunkTest, LeavesAnEndpointThatGetsIdleInTheSet) {
    change_to(backing({1, 2}));
    const ServiceEndpoint second{base::IpAddress::parse("10.0.0.2").value(), base::L4Protocol::kTcp, 80};
    Chunk terminates{base::Family::kIpv4, programmed_};
    terminates.set_idle_endpoint(second, true);
    terminates.set_frontend(kFrontend, backing({1}));
    EXPECT_THAT(write(terminates), testing::Each(testing::Not(testing::HasSubstr("service_endpoints"))));
    EXPECT_TRUE(programmed_.idle_endpoints.contains(second));
    Chunk ends{base::Family::kIpv4, programmed_};
    ends.set_idle_endpoint(second, false);
    EXPECT_THAT(write(ends), ElementsAre("-service_endpoints 2"));
    EXPECT_EQ(programmed_.endpoint_users.size(), 1U);
}

TEST_F(ChunkTest, CountsUsersOfEndpointsThatAreWrittenLater) {
    Chunk without{base::Family::kIpv4, programmed_, false};
    without.set_frontend(kFrontend, backing({1}));
    EXPECT_EQ(without.element_count(), 2U);
    EXPECT_THAT(write(without), testing::Each(testing::Not(testing::HasSubstr("service_endpoints"))));
    EXPECT_EQ(programmed_.endpoint_users.size(), 1U);
}

TEST_F(ChunkTest, CountsTheFrontendsOfEachBalancer) {
    change_to(backing({1, 2}));
    EXPECT_EQ(programmed_.balancers.at(Balancer{2}), 1U);
    change_to(backing({1}));
    EXPECT_EQ(programmed_.balancers.at(Balancer{2}), 0U);
    EXPECT_EQ(programmed_.balancers.at(Balancer{1}), 1U);
}

}  // namespace
}  // namespace fairlead::services
