#include "agent/dns_plan_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kResolvConf = "/etc/resolv.conf";

class DnsPlanFilesTest : public testing::Test {
  protected:
    void write(const std::string& path, const std::string& text) {
        files_[path] = text;
        stamps_[path] = {.exists = true, .modified_ns = ++time_};
    }
    void remove(const std::string& path) {
        files_.erase(path);
        stamps_.erase(path);
    }
    DnsPlanFiles make(DnsSettings settings = {}) {
        return {std::move(settings),
                [this](const std::string& path) -> base::Result<std::string> {
                    if (!files_.contains(path))
                        return base::fail(base::ErrorCode::kNotFound, path + ": no such file");
                    return files_.at(path);
                },
                [this](const std::string& path) { return stamps_[path]; }};
    }
    /// What comes of a change that is over.
    static std::optional<base::Result<DnsPlan>> look_until_still(DnsPlanFiles& files) {
        EXPECT_FALSE(files.look()) << "it may still be written";
        return files.look();
    }
    static std::vector<std::string> upstreams_of(const DnsPlan& plan) {
        std::vector<std::string> texts;
        for (const auto& zone : plan.forwarding.forward)
            for (const auto& upstream : zone.upstreams)
                texts.push_back(upstream.to_string());
        return texts;
    }

    std::map<std::string, std::string> files_{{kResolvConf, "nameserver 192.0.2.1\n"}};
    std::map<std::string, net::FileStamp> stamps_{{kResolvConf, {.exists = true}}};
    std::int64_t time_ = 0;
};

TEST_F(DnsPlanFilesTest, GivesANewPlanOnceAfterAChangeThatIsOver) {
    auto files = make();
    ASSERT_TRUE(files.read());
    EXPECT_FALSE(files.look());
    write(kResolvConf, "nameserver 192.0.2.2\n");
    EXPECT_FALSE(files.look());
    write(kResolvConf, "nameserver 192.0.2.3\n");
    const auto plan = look_until_still(files);
    ASSERT_TRUE(plan && *plan);
    EXPECT_THAT(upstreams_of(**plan), ElementsAre("192.0.2.3:53"));
    EXPECT_EQ((*plan)->node_resolv_conf, "nameserver 192.0.2.3\n");
    EXPECT_FALSE(files.look());
}

TEST_F(DnsPlanFilesTest, WatchesACorefileAndWhatItNames) {
    write("Corefile", ".:53 {\n  forward . /etc/upstreams.conf\n}\n");
    write("/etc/upstreams.conf", "nameserver 198.51.100.1\n");
    DnsSettings settings;
    settings.corefile = "Corefile";
    auto files = make(settings);
    ASSERT_TRUE(files.read());
    write("/etc/upstreams.conf", "nameserver 198.51.100.2\n");
    auto plan = look_until_still(files);
    ASSERT_TRUE(plan && *plan);
    EXPECT_THAT(upstreams_of(**plan), ElementsAre("198.51.100.2:53"));
    write("Corefile", ".:53 {\n  forward . 198.51.100.3\n}\n");
    plan = look_until_still(files);
    ASSERT_TRUE(plan && *plan);
    EXPECT_THAT(upstreams_of(**plan), ElementsAre("198.51.100.3:53"));
}

TEST_F(DnsPlanFilesTest, SaysWhyANewPlanCannotBeUsedUntilTheFileIsMended) {
    auto files = make();
    ASSERT_TRUE(files.read());
    struct Case {
        std::function<void()> change;
        const char* why;
    };
    const Case cases[] = {
        {[&] { remove(kResolvConf); }, "/etc/resolv.conf: no such file; what was known before stays"},
        {[&] { write(kResolvConf, ""); }, "/etc/resolv.conf: names no nameserver"},
        {[&] { write(kResolvConf, "search corp.example\n"); }, "/etc/resolv.conf: names no nameserver"},
    };
    for (const auto& [change, why] : cases) {
        change();
        const auto plan = look_until_still(files);
        ASSERT_TRUE(plan);
        ASSERT_FALSE(*plan);
        EXPECT_THAT(plan->error().message, HasSubstr(why));
        EXPECT_FALSE(files.look()) << "said once";
    }
    write(kResolvConf, "nameserver 192.0.2.4\n");
    const auto plan = look_until_still(files);
    ASSERT_TRUE(plan && *plan);
    EXPECT_THAT(upstreams_of(**plan), ElementsAre("192.0.2.4:53"));
}

TEST_F(DnsPlanFilesTest, TakesAConfigMapAtOnceAndKeepsTheOneBeforeABrokenOne) {
    const auto config_map = [](const std::string& upstreams) {
        return std::make_shared<const kube::ConfigMap>(
            kube::ConfigMap{{"kube-system", "kube-dns"}, "", upstreams});
    };
    auto files = make();
    ASSERT_TRUE(files.read());
    files.set_config_map(config_map(R"(["10.0.0.1"])"));
    auto plan = files.look();
    ASSERT_TRUE(plan && *plan);
    EXPECT_THAT(upstreams_of(**plan), ElementsAre("10.0.0.1:53"));
    files.set_config_map(config_map(R"(["10.0.0.1"])"));
    EXPECT_FALSE(files.look()) << "nothing is new";
    files.set_config_map(config_map("10.0.0.2"));
    plan = files.look();
    ASSERT_TRUE(plan && !*plan);
    EXPECT_THAT(plan->error().message, HasSubstr("ConfigMap kube-system/kube-dns: upstreamNameservers"));
    files.set_config_map(nullptr);
    plan = files.look();
    ASSERT_TRUE(plan && *plan);
    EXPECT_THAT(upstreams_of(**plan), ElementsAre("192.0.2.1:53"));
}

TEST_F(DnsPlanFilesTest, ANodeThatHadNobodyToAskMayStayWithout) {
    write(kResolvConf, "search corp.example\n");
    auto files = make();
    ASSERT_TRUE(files.read());
    write(kResolvConf, "search other.example\n");
    const auto plan = look_until_still(files);
    EXPECT_TRUE(plan && *plan);
}

}  // namespace
}  // namespace fairlead::agent
