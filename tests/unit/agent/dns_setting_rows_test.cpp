#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/config_file.h"

namespace fairlead::agent {
namespace {

using testing::HasSubstr;

base::Result<Config> parse_dns(const std::string& dns) {
    auto draft = parse_config("f.yaml",
                              "apiVersion: fairlead.config/v1alpha1\nkind: AgentConfiguration\ndns:\n" + dns);
    if (!draft) return std::unexpected(std::move(draft).error());
    return std::move(draft->config);
}

TEST(DnsSettingRows, ReadWhichQueriesAreLogged) {
    const auto config = parse_dns(
        "  queryLogSample: 100\n"
        "  queryLogPods: [shop, bank/till-0]\n"
        "  queryLogCodes: [servfail, NXDOMAIN]\n"
        "  queryLogNames: [example.com]\n");
    ASSERT_TRUE(config) << config.error().message;
    const dns::QueryFilter expected{.pods = {{"shop", ""}, {"bank", "till-0"}},
                                    .codes = {dns::ResponseCode::kServFail, dns::ResponseCode::kNxDomain},
                                    .names = {dns::Name::parse("example.com").value()},
                                    .one_in = 100};
    EXPECT_EQ(config->dns.query_log, expected);
    EXPECT_EQ(parse_config("again", to_yaml(*config))->config, *config);
    EXPECT_EQ(fields_needing_restart(default_config(), *config).size(), 0U);
    EXPECT_EQ(default_config().dns.query_log.one_in, 0U) << "nothing unless it is wished for";
}

TEST(DnsSettingRows, NameTheFieldOfTheLogThatIsWrong) {
    for (const auto& [line, problem] : std::vector<std::pair<std::string, std::string>>{
             {"queryLogSample: -1", "f.yaml:4: dns.queryLogSample"},
             {"queryLogPods: [A]", "'A' is neither NAMESPACE nor NAMESPACE/POD"},
             {"queryLogCodes: [NXRRSET]", "'NXRRSET' is none of NOERROR"},
             {"queryLogNames: [a..b]", "f.yaml:4: dns.queryLogNames"},
         }) {
        const auto config = parse_dns("  " + line + "\n");
        ASSERT_FALSE(config) << line;
        EXPECT_THAT(config.error().message, HasSubstr(problem));
    }
}

}  // namespace
}  // namespace fairlead::agent
