#include "cli/completer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Words = std::vector<std::string>;

OptionDescription option(std::vector<std::string> names, std::string placeholder, std::string help) {
    return {std::move(names), std::move(placeholder), std::move(help), "", false};
}

OptionDescription arguments(std::string placeholder) {
    return {{}, std::move(placeholder), "any number", "", true};
}

const std::vector<CommandDescription> kCommands = {
    {{}, "all", {option({"-h", "--help"}, "", "help")}, {"agent", "get", "lab"}, ""},
    {{"agent"},
     "run",
     {option({"--manifests"}, "DIR", "folder"), option({"--config"}, "FILE", "file"),
      option({"--log-level"}, "LEVEL", "debug, info, warning or error")},
     {},
     ""},
    {{"get"},
     "list",
     {option({}, "RESOURCE", "services"), arguments("SERVICE"),
      option({"-n", "--namespace"}, "NAMESPACE", "which"), option({"-A", "--all-namespaces"}, "", "all"),
      option({"-o", "--output"}, "FORMAT", "wide, json or yaml")},
     {},
     ""},
    {{"lab"}, "lab", {}, {"exec"}, ""},
    {{"lab", "exec"}, "run", {option({}, "POD", "where"), arguments("CMD")}, {}, ""},
};

const ValueSources kSources = {
    {"RESOURCE", [](const OptionValues&) { return Words{"services"}; }},
    {"NAMESPACE", [](const OptionValues&) { return Words{"bank", "shop"}; }},
    {"POD", [](const OptionValues&) { return Words{"visitor"}; }},
    {"SERVICE",
     [](const OptionValues& options) {
         const auto found = options.find("--namespace");
         return options.contains("--all-namespaces") ? Words{"all"}
                : found == options.end()             ? Words{"cart", "till"}
                                                     : Words{"of-" + found->second};
     }},
};

Words completed(Words words) {
    Words found;
    for (const auto& candidate : complete(kCommands, kSources, std::move(words)).candidates)
        found.push_back(candidate.word);
    return found;
}

TEST(Complete, OffersWhatMayStandThere) {
    const struct {
        Words line;
        Words offered;
    } cases[] = {
        {{""}, {"agent", "get", "lab"}},
        {{}, {"agent", "get", "lab"}},
        {{"g"}, {"get"}},
        {{"-"}, {"-h", "--help"}},
        {{"lab", ""}, {"exec"}},
        {{"agent", ""}, {"--manifests", "--config", "--log-level"}},
        {{"agent", "--log-level", ""}, {"debug", "info", "warning", "error"}},
        {{"agent", "--log-level=w"}, {"--log-level=warning"}},
        {{"get", ""}, {"services"}},
        {{"get", "svc", ""}, {"cart", "till"}},
        {{"get", "svc", "cart", "t"}, {"till"}},
        {{"get", "svc", "--o"}, {"--output"}},
        {{"get", "svc", "-o", ""}, {"wide", "json", "yaml"}},
        {{"get", "svc", "-Ao", "j"}, {"json"}},
        {{"get", "svc", "--output=j"}, {"--output=json"}},
        {{"get", "svc", "--output", "=", "j"}, {"json"}},
        {{"get", "svc", "--output", "="}, {"wide", "json", "yaml"}},
        {{"get", "svc", "--namespace", "=", "shop", ""}, {"of-shop"}},
        {{"get", "-n", ""}, {"bank", "shop"}},
        {{"get", "-n", "shop", "svc", ""}, {"of-shop"}},
        {{"get", "-nshop", "svc", ""}, {"of-shop"}},
        {{"get", "-n=shop", "svc", ""}, {"of-shop"}},
        {{"get", "--namespace=shop", "svc", ""}, {"of-shop"}},
        {{"get", "-A", "svc", ""}, {"all"}},
        {{"lab", "exec", ""}, {"visitor"}},
        {{"nonsense", "-x", "--y", "="}, {}},
    };
    for (const auto& [line, offered] : cases)
        EXPECT_EQ(completed(line), offered) << testing::PrintToString(line);
}

TEST(Complete, LeavesPathsToTheShell) {
    using Paths = Completion::Paths;
    const struct {
        Words line;
        Paths paths;
    } cases[] = {
        {{"agent", "--config", ""}, Paths::kFiles},
        {{"agent", "--manifests", "x"}, Paths::kFolders},
        {{"lab", "exec", "visitor", "--", ""}, Paths::kFiles},
        {{"agent", "--log-level", ""}, Paths::kNone},
    };
    for (const auto& [line, paths] : cases)
        EXPECT_EQ(complete(kCommands, kSources, line).paths, paths) << testing::PrintToString(line);
    EXPECT_THAT(completed({"agent", "--manifests", ""}), IsEmpty());
}

TEST(CompletionLines, HaveWordHelpAndWhichPathsGoWithThem) {
    EXPECT_EQ(completion_lines({{{"get", "list"}, {"x", ""}}, Completion::Paths::kFolders}),
              "get\tlist\nx\t\n:folders\n");
    EXPECT_EQ(completion_lines({}), "");
}

TEST(ListedWords, AreThoseOfHelpThatIsAList) {
    EXPECT_THAT(listed_words("text or json"), ElementsAre("text", "json"));
    EXPECT_THAT(listed_words("wide, json or yaml"), ElementsAre("wide", "json", "yaml"));
    for (const auto& help : {"", "json", "this or that folder", "one, two"})
        EXPECT_THAT(listed_words(help), IsEmpty()) << help;
}

}  // namespace
}  // namespace fairlead::cli
