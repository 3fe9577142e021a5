#include "output/yaml.h"

#include <gtest/gtest.h>

namespace fairlead::output {
namespace {

TEST(JsonToYaml, WritesBlocks) {
    const struct {
        std::string_view json;
        std::string_view yaml;
    } cases[] = {
        {R"({"a":1,"b":["x",{"c":true,"d":[]}],"e":{}})",
         "a: 1\nb:\n  - \"x\"\n  - c: true\n    d: []\ne: {}\n"},
        {R"([[1,2],[3]])", "- - 1\n  - 2\n- - 3\n"},
        {R"({"a b":"no","n1":null})", "\"a b\": \"no\"\nn1: null\n"},
        {R"("x: y")", "\"x: y\"\n"},
    };
    for (const auto& [json, yaml] : cases)
        EXPECT_EQ(json_to_yaml(json).value(), yaml);
}

TEST(JsonToYaml, RefusesWhatIsNoJson) {
    for (const std::string_view text : {"", "{", "a: 1"})
        EXPECT_FALSE(json_to_yaml(text)) << text;
}

}  // namespace
}  // namespace fairlead::output
