#include "agent/dns_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace fairlead::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

using Files = std::map<std::string, std::string>;

ReadFile reader_of(Files files) {
    return [files = std::move(files)](const std::string& path) -> base::Result<std::string> {
        const auto found = files.find(path);
        if (found == files.end()) return base::fail(base::ErrorCode::kNotFound, path + ": no such file");
        return found->second;
    };
}

const Files kNode = {
    {"/etc/resolv.conf", "nameserver 192.0.2.1\nnameserver 192.0.2.2\nsearch corp.example\n"}};

/// "example.com. -> 10.0.0.1:53 10.0.0.2:53" for each zone.
std::vector<std::string> zones_of(const DnsPlan& plan) {
    std::vector<std::string> texts;
    for (const auto& zone : plan.forwarding.forward) {
        std::string text = zone.zone.to_string() + " ->";
        for (const auto& upstream : zone.upstreams)
            text += " " + upstream.to_string();
        texts.push_back(std::move(text));
    }
    return texts;
}

TEST(PlanDns, AsksTheNodesNameserversUnlessOthersAreGiven) {
    DnsSettings settings;
    EXPECT_THAT(zones_of(*plan_dns(settings, reader_of(kNode))),
                ElementsAre(". -> 192.0.2.1:53 192.0.2.2:53"));
    settings.upstreams = {"198.51.100.1", "tls://198.51.100.2%dns.example"};
    EXPECT_THAT(zones_of(*plan_dns(settings, reader_of(kNode))),
                ElementsAre(HasSubstr(". -> 198.51.100.1:53 tls://198.51.100.2:853")));
}

TEST(PlanDns, PutsServersOfOneStubDomainTogether) {
    DnsSettings settings;
    settings.stub_domains = {"corp.example=10.0.0.1", "lab.example=10.0.0.9:5353", "corp.example=10.0.0.2"};
    EXPECT_THAT(zones_of(*plan_dns(settings, reader_of(kNode))),
                ElementsAre(". -> 192.0.2.1:53 192.0.2.2:53", "corp.example. -> 10.0.0.1:53 10.0.0.2:53",
                            "lab.example. -> 10.0.0.9:5353"));
}

TEST(PlanDns, PutsAConfigMapBetweenTheNodesNameserversAndTheOtherSettings) {
    const kube::ConfigMap config_map{{"kube-system", "kube-dns"},
                                     R"({"corp.example": ["10.0.0.1"], "lab.example": ["10.0.0.2"]})",
                                     R"(["10.0.0.3"])"};
    DnsSettings settings;
    settings.stub_domains = {"lab.example=10.0.0.9"};
    EXPECT_THAT(zones_of(*plan_dns(settings, reader_of(kNode), &config_map)),
                UnorderedElementsAre(". -> 10.0.0.3:53", "corp.example. -> 10.0.0.1:53",
                                     "lab.example. -> 10.0.0.9:53"));
    const kube::ConfigMap broken{{"kube-system", "kube-dns"}, "[]", ""};
    const auto plan = plan_dns(settings, reader_of(kNode), &broken);
    ASSERT_FALSE(plan);
    EXPECT_THAT(plan.error().message, HasSubstr("ConfigMap kube-system/kube-dns: stubDomains"));
}

TEST(PlanDns, LetsACorefileGoOverTheRest) {
    DnsSettings settings;
    settings.corefile = "Corefile";
    settings.ttl_s = 7;
    auto files = kNode;
    files["Corefile"] =
        ".:53 {\n  errors\n  kubernetes k8s.example in-addr.arpa ip6.arpa {\n    pods disabled\n    ttl 30\n "
        " }\n"
        "  forward . 198.51.100.53\n}\n";
    const auto plan = plan_dns(settings, reader_of(files));
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_THAT(zones_of(*plan), ElementsAre(". -> 198.51.100.53:53"));
    EXPECT_THAT(plan->zone.cluster_domains, ElementsAre(*dns::Name::parse("k8s.example")));
    EXPECT_EQ(plan->zone.ttl_s, 30);
    EXPECT_EQ(plan->zone.pod_names, dns::PodNames::kDisabled);
}

TEST(PlanDns, RefusesWhatACorefileAsksForInVainUnlessToldToPassItOver) {
    DnsSettings settings;
    settings.corefile = "Corefile";
    auto files = kNode;
    files["Corefile"] =
        ".:53 {\n  template ANY AAAA {\n    rcode NOERROR\n  }\n  forward . 198.51.100.53\n}\n";
    const auto refused = plan_dns(settings, reader_of(files));
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("Corefile:2: template"));
    settings.corefile_ignores = true;
    const auto plan = plan_dns(settings, reader_of(files));
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_THAT(plan->remarks, testing::Contains(HasSubstr("Corefile:2: template")));
}

TEST(PlanDns, NamesTheSettingOrTheFileThatIsWrong) {
    struct Row {
        DnsSettings settings;
        std::string_view named;
    };
    const auto with = [](auto change) {
        DnsSettings settings;
        change(settings);
        return settings;
    };
    const Row rows[] = {
        {with([](auto& s) { s.cluster_domain = "a..b"; }), "dns.clusterDomain"},
        {with([](auto& s) { s.upstreams = {"nonsense"}; }), "dns.upstreams"},
        {with([](auto& s) { s.stub_domains = {"corp.example"}; }), "dns.stubDomains: 'corp.example'"},
        {with([](auto& s) { s.stub_domains = {"corp.example=x"}; }), "dns.stubDomains: 'corp.example=x'"},
        {with([](auto& s) { s.resolv_conf = "/nowhere"; }), "/nowhere"},
        {with([](auto& s) { s.corefile = "/no/Corefile"; }), "/no/Corefile"}};
    for (const auto& [settings, named] : rows) {
        const auto plan = plan_dns(settings, reader_of(kNode));
        ASSERT_FALSE(plan) << named;
        EXPECT_THAT(plan.error().message, HasSubstr(named));
    }
}

TEST(PlanDns, NamesTheLinesOfAResolvConfThatItPassesOver) {
    const auto plan =
        plan_dns({}, reader_of({{"/etc/resolv.conf", "nameserver 192.0.2.1\nnameserver nonsense\n"}}));
    ASSERT_TRUE(plan);
    EXPECT_THAT(plan->remarks, ElementsAre(HasSubstr("/etc/resolv.conf:2: ")));
    EXPECT_THAT(plan_dns({}, reader_of(kNode))->remarks, IsEmpty());
}

}  // namespace
}  // namespace fairlead::agent
