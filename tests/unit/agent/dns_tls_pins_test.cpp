#include "agent/dns_tls_pins.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// Of 32 bytes 'a', and of 31.
const std::string kDigest = "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=";
const std::string kShort = "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYQ==";

dns::DnsConfig config_of(std::initializer_list<std::string_view> upstreams) {
    dns::DnsConfig config;
    for (const auto text : upstreams)
        config.forward.emplace_back().upstreams.push_back(*dns::UpstreamServer::parse(text));
    return config;
}

TEST(DnsTlsPins, AreForUpstreamsOfTheAddressThatAreSpokenToOverTls) {
    auto config =
        config_of({"tls://192.0.2.1", "192.0.2.1", "tls://192.0.2.1%dns.example:8853", "tls://[fd00::1]"});
    const std::vector<std::string> pins = {"192.0.2.1=sha256//" + kDigest, "192.0.2.1=sha256//" + kDigest,
                                           "fd00::1=sha256//" + kDigest};
    ASSERT_TRUE(pin_upstreams(pins, config));
    EXPECT_THAT(config.forward[0].upstreams[0].tls_key_pins, SizeIs(2));
    EXPECT_THAT(config.forward[1].upstreams[0].tls_key_pins, IsEmpty());
    EXPECT_THAT(config.forward[2].upstreams[0].tls_key_pins, SizeIs(2));
    EXPECT_THAT(config.forward[3].upstreams[0].tls_key_pins, ElementsAre(std::vector<std::uint8_t>(32, 'a')));
}

TEST(DnsTlsPins, ThatCannotBeReadOrPinNothingAreRefused) {
    const std::pair<std::string, const char*> cases[] = {
        {"192.0.2.1", "'192.0.2.1' is not"},
        {"192.0.2.1=" + kDigest, "is not ADDRESS=sha256//"},
        {"192.0.2.1=sha256//" + kShort, "32 bytes"},
        {"192.0.2.1=sha256//!", "32 bytes"},
        {"dns.example=sha256//" + kDigest, "is not ADDRESS"},
        {"192.0.2.9=sha256//" + kDigest, "no upstream is tls://192.0.2.9"},
        {"192.0.2.2=sha256//" + kDigest, "no upstream is tls://192.0.2.2"},
    };
    for (const auto& [pin, why] : cases) {
        auto config = config_of({"tls://192.0.2.1", "192.0.2.2"});
        const auto done = pin_upstreams({&pin, 1}, config);
        ASSERT_FALSE(done) << pin;
        EXPECT_THAT(done.error().message, HasSubstr(why));
    }
}

}  // namespace
}  // namespace fairlead::agent
