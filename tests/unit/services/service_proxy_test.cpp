#include "services/service_proxy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "services/layout.h"
#include "support/fake_nft_tables.h"
#include "support/kube_fixture.h"

namespace fairlead::services {
namespace {

using base::Family;
using testing::Contains;
using testing::Not;

Options options() {
    Options options;
    options.compile.node.name = "n1";
    return options;
}

class ServiceProxyTest : public testing::Test {
  protected:
    /// Gives the Service "cart" so many endpoints.
    void scale_to(int count) {
        std::vector<std::string> addresses;
        for (int i = 1; i <= count; ++i)
            addresses.push_back("10.64.0." + std::to_string(i));
        const auto slice = test::shared(test::slice("cart", addresses));
        proxy_.stage(test::change(std::exchange(slice_, slice), slice));
    }
    std::vector<std::string> chains() {
        std::vector<std::string> names;
        const auto contents = tables_.read_table(Family::kIpv4, kTableName);
        for (const auto& chain : contents.value()->chains)
            names.push_back(chain.name);
        return names;
    }

    test::FakeNftTables tables_;
    ServiceProxy proxy_{options(), tables_};
    std::shared_ptr<const kube::EndpointSlice> slice_;
    base::TimePoint now_{};
};

TEST_F(ServiceProxyTest, KeepsSomeUnusedBalancersAndLaterRemovesThemAll) {
    proxy_.stage(test::change({}, test::shared(test::service("cart", {"10.96.0.1"}))));
    for (int count = 1; count <= 17; ++count) {
        scale_to(count);
        ASSERT_TRUE(proxy_.sync(Family::kIpv4, now_));
    }
    EXPECT_THAT(chains(), Contains("balance-1")) << "16 unused ones may stay";
    scale_to(18);
    ASSERT_TRUE(proxy_.sync(Family::kIpv4, now_));
    EXPECT_THAT(chains(), Contains("balance-1")) << "kernels need a moment to let go of a chain";
    now_ = proxy_.proxy(Family::kIpv4).next_deadline().value();
    ASSERT_TRUE(proxy_.sync(Family::kIpv4, now_));
    EXPECT_THAT(chains(), Not(Contains("balance-1")));
    EXPECT_THAT(chains(), Contains("balance-18"));
    EXPECT_EQ(tables_.elements(Family::kIpv4, kTableName, kBalancers).size(), 1U);
    EXPECT_EQ(proxy_.proxy(Family::kIpv4).next_deadline(), std::nullopt);
}

/// Passes on to the fake; chains cannot be deleted for so many attempts, as on kernels that let go of them
/// late.
class LateTables final : public kernel::nftables::NftTables {
  public:
    LateTables(test::FakeNftTables& tables, int busy) : tables_(tables), busy_(busy) {}

    base::Result<void> commit(const kernel::nftables::Transaction& transaction) override {
        for (const auto& operation : transaction.operations())
            if (std::holds_alternative<kernel::nftables::DeleteChain>(operation) && busy_-- > 0)
                return base::fail(base::ErrorCode::kBusy, "busy");
        return tables_.commit(transaction);
    }
    base::Result<std::optional<kernel::nftables::TableContents>> read_table(Family family,
                                                                            std::string_view name) override {
        ++reads_;
        return tables_.read_table(family, name);
    }
    base::Result<void> read_elements(Family family, std::string_view table, std::string_view set,
                                     const std::function<void()>& restart,
                                     const std::function<void(kernel::nftables::Element)>& visit) override {
        return tables_.read_elements(family, table, set, restart, visit);
    }
    base::Result<void> read_counts(
        Family family, std::string_view table, std::string_view set, const std::function<void()>& restart,
        const std::function<void(kernel::nftables::Element, kernel::nftables::Counts)>& visit) override {
        return tables_.read_counts(family, table, set, restart, visit);
    }
    base::Result<std::optional<kernel::nftables::FoundElement>> find_element(
        Family family, std::string_view table, std::string_view set,
        const kernel::nftables::ElementBytes& key) override {
        return tables_.find_element(family, table, set, key);
    }
    base::Result<std::uint32_t> generation() override { return tables_.generation(); }

    [[nodiscard]] int reads() const { return reads_; }

  private:
    test::FakeNftTables& tables_;
    int busy_;
    int reads_ = 0;
};

TEST_F(ServiceProxyTest, ABusyChainWaitsForALaterSyncAndIsNoFailure) {
    LateTables late{tables_, 1};
    ServiceProxy proxy{options(), late};
    proxy.stage(test::change({}, test::shared(test::service("cart", {"10.96.0.1"}))));
    std::shared_ptr<const kube::EndpointSlice> before;
    for (int count = 1; count <= 18; ++count) {
        std::vector<std::string> addresses;
        for (int i = 1; i <= count; ++i)
            addresses.push_back("10.64.0." + std::to_string(i));
        const auto after = test::shared(test::slice("cart", addresses));
        proxy.stage(test::change(std::exchange(before, after), after));
        ASSERT_TRUE(proxy.sync(Family::kIpv4, now_));
    }
    for (const bool busy : {true, false}) {
        EXPECT_THAT(chains(), Contains("balance-1")) << (busy ? "not tried yet" : "was busy");
        now_ = proxy.proxy(Family::kIpv4).next_deadline().value();
        ASSERT_TRUE(proxy.sync(Family::kIpv4, now_));
    }
    EXPECT_THAT(chains(), Not(Contains("balance-1")));
    EXPECT_EQ(late.reads(), 1) << "the table was read back";
}

TEST_F(ServiceProxyTest, ReportsAddressesThatMayNotBeUsedForAsLongAsTheyAreThere) {
    const auto good = test::shared(test::slice("cart", {"10.64.0.1"}));
    const auto bad = test::shared(test::slice("cart", {"10.64.0.1", "127.0.0.1"}));
    proxy_.stage(test::change({}, test::shared(test::service("cart", {"10.96.0.1"}))));
    proxy_.stage(test::change({}, bad));
    const auto refusals = proxy_.proxy(Family::kIpv4).wanted().refusals();
    ASSERT_EQ(refusals.size(), 1U);
    EXPECT_EQ(refusals.front().service.to_string(), "shop/cart");
    EXPECT_EQ(refusals.front().address.to_string(), "127.0.0.1");
    proxy_.stage(test::change(bad, good));
    EXPECT_TRUE(proxy_.proxy(Family::kIpv4).wanted().refusals().empty());
}

/// Some of so many endpoints have no slot, and may still have clients that keep them.
TEST_F(ServiceProxyTest, KnowsEndpointsWithoutASlotAfterARestart) {
    for (const bool sticky : {false, true}) {
        auto service = test::service("cart", {"10.96.0.1"});
        service.annotations.edit()["fairlead.io/balancing"] = "consistent";
        if (sticky) service.affinity_timeout_s = 30;
        std::vector<std::string> addresses;
        for (int i = 0; i < 400; ++i)
            addresses.push_back("10.64." + std::to_string(i / 200) + "." + std::to_string(1 + i % 200));
        const auto stage = [&](ServiceProxy& proxy) {
            proxy.stage(test::change({}, test::shared(service)));
            proxy.stage(test::change({}, test::shared(test::slice("cart", addresses))));
        };
        tables_.flush_ruleset();
        ServiceProxy first{options(), tables_};
        stage(first);
        ASSERT_TRUE(first.sync(Family::kIpv4, now_));
        EXPECT_EQ(tables_.elements(Family::kIpv4, kTableName, kAlive).size(), sticky ? 400U : 0U);
        ServiceProxy second{options(), tables_};
        stage(second);
        EXPECT_EQ(second.sync(Family::kIpv4, now_)->transactions, 0U);
        ServiceProxy fewer{options(), tables_};
        addresses.resize(10);
        stage(fewer);
        const auto report = fewer.sync(Family::kIpv4, now_);
        EXPECT_FALSE(report->table_replaced);
        EXPECT_EQ(tables_.elements(Family::kIpv4, kTableName, kAlive).size(), sticky ? 10U : 0U);
    }
}

TEST_F(ServiceProxyTest, WritesNothingBeforeItIsAskedTo) {
    proxy_.stage(test::change({}, test::shared(test::service("cart", {"10.96.0.1"}))));
    scale_to(3);
    EXPECT_EQ(tables_.commit_count(), 0U);
    EXPECT_TRUE(proxy_.has_pending(Family::kIpv4));
}

TEST_F(ServiceProxyTest, TellsAKernelThatCannotMakeItsTableFromOtherFailures) {
    struct Case {
        int errno_value;
        bool lacks_support;
    };
    proxy_.stage(test::change({}, test::shared(test::service("cart", {"10.96.0.1"}))));
    const auto& ipv4 = proxy_.proxy(Family::kIpv4);
    for (const auto& [errno_value, lacks_support] : {Case{EOPNOTSUPP, true},
                                                     {EAFNOSUPPORT, true},
                                                     {EPROTONOSUPPORT, true},
                                                     {ENOENT, true},
                                                     {EPERM, false},
                                                     {ENOMEM, false},
                                                     {EBUSY, false},
                                                     {EEXIST, false},
                                                     {EINVAL, false}}) {
        tables_.fail_commits(base::fail_errno(errno_value, "as the test wants it").error());
        ASSERT_FALSE(proxy_.sync(Family::kIpv4, now_));
        EXPECT_EQ(ipv4.kernel_lacks_support(), lacks_support) << errno_value;
        EXPECT_FALSE(proxy_.proxy(Family::kIpv6).kernel_lacks_support());
    }
    ASSERT_TRUE(proxy_.sync(Family::kIpv4, now_));
    EXPECT_FALSE(ipv4.kernel_lacks_support());
    scale_to(2);
    tables_.fail_commits(base::fail_errno(ENOENT, "an element of somebody else").error());
    ASSERT_FALSE(proxy_.sync(Family::kIpv4, now_));
    EXPECT_FALSE(ipv4.kernel_lacks_support()) << "the table is there";
}

TEST_F(ServiceProxyTest, RemovingTablesPassesOverAFamilyThatTheKernelCannotDo) {
    ASSERT_TRUE(proxy_.sync(Family::kIpv6, now_));
    tables_.fail_commits(base::fail_errno(EOPNOTSUPP, "as the test wants it").error());
    EXPECT_TRUE(remove_tables(tables_));
    EXPECT_FALSE(tables_.read_table(Family::kIpv6, kTableName).value());
    tables_.fail_commits(base::fail_errno(EPERM, "as the test wants it").error());
    EXPECT_FALSE(remove_tables(tables_));
}

}  // namespace
}  // namespace fairlead::services
