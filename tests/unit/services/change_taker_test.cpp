#include "services/change_taker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/kube_fixture.h"

namespace fairlead::services {
namespace {

using testing::Contains;
using testing::IsEmpty;

constexpr int kServices = 5;
constexpr std::size_t kLargestChange = 3;  // a frontend, its endpoint, and that in the set of the guard

base::IpAddress address(int network, int number) {
    return base::IpAddress::parse("10." + std::to_string(network) + ".0." + std::to_string(number)).value();
}

/// One frontend at 10.NETWORK.0.NUMBER with one endpoint.
CompiledService at(int network, int number) {
    CompiledService compiled;
    compiled.frontends.resize(1);
    compiled.frontends.front().frontend = {address(network, number), base::L4Protocol::kTcp, 80};
    compiled.frontends.front().backing.backends = {{address(0, number), 80}};
    compiled.cluster_ips = {address(network, number)};
    return compiled;
}

class ChangeTakerTest : public testing::Test {
  protected:
    ChangeTakerTest() {
        for (int i = 0; i < kServices; ++i) {
            const auto service = test::shared(test::service("service" + std::to_string(i), {}));
            services_.push_back(catalog_.apply(test::change({}, service)).front());
        }
    }

    void put_all_at(int network) {
        for (int i = 0; i < kServices; ++i)
            wanted_.put(services_[static_cast<std::size_t>(i)], at(network, i));
    }

    /// Elements that a transaction with at most so many has, and what the table then is in `programmed_`.
    std::size_t write_part(std::size_t limit) {
        Chunk chunk{base::Family::kIpv4, programmed_};
        ChangeTaker taker{wanted_, chunk, limit};
        taker.take();
        kernel::nftables::Transaction transaction{layout(base::Family::kIpv4).table};
        chunk.append_to(transaction);
        chunk.apply_to(programmed_);
        taker.forget();
        return chunk.element_count();
    }

    ServiceCatalog catalog_;
    WantedState wanted_{catalog_};
    std::vector<ServiceId> services_;
    ProgrammedTable programmed_;
};

class ChangeTakerLimitTest : public ChangeTakerTest, public testing::WithParamInterface<std::size_t> {};

TEST_P(ChangeTakerLimitTest, KnowsTheAddressOfEveryFrontendAfterEachPart) {
    for (const int network : {96, 97}) {
        put_all_at(network);
        while (wanted_.has_changes()) {
            EXPECT_LT(write_part(GetParam()), GetParam() + kLargestChange);
            for (const auto& [frontend, backing] : programmed_.frontends)
                EXPECT_THAT(programmed_.cluster_ips, Contains(frontend.address));
        }
        EXPECT_EQ(programmed_.frontends.size(), static_cast<std::size_t>(kServices));
        EXPECT_EQ(programmed_.cluster_ips.size(), static_cast<std::size_t>(kServices));
        EXPECT_THAT(programmed_.cluster_ips, Contains(address(network, 0)));
    }
}

INSTANTIATE_TEST_SUITE_P(Limits, ChangeTakerLimitTest, testing::Values(1, 2, 4, 7, 1000));

TEST_F(ChangeTakerTest, LeavesEverythingWantedThatTheKernelDoesNotHave) {
    put_all_at(96);
    Chunk chunk{base::Family::kIpv4, programmed_};
    ChangeTaker taker{wanted_, chunk, 1000};
    taker.take();
    EXPECT_EQ(wanted_.changed_frontends().size(), static_cast<std::size_t>(kServices));
    EXPECT_EQ(wanted_.changed_cluster_ips().size(), static_cast<std::size_t>(kServices));
    taker.forget();
    EXPECT_THAT(wanted_.changed_frontends(), IsEmpty());
    EXPECT_THAT(wanted_.changed_cluster_ips(), IsEmpty());
}

}  // namespace
}  // namespace fairlead::services
