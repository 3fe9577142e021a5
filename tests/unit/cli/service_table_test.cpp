#include "cli/service_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/cli/pages.h"

namespace fairlead::cli {
namespace {

using testing::HasSubstr;

const auto kCart = test::service("shop", "cart", {"10.64.0.1:8080", "10.64.0.2:8080"});
const auto kEmpty = test::service("shop", "empty", {});

TEST(ServiceTable, LooksAsKubectlsDoes) {
    EXPECT_EQ(ServiceTable({}).lines({kCart, kEmpty}),
              "NAME    TYPE        CLUSTER-IP   PORT(S)   ENDPOINTS   STATE\n"
              "cart    ClusterIP   10.96.0.1    80/TCP    2           balanced\n"
              "empty   ClusterIP   10.96.0.1    80/TCP    0           rejected\n");
    const auto wide = ServiceTable({true, true, false}).lines({kCart, kEmpty});
    EXPECT_THAT(wide, HasSubstr("shop        cart    ClusterIP"));
    EXPECT_THAT(wide, HasSubstr("10.64.0.1:8080,10.64.0.2:8080"));
    auto counted = kCart;
    counted.connections = 12;
    counted.denied = 3;
    EXPECT_EQ(ServiceTable({false, false, false, true}).lines({counted, kEmpty}),
              "NAME    TYPE        CLUSTER-IP   PORT(S)   ENDPOINTS   CONNECTIONS   DENIED   STATE\n"
              "cart    ClusterIP   10.96.0.1    80/TCP    2           12            3        balanced\n"
              "empty   ClusterIP   10.96.0.1    80/TCP    0           <off>         <off>    rejected\n");
    EXPECT_THAT(ServiceTable({false, false, true}).lines({kEmpty}), HasSubstr("\033[31mrejected"));
}

TEST(ServiceTable, HeadsTheFirstLineWheneverItComesAndKeepsItsColumnsWide) {
    ServiceTable table{{}};
    EXPECT_EQ(table.lines({}), "");
    EXPECT_EQ(table.lines({test::service("shop", "long-name", {})}),
              "NAME        TYPE        CLUSTER-IP   PORT(S)   ENDPOINTS   STATE\n"
              "long-name   ClusterIP   10.96.0.1    80/TCP    0           rejected\n");
    EXPECT_EQ(table.lines({kCart}), "cart        ClusterIP   10.96.0.1    80/TCP    2           balanced\n");
}

}  // namespace
}  // namespace fairlead::cli
