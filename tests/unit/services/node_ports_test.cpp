#include "services/node_ports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::services {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<base::IpAddress> addresses(const std::vector<std::string>& texts) {
    std::vector<base::IpAddress> parsed;
    for (const auto& text : texts)
        parsed.push_back(base::IpAddress::parse(text).value());
    return parsed;
}

const std::vector<std::string> kLocal = {"127.0.0.1", "::1",     "192.0.2.1",   "198.18.0.2",
                                         "fe80::1",   "fd00::1", "2001:db8::2", "169.254.20.10"};

std::vector<std::string> chosen(const std::vector<std::string>& wanted,
                                const std::vector<std::string>& primary = {"198.18.0.2", "2001:db8::2"}) {
    std::vector<std::string> texts;
    const auto parsed = NodePortAddresses::parse(wanted).value();
    for (const auto& address : node_port_addresses(parsed, addresses(kLocal), addresses(primary)))
        texts.push_back(address.to_string());
    return texts;
}

TEST(NodePortAddresses, ArePrimaryUnlessSaidOtherwise) {
    EXPECT_THAT(chosen({}), ElementsAre("198.18.0.2", "2001:db8::2"));
    EXPECT_THAT(chosen({"primary"}), ElementsAre("198.18.0.2", "2001:db8::2"));
    EXPECT_THAT(chosen({}, {}), ElementsAre("192.0.2.1", "fd00::1")) << "the first there are";
    EXPECT_THAT(chosen({}, {"198.18.0.9"}), ElementsAre("198.18.0.9", "fd00::1"));
}

TEST(NodePortAddresses, AreThoseOfTheRangesAndNeverLoopbackOrLinkLocal) {
    EXPECT_THAT(chosen({"all"}), ElementsAre("192.0.2.1", "198.18.0.2", "2001:db8::2", "fd00::1"));
    EXPECT_THAT(chosen({"0.0.0.0/0"}), ElementsAre("192.0.2.1", "198.18.0.2"));
    EXPECT_THAT(chosen({"192.0.2.0/24", "primary"}), ElementsAre("192.0.2.1", "198.18.0.2", "2001:db8::2"));
    EXPECT_THAT(chosen({"203.0.113.0/24"}), ElementsAre());
    EXPECT_THAT(chosen({"127.0.0.0/8", "localhost"}), ElementsAre());
}

TEST(NodePortAddresses, AreAtLocalhostOnlyWhereThatIsNamed) {
    const auto localhost = [](const std::vector<std::string>& texts) {
        std::vector<std::string> addresses;
        for (const auto& address : NodePortAddresses::parse(texts).value().localhost_addresses())
            addresses.push_back(address.to_string());
        return addresses;
    };
    EXPECT_THAT(localhost({}), ElementsAre());
    EXPECT_THAT(localhost({"all"}), ElementsAre());
    EXPECT_THAT(localhost({"0.0.0.0/0", "::/0", "126.0.0.0/7"}), ElementsAre());
    EXPECT_THAT(localhost({"localhost"}), ElementsAre("127.0.0.1", "::1"));
    EXPECT_THAT(localhost({"127.0.0.0/8"}), ElementsAre("127.0.0.1"));
    EXPECT_THAT(localhost({"primary", "127.0.0.1/32", "::1/128"}), ElementsAre("127.0.0.1", "::1"));
}

TEST(NodePortAddresses, AreReadAndWrittenAlike) {
    const std::vector<std::string> texts = {"primary", "localhost", "all", "10.0.0.0/8"};
    EXPECT_EQ(NodePortAddresses::parse(texts).value().to_texts(), texts);
    const std::vector<std::string> wrong = {"everywhere"};
    EXPECT_THAT(NodePortAddresses::parse(wrong).error().message, HasSubstr("'everywhere' is neither"));
}

}  // namespace
}  // namespace fairlead::services
