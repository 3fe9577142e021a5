#include "services/wanted_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/kube_fixture.h"

namespace fairlead::services {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class WantedStateTest : public testing::Test {
  protected:
    ServiceId add(std::string_view name) {
        return catalog_.apply(test::change({}, test::shared(test::service(name, {})))).front();
    }

    static Frontend frontend(std::string_view address) {
        return {base::IpAddress::parse(address).value(), base::L4Protocol::kTcp, 80};
    }
    static CompiledService with(std::string_view address, std::uint16_t backend_port) {
        const auto ip = base::IpAddress::parse(address).value();
        CompiledService compiled;
        const Backend backend{base::IpAddress::parse("10.0.0.1").value(), backend_port};
        compiled.frontends.resize(1);
        compiled.frontends.front().frontend = frontend(address);
        compiled.frontends.front().backing.backends = {backend};
        compiled.cluster_ips = {ip};
        return compiled;
    }
    void forget_changes() {
        wanted_.changed_frontends().clear();
        wanted_.changed_cluster_ips().clear();
    }

    ServiceCatalog catalog_;
    WantedState wanted_{catalog_};
};

TEST_F(WantedStateTest, NotesWhatCameAndWhatWent) {
    const auto cart = add("cart");
    EXPECT_THAT(wanted_.put(cart, with("10.96.0.1", 1)), IsEmpty());
    EXPECT_TRUE(wanted_.changed_frontends().at(frontend("10.96.0.1")).has_value());
    forget_changes();
    EXPECT_THAT(wanted_.put(cart, with("10.96.0.2", 1)), IsEmpty());
    EXPECT_FALSE(wanted_.changed_frontends().at(frontend("10.96.0.1")).has_value());
    EXPECT_TRUE(wanted_.changed_frontends().at(frontend("10.96.0.2")).has_value());
    EXPECT_EQ(wanted_.changed_cluster_ips().size(), 2U);
    EXPECT_FALSE(wanted_.wants_cluster_ip(frontend("10.96.0.1").address));
}

TEST_F(WantedStateTest, KnowsWhetherAnyFrontendWasWrittenAlready) {
    EXPECT_TRUE(wanted_.all_frontends_changed());
    const auto cart = add("cart");
    const auto shop = add("shop");
    wanted_.put(cart, with("10.96.0.1", 1));
    wanted_.put(shop, with("10.96.0.1", 2));  // the loser of a contest has nothing to write
    wanted_.put(shop, with("10.96.0.2", 2));
    EXPECT_TRUE(wanted_.all_frontends_changed());
    wanted_.changed_frontends().erase(frontend("10.96.0.1"));
    EXPECT_FALSE(wanted_.all_frontends_changed());
    wanted_.put(cart, {});
    EXPECT_TRUE(wanted_.all_frontends_changed()) << "that one goes";
}

TEST_F(WantedStateTest, GivesAContestedFrontendToTheFirstByNameWhoeverCameFirst) {
    const auto b = add("b");
    const auto a = add("a");
    for (const bool a_first : {true, false}) {
        WantedState wanted{catalog_};
        wanted.put(a_first ? a : b, with("10.96.0.1", a_first ? 1 : 2));
        wanted.put(a_first ? b : a, with("10.96.0.1", a_first ? 2 : 1));
        EXPECT_EQ(wanted.owner(frontend("10.96.0.1")), a);
        EXPECT_EQ(wanted.changed_frontends().at(frontend("10.96.0.1"))->backends.front().port, 1);
        ASSERT_EQ(wanted.conflicts().size(), 1U);
        EXPECT_EQ(wanted.conflicts().front().loser.name, "b");
    }
}

TEST_F(WantedStateTest, HandsAContestedFrontendOnWhenItsOwnerGoes) {
    const auto a = add("a");
    const auto b = add("b");
    wanted_.put(a, with("10.96.0.1", 1));
    wanted_.put(b, with("10.96.0.1", 2));
    forget_changes();
    EXPECT_THAT(wanted_.put(a, {}), ElementsAre(b));
    wanted_.put(b, with("10.96.0.1", 2));
    EXPECT_EQ(wanted_.owner(frontend("10.96.0.1")), b);
    EXPECT_EQ(wanted_.changed_frontends().at(frontend("10.96.0.1"))->backends.front().port, 2);
    EXPECT_THAT(wanted_.conflicts(), IsEmpty());
    EXPECT_TRUE(wanted_.wants_cluster_ip(frontend("10.96.0.1").address)) << "still wanted by the other";
}

}  // namespace
}  // namespace fairlead::services
