#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/yaml_documents.h"
#include "kube/yaml_scalar.h"

namespace fairlead::kube {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(PlainScalar, MeansWhatItMeansToKubectl) {
    // As `kubectl create --dry-run=client -o json` (go.yaml.in/yaml/v2) has them.
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"", "null"},
        {"~", "null"},
        {"Null", "null"},
        {"nULL", R"("nULL")"},
        {"true", "true"},
        {"Yes", "true"},
        {"ON", "true"},
        {"y", "true"},
        {"FALSE", "false"},
        {"no", "false"},
        {"Off", "false"},
        {"N", "false"},
        {"yEs", R"("yEs")"},
        {"80", "80"},
        {"+80", "80"},
        {"-80", "-80"},
        {"-0", "0"},
        {"0x50", "80"},
        {"0o120", "80"},
        {"0120", "80"},
        {"0b1010000", "80"},
        {"1_000", "1000"},
        {"089", "89"},
        {"80.0", "80"},
        {"8e1", "80"},
        {".5", "5e-01"},
        {"1.25", "1.25e+00"},
        {"1.", "1"},
        {"-", R"("-")"},
        {".", R"(".")"},
        {"+", R"("+")"},
        {"1.2.3.4", R"("1.2.3.4")"},
        {"0x", R"("0x")"},
        {"--1", R"("--1")"},
        {"1e", R"("1e")"},
        {".inf", R"(".inf")"},
        {"inf", R"("inf")"},
        {"2020-01-01", R"("2020-01-01")"},
        {"18446744073709551615", "18446744073709551615"},
        {"-9223372036854775808", "-9223372036854775808"},
        {"18446744073709551616", "1.8446744073709552e+19"},
        {"1e999", R"("1e999")"},
        {"10.96.0.0/12", R"("10.96.0.0/12")"},
        {"fd00::1", R"("fd00::1")"},
    };
    for (const auto& [text, json] : cases)
        EXPECT_EQ(plain_scalar_json(text), json) << text;
}

std::string only_json(std::string_view text) {
    const auto documents = read_yaml(text);
    if (documents.size() != 1) return std::to_string(documents.size()) + " documents";
    return documents.front().error ? documents.front().error->reason : documents.front().json;
}

TEST(ReadYaml, WritesDocumentsAsJson) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"a: '80'\nb: \"no\"\nc: !!str 80\nd: |\n  80\n", R"({"a":"80","b":"no","c":"80","d":"80\n"})"},
        {"\xef\xbb\xbf"
         "a: 1\r\nb: 2\r\n",
         R"({"a":1,"b":2})"},
        {"--- \n# nothing\n---\na: 1\n...\n", R"({"a":1})"},
        {"80: a\nyes: b\n0x10: c\n", R"({"80":"a","true":"b","16":"c"})"},
        {"x: &x {a: 1}\nz: *x\n", R"({"x":{"a":1},"z":{"a":1}})"},
        {"x: &x {a: 1, b: 2}\nz: {<<: *x, b: 3}\n", R"({"x":{"a":1,"b":2},"z":{"b":3,"a":1}})"},
        {"z: {<<: [{a: 1}, {a: 2, b: 3}]}\n", R"({"z":{"a":1,"b":3}})"},
        {"'<<': 1\n", R"({"<<":1})"},
        {"{\"a\": [1, {\"b\": null}]}", R"({"a": [1, {"b": null}]})"},
        {"\n\t{\"a\":\t1}", "\n\t{\"a\":\t1}"},
    };
    for (const auto& [text, json] : cases)
        EXPECT_EQ(only_json(text), json) << text;
}

TEST(ReadYaml, SaysWhatHasNoMeaning) {
    const std::string aliases = [] {
        std::string text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
        for (int i = 1; i < 12; ++i) {
            const auto n = std::to_string(i);
            text += "a" + n + ": &a" + n + " [";
            for (int j = 0; j < 10; ++j)
                text += (j == 0 ? "*a" : ",*a") + std::to_string(i - 1);
            text += "]\n";
        }
        return text;
    }();
    const std::string merges = [] {
        std::string text = "a0: &a0 {x: 1}\n";
        for (int i = 1; i < 60; ++i) {
            const auto before = "*a" + std::to_string(i - 1);
            text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " {<<: [" + before + ", " +
                    before + "]}\n";
        }
        return text;
    }();
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"a: 1\na: 2\n", "field 'a' is there twice, first in line 1"},
        {"{\"a\": 1,\n \"a\": 2}", "field 'a' is there twice, first in line 1"},
        {"[a]: 1\n", "a field's name must be text"},
        {"~: 1\n", "a field's name must be text"},
        {"a: {<<: 1}\n", "<< wants a map or a list of maps"},
        {"a: \t- b\n\tc: d\n", "illegal"},
        {"a: *nothing\n", "anchor"},
        {std::string(70, '[') + std::string(70, ']'), "nested too deep"},
        {"a: &a [*a]\n", "nested too deep"},
        {aliases, "aliases grow too large"},
        {merges, "grow too large"},
    };
    for (const auto& [text, reason] : cases)
        EXPECT_THAT(only_json(text), HasSubstr(reason)) << text.substr(0, 100);
}

TEST(ReadYaml, FindsTheLineOfAFieldOrOfWhatIsAboveIt) {
    const auto documents =
        read_yaml("---\n\na:\n  x.y/z: 1\n  x: {y: 2}\n  list:\n  - b: 1\n  -\n    b: 2\n");
    ASSERT_THAT(documents, SizeIs(1));
    const std::vector<std::pair<std::string, unsigned>> cases = {
        {"", 3},       {"a", 3},           {"a.x.y/z", 4},     {"a.x.y", 5},       {"a.x.nothing", 5},
        {"a.list", 6}, {"a.list[0].b", 7}, {"a.list[1].b", 9}, {"a.list[7].b", 6}, {"nothing", 3},
    };
    for (const auto& [field, line] : cases)
        EXPECT_EQ(documents.front().lines->line_of(field), line) << field;
}

TEST(ReadYaml, HoldsOneDocumentAtATime) {
    std::vector<std::string> read;
    std::weak_ptr<const YamlDocument::Lines> previous;
    read_yaml("a: 1\n---\nb: [\n---\nc: 3\n", [&](const YamlDocument& document) {
        EXPECT_TRUE(previous.expired());
        previous = document.lines;
        read.push_back(document.error ? document.error->reason : document.json);
    });
    EXPECT_TRUE(previous.expired());
    EXPECT_THAT(read, ElementsAre(R"({"a":1})", testing::Not(IsEmpty()), R"({"c":3})"));
}

TEST(ReadYaml, SurvivesTheDeepest) {
    EXPECT_TRUE(read_yaml(std::string(100'000, '[')).at(0).error);
    EXPECT_TRUE(read_yaml(std::string(100'000, '{')).at(0).error);
    EXPECT_THAT(read_yaml(""), IsEmpty());
}

/// Each document as "line: JSON", or "line! reason".
std::vector<std::string> summaries(std::string_view text) {
    std::vector<std::string> found;
    for (const auto& document : read_yaml(text))
        found.push_back(std::to_string(document.line) +
                        (document.error ? "! " + document.error->reason : ": " + document.json));
    return found;
}

TEST(ReadYaml, TellsDocumentsApartAndCountsLinesOfTheWholeText) {
    EXPECT_THAT(summaries("a: 1\n---\nb: 2\n--- {c: 3}\n---\t# nothing\n---\n\n\nd: 4"),
                ElementsAre(R"(1: {"a":1})", R"(3: {"b":2})", R"(4: {"c":3})", R"(9: {"d":4})"));
    EXPECT_THAT(summaries("a: |\n  ---\n  text\nb: ---\n---x: 1\n"),
                ElementsAre(R"(1: {"a":"---\ntext\n","b":"---","---x":1})"))
        << "what only looks like a mark";
    EXPECT_THAT(summaries("%YAML 1.2\n# why\n---\na: 1\n...\n%YAML 1.2\n---\nb: 2\n"),
                ElementsAre(R"(4: {"a":1})", R"(8: {"b":2})"));
    EXPECT_THAT(summaries("a: 1\r\n---\r\nb: 2\r\n"), ElementsAre(R"(1: {"a":1})", R"(3: {"b":2})"));
}

TEST(ReadYaml, SomethingBehindTheEndOfADocumentIsAnErrorAndEndsNever) {
    for (const auto* text : {",", "{a: b}, c", "{a: b} c", "{a: b}\n{c: d}\n", "'a' b", "  a: 1\nb: 2\n",
                             R"({"a;i"},"s"-{"p"I:"1""":{%"n":"p"},"s"-{"p"P:"1"}})"})
        EXPECT_THAT(summaries(text), ElementsAre(testing::ContainsRegex("^[12]! "))) << text;
    for (const auto* text : {"{a: b}\n# c\n", "{a: b}", "[a]\n\n", "'a'\n"})
        EXPECT_THAT(summaries(text), ElementsAre(testing::StartsWith("1: "))) << text;
}

TEST(ReadYaml, DocumentThatIsNoYamlCostsNoOther) {
    EXPECT_THAT(summaries("a: 1\n---\nb: 'x\n---\nc: 3\n---\nd: 4\nd: 5\n---\n\tf: 1\n"),
                ElementsAre(R"(1: {"a":1})", testing::StartsWith("4! "), R"(5: {"c":3})",
                            "7! field 'd' is there twice, first in line 7", testing::StartsWith("10! ")));
}

}  // namespace
}  // namespace fairlead::kube
