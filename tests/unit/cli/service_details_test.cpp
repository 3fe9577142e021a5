#include "cli/service_details.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kServiceDetailsPage =
    R"({"apiVersion":"fairlead.status/v1alpha1","kind":"ServiceDetails",
  "namespace":"shop","name":"cart","type":"NodePort","clusterIPs":["10.96.0.10"],"notServed":"","node":"n1","zone":"",
  "internalTrafficPolicy":"Cluster","externalTrafficPolicy":"Local","affinityTimeoutSeconds":100,
  "trafficDistribution":"","healthCheckNodePort":0,"annotations":["fairlead.io/a: 1","fairlead.io/b: 2"],
  "ports":[{"name":"http","protocol":"TCP","port":80,"nodePort":30080,"endpointCount":5,
    "endpoints":[{"endpoint":"10.64.1.2:8080","node":"n1","zone":"z1","condition":"ready","slice":"cart-1"},
                 {"endpoint":"10.64.2.2:8080","node":"","zone":"","condition":"not ready","slice":"cart-1"}],
    "frontends":[
      {"kind":"ClusterIP","address":"10.96.0.10","port":80,"state":"balanced","written":true,"owner":"shop/cart",
       "endpointCount":2,"reasons":[{"endpoint":"10.64.1.2:8080","used":true,"why":"is ready"},
                  {"endpoint":"10.64.2.2:8080","used":false,"why":"is not ready"}],
       "elements":[{"set":"frontends","element":"10.96.0.10 . tcp . 80 : 0x00000001","found":true,"drift":""},
                   {"set":"endpoints","element":"0x00000000 . 10.96.0.10","found":false,"drift":"missing"}]},
      {"kind":"NodePort","address":"fd00::1","port":30080,"state":"dropped","written":false,"owner":"shop/other",
       "reasons":[],"outsideReasons":[{"endpoint":"10.64.1.2:8080","used":true,"why":"is ready"}],"elements":[]}]}],
  "elementsLeftOut":7,
  "conflicts":[{"frontend":"[fd00::1]:30080","protocol":"TCP","owner":"shop/other","loser":"shop/cart"}],
  "refusedAddresses":[{"service":"shop/cart","address":"127.0.0.1"}]})";

TEST(ServiceDetails, AreDescribedAsKubectlDoes) {
    const auto details = service_details(kServiceDetailsPage, false);
    ASSERT_TRUE(details) << details.error().message;
    EXPECT_EQ(details->text, R"(Name:                    cart
Namespace:               shop
Annotations:             fairlead.io/a: 1
                         fairlead.io/b: 2
Type:                    NodePort
ClusterIPs:              10.96.0.10
Internal Traffic Policy: Cluster
External Traffic Policy: Local
Traffic Distribution:    <none>
Session Affinity:        ClientIP, 100 s
Seen from:               node n1, zone <none>
Port:                    http 80/TCP
NodePort:                http 30080/TCP
  ENDPOINT         NODE     ZONE     CONDITION
  10.64.1.2:8080   n1       z1       ready
  10.64.2.2:8080   <none>   <none>   not ready
    and 3 more
  ClusterIP 10.96.0.10:80: balanced
    + 10.64.1.2:8080 is ready
    - 10.64.2.2:8080 is not ready
  NodePort [fd00::1]:30080: dropped, new connections are dropped: policy Local, no endpoint on this node
  ! it belongs to Service shop/other
    no endpoints
    from outside the cluster (externalTrafficPolicy Local):
    + 10.64.1.2:8080 is ready
  ! its last change is not in the kernel yet
Kernel elements:
  @frontends                10.96.0.10 . tcp . 80 : 0x00000001
  ! @endpoints                0x00000000 . 10.96.0.10   missing
  and 7 more that were not looked up
  ! conflict: [fd00::1]:30080/TCP is claimed by shop/other, which has it, and shop/cart
  ! refused: 127.0.0.1 may not be used (loopback, link-local or multicast)
)");
    EXPECT_EQ(details->destinations.size(), 2);
    EXPECT_EQ(details->destinations.front().port, 80);
}

TEST(ServiceDetails, HaveColoursForTerminalsOnly) {
    EXPECT_THAT(service_details(kServiceDetailsPage, false)->text, Not(HasSubstr("\033")));
    EXPECT_THAT(service_details(kServiceDetailsPage, true)->text, HasSubstr("\033[31mdropped\033[0m"));
}

TEST(ServiceDetails, RefuseOtherPages) {
    for (const auto* page : {"", "{}", "[]", R"({"kind":"Service"})"})
        EXPECT_FALSE(service_details(page, false)) << page;
}

}  // namespace
}  // namespace fairlead::cli
