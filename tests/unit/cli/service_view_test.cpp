#include "cli/service_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::cli {
namespace {

using testing::HasSubstr;

constexpr std::string_view kPage =
    R"({"services":[{"namespace":"shop","name":"cart","type":"ClusterIP","clusterIPs":["10.96.0.1"],"ports":[{"name":"http","protocol":"TCP",)"
    R"("port":80,"frontends":[{"address":"10.96.0.1","state":"balanced","endpoints":["10.64.0.1:8080","10.64.0.2:8080"]}]}]},)"
    R"({"namespace":"shop","name":"empty","type":"ClusterIP","clusterIPs":["10.96.0.2"],"ports":[{"name":"","protocol":"UDP",)"
    R"("port":53,"frontends":[{"address":"10.96.0.2","state":"rejected","endpoints":[]}]}]}]})";

TEST(ServicesTable, LooksAsKubectlsDoes) {
    const auto services = parse_services(kPage).value();
    EXPECT_EQ(services_table(services, false, false, false),
              "NAME    TYPE        CLUSTER-IP   PORT(S)   ENDPOINTS   STATE\n"
              "cart    ClusterIP   10.96.0.1    80/TCP    2           balanced\n"
              "empty   ClusterIP   10.96.0.2    53/UDP    0           rejected\n");
    EXPECT_THAT(services_table(services, true, true, false), HasSubstr("shop        cart    ClusterIP"));
    EXPECT_THAT(services_table(services, true, true, false), HasSubstr("10.64.0.1:8080,10.64.0.2:8080"));
    EXPECT_THAT(services_table(services, false, false, true), HasSubstr("\033[31mrejected"));
}

TEST(DescribeService, NamesEveryEndpointAndSaysWhatRejectedMeans) {
    const auto services = parse_services(kPage).value();
    EXPECT_THAT(describe_service(services[0], false), HasSubstr("    -> 10.64.0.2:8080\n"));
    EXPECT_THAT(describe_service(services[1], false),
                HasSubstr("no ready endpoint: new connections are refused"));
}

TEST(ParseServices, RefusesWhatIsNoListOfServices) {
    for (const std::string_view text : {"", "[]", "{}", R"({"services":1})"})
        EXPECT_FALSE(parse_services(text)) << text;
}

TEST(JsonToYaml, WritesBlocks) {
    EXPECT_EQ(json_to_yaml(R"({"a":1,"b":["x",{"c":true,"d":[]}],"e":{}})").value(),
              "a: 1\nb:\n  - \"x\"\n  - c: true\n    d: []\ne: {}\n");
}

}  // namespace
}  // namespace fairlead::cli
