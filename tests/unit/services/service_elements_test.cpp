#include "services/service_elements.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/elements.h"
#include "services/layout.h"
#include "services/service_proxy.h"
#include "support/fake_nft_tables.h"
#include "support/kube_fixture.h"

namespace fairlead::services {
namespace {

using base::Family;
using kernel::nftables::Element;
using testing::ElementsAre;
using testing::IsEmpty;

class ServiceElementsTest : public testing::Test {
  protected:
    ServiceElementsTest() {
        auto service = test::service("cart", {"10.96.0.1"});
        service.affinity_timeout_s = 100;
        proxy_.stage(test::change({}, test::shared(std::move(service))));
        proxy_.stage(test::change({}, test::shared(test::slice("cart", {"10.64.1.2", "10.64.1.3"}))));
        EXPECT_TRUE(proxy_.sync(Family::kIpv4, {}));
    }

    ElementShow show(std::size_t limit = 100) {
        return {Family::kIpv4,
                [this](std::string_view set, const kernel::nftables::ElementBytes& key) {
                    return tables_.find_element(Family::kIpv4, kTableName, set, key);
                },
                limit};
    }

    /// "set element", with "!" and the difference where there is one.
    std::vector<std::string> texts(ElementShow show) {
        const auto& backing = proxy_.proxy(Family::kIpv4).programmed().frontends.at(frontend_);
        const auto elements = show.of(frontend_, backing, FrontendKind::kClusterIp);
        EXPECT_TRUE(elements) << elements.error().message;
        std::vector<std::string> texts;
        for (const auto& [set, text, found, drift] : *elements)
            texts.push_back((found ? "" : "no ") + set + " " + text + (drift.empty() ? "" : " ! " + drift));
        return texts;
    }

    template <class Operation>
    void change(std::string_view set, Element element) {
        kernel::nftables::Transaction transaction{layout(Family::kIpv4).table};
        transaction.add(Operation{std::string(set), {std::move(element)}});
        ASSERT_TRUE(tables_.commit(transaction));
    }

    test::FakeNftTables tables_;
    ServiceProxy proxy_{Options{}, tables_};
    const Frontend frontend_{base::IpAddress::parse("10.96.0.1").value(), base::L4Protocol::kTcp, 80};
    const Backend second_{base::IpAddress::parse("10.64.1.3").value(), 8080};
};

TEST_F(ServiceElementsTest, AreAllThatTheAgentWroteForAFrontend) {
    EXPECT_THAT(texts(show()),
                ElementsAre("frontends 10.96.0.1 . tcp . 80 : 0x00000002 . 0x00000002 . 0x00000064",
                            "balancers 0x00000002 . 0x00000064 : goto balance-2-sticky-100",
                            "sticky_endpoints 0x00000000 . 10.96.0.1 . tcp . 80 : 80 . 10.64.1.2 . 8080",
                            "alive 10.96.0.1 . tcp . 80 . 10.64.1.2 . 8080",
                            "sticky_endpoints 0x00000001 . 10.96.0.1 . tcp . 80 : 80 . 10.64.1.3 . 8080",
                            "alive 10.96.0.1 . tcp . 80 . 10.64.1.3 . 8080",
                            "service_endpoints 10.64.1.2 . tcp . 8080",
                            "service_endpoints 10.64.1.3 . tcp . 8080", "cluster_ips 10.96.0.1"));
}

TEST_F(ServiceElementsTest, SayWhatIsMissingWhatIsOtherwiseAndWhatIsTooMuch) {
    change<kernel::nftables::DeleteElements>(kAlive, alive_element(frontend_, second_));
    change<kernel::nftables::DeleteElements>(kStickyEndpoints, endpoint_element(frontend_, 1, second_, true));
    change<kernel::nftables::AddElements>(kStickyEndpoints,
                                          endpoint_element(frontend_, 1, {second_.address, 9}, true));
    change<kernel::nftables::AddElements>(kNoEndpoints, frontend_key_element(frontend_));
    std::vector<std::string> differing;
    for (auto& text : texts(show()))
        if (text.contains('!')) differing.push_back(std::move(text));
    EXPECT_THAT(
        differing,
        ElementsAre(
            "sticky_endpoints 0x00000001 . 10.96.0.1 . tcp . 80 : 80 . 10.64.1.3 . 9 ! the agent wrote "
            "0x00000001 . 10.96.0.1 . tcp . 80 : 80 . 10.64.1.3 . 8080",
            "no alive 10.96.0.1 . tcp . 80 . 10.64.1.3 . 8080 ! missing",
            "no_endpoints 10.96.0.1 . tcp . 80 ! the agent does not want it"));
}

TEST_F(ServiceElementsTest, AreLookedUpUpToALimit) {
    auto limited = show(3);
    const auto& backing = proxy_.proxy(Family::kIpv4).programmed().frontends.at(frontend_);
    EXPECT_EQ(limited.of(frontend_, backing, FrontendKind::kClusterIp)->size(), 3);
    EXPECT_EQ(limited.left_out(), 11) << "six elements, and five that must not be there";
    EXPECT_THAT(*limited.of(frontend_, backing, FrontendKind::kClusterIp), IsEmpty());
}

}  // namespace
}  // namespace fairlead::services
