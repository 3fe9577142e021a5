#include "dns/corefile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::dns {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Servers = std::vector<CorefileServer>;

Servers parse(std::string_view text, const CorefileEnvironment& environment = {}) {
    auto servers = parse_corefile("Corefile", text, environment);
    EXPECT_TRUE(servers) << servers.error().message;
    return servers.value_or(Servers{});
}

TEST(Corefile, HasServerBlocksWithPluginsAndTheirBlocks) {
    const auto servers = parse(
        ".:53 example.org {\n"
        "    errors  # to standard error\n"
        "    health {\n"
        "        lameduck 5s\n"
        "    }\n"
        "    forward . 10.0.0.1 10.0.0.2 {\n"
        "        except a b\n"
        "    }\n"
        "}\n"
        "\n"
        "corp.example:1053 { whoami }\n");
    ASSERT_THAT(servers, SizeIs(2));
    EXPECT_THAT(servers[0].keys, ElementsAre(".:53", "example.org"));
    EXPECT_EQ(servers[0].plugins,
              (std::vector<CorefileDirective>{
                  {"errors", {}, {}, 2},
                  {"health", {}, {{"lameduck", {"5s"}, {}, 4}}, 3},
                  {"forward", {".", "10.0.0.1", "10.0.0.2"}, {{"except", {"a", "b"}, {}, 7}}, 6}}));
    EXPECT_EQ(servers[1], (CorefileServer{{"corp.example:1053"}, {{"whoami", {}, {}, 11}}, 11}));
}

TEST(Corefile, KeysGoOnAfterACommaAtTheEndOfALine) {
    const auto servers = parse("a, b,\nc {\n errors\n}\n");
    ASSERT_THAT(servers, SizeIs(1));
    EXPECT_THAT(servers[0].keys, ElementsAre("a", "b", "c"));
}

TEST(Corefile, OneBlockNeedsNoBraces) {
    const auto servers = parse(".:53\nerrors\nforward . 10.0.0.1 {\n policy random\n}\n");
    ASSERT_THAT(servers, SizeIs(1));
    EXPECT_THAT(servers[0].plugins, SizeIs(2));
    EXPECT_THAT(servers[0].plugins[1].block, SizeIs(1));
}

TEST(Corefile, QuotedWordsKeepBlanksBracesAndNewlines) {
    const auto servers =
        parse(". {\n log \"a b { # }\" \"say \\\"hi\\\"\" \"back\\slash\" \"two\nlines\" last\n}\n");
    ASSERT_THAT(servers, SizeIs(1));
    EXPECT_THAT(servers[0].plugins.at(0).arguments,
                ElementsAre("a b { # }", "say \"hi\"", "back\\slash", "two\nlines", "last"));
}

TEST(Corefile, ValuesOfTheEnvironmentArePutIn) {
    const auto servers = parse("{$ZONE}:{%PORT%} {\n forward . {$UP}\n}\n",
                               {{"ZONE", "a"}, {"PORT", "53"}, {"UP", "1.1.1.1 {$ZONE}"}});
    ASSERT_THAT(servers, SizeIs(1));
    EXPECT_THAT(servers[0].keys, ElementsAre("a:53"));
    EXPECT_THAT(servers[0].plugins.at(0).arguments, ElementsAre(".", "1.1.1.1 {$ZONE}"));
}

TEST(Corefile, SnippetsArePutInWhereTheyAreImported) {
    const auto servers =
        parse("(common) {\n errors\n cache 30\n}\n(more) {\n import common\n log\n}\n. {\n import more\n}\n");
    ASSERT_THAT(servers, SizeIs(1));
    std::vector<std::string> names;
    for (const auto& plugin : servers[0].plugins)
        names.push_back(plugin.name);
    EXPECT_THAT(names, ElementsAre("errors", "cache", "log"));
}

TEST(Corefile, AnEmptyTextHasNoBlocks) {
    EXPECT_THAT(parse(""), IsEmpty());
    EXPECT_THAT(parse("# nothing\n\n"), IsEmpty());
}

TEST(Corefile, ErrorsNameFileAndLine) {
    const std::pair<std::string, const char*> cases[] = {
        {". {\n errors\n", "Corefile:1: the block does not end"},
        {". {\n health {\n", "Corefile:2: the block does not end"},
        {"}\n", "Corefile:1: a brace that nothing opened"},
        {".\nerrors\n}\n", "Corefile:3: a brace that nothing opened"},
        {"{\n errors\n}\n", "Corefile:1: a server block without a zone"},
        {". {\n {\n }\n}\n", "Corefile:2: a block without a name"},
        {"a, , b {\n}\n", "Corefile:1: an empty zone"},
        {". {\n log \"a\n b\n}\n", "Corefile:2: the quoted text does not end"},
        {". {\n\n forward . {$NONE}\n}\n", "Corefile:3: no value for the environment variable 'NONE'"},
        {". {\n import other.conf\n}\n", "Corefile:2: import 'other.conf': no such snippet above"},
        {". {\n import a b\n}\n", "Corefile:2: import wants"},
        {"(a) {\n}\n(a) {\n}\n", "Corefile:3: a second snippet (a)"},
        {"(a) b {\n}\n", "Corefile:1: a snippet has one name"},
        {". {\n a {\n a {\n a {\n a {\n a {\n a {\n a {\n a {\n}}}}}}}}}\n", "nested too deeply"},
    };
    for (const auto& [text, message] : cases) {
        const auto servers = parse_corefile("Corefile", text, {});
        ASSERT_FALSE(servers) << text;
        EXPECT_THAT(servers.error().message, HasSubstr(message));
    }
}

TEST(Corefile, SnippetsThatDoubleTheirSizeAreStopped) {
    std::string text = "(s0) {\n a\n b\n}\n";
    for (int i = 1; i < 30; ++i)
        text += "(s" + std::to_string(i) + ") {\n import s" + std::to_string(i - 1) + "\n import s" +
                std::to_string(i - 1) + "\n}\n";
    const auto servers = parse_corefile("Corefile", text, {});
    ASSERT_FALSE(servers);
    EXPECT_THAT(servers.error().message, HasSubstr("too many lines"));
}

}  // namespace
}  // namespace fairlead::dns
