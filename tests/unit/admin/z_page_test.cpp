#include "admin/z_page.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "admin/accept.h"

namespace fairlead::admin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> ranges(std::string_view header) {
    std::vector<std::string> texts;
    for (const auto& range : parse_accept(header)) {
        auto text = fmt::format("{}/{} {}", range.type, range.subtype, range.quality);
        for (const auto& [name, value] : range.parameters)
            text += fmt::format(" {}={}", name, value);
        texts.push_back(text);
    }
    return texts;
}

TEST(Accept, IsReadBestFirst) {
    EXPECT_THAT(ranges("text/html,application/xml;q=0.9, */* ; q=0.8 ,text/*"),
                ElementsAre("text/html 1", "text/* 1", "application/xml 0.9", "*/* 0.8"));
    EXPECT_THAT(ranges("application/json; as=Flagz ;v=v1beta1;g=config.k8s.io;q=0.5"),
                ElementsAre("application/json 0.5 as=Flagz g=config.k8s.io v=v1beta1"));
}

TEST(Accept, LeavesOutWhatIsRefusedOrBroken) {
    EXPECT_THAT(ranges("a/b;q=0, a, /b, a/, */b, a/c;q=x, a/d;q=2, , ;, c/d;;k"), ElementsAre("c/d 1 k="));
    EXPECT_THAT(ranges(""), ElementsAre());
}

const ZPage kPage{"Flagz", [] { return std::string("text\n"); },
                  [] { return std::string(R"("flags":{"v":"2"})"); }};

constexpr const char* kObject = ";as=Flagz;v=v1beta1;g=config.k8s.io";

TEST(ZPage, IsTextForPeople) {
    for (const auto* accept :
         {"", " ", "*/*", "text/plain", "text/*;q=0.1", "text/html,application/xml;q=0.9,*/*;q=0.8",
          "application/json, text/plain;q=0.2", "application/json;as=Other;v=v1beta1;g=config.k8s.io,*/*"}) {
        const auto answer = answer_z_page(kPage, accept);
        EXPECT_EQ(answer.status, 200U) << accept;
        EXPECT_EQ(answer.content_type, "text/plain; charset=utf-8") << accept;
        EXPECT_EQ(answer.body, "text\n") << accept;
    }
}

TEST(ZPage, IsAnObjectForProgramsThatNameIt) {
    const std::string object =
        R"({"kind":"Flagz","apiVersion":"config.k8s.io/v1beta1","metadata":{"name":"fairlead"},"flags":{"v":"2"}})"
        "\n";
    for (const auto* type : {"application/json", "application/*", "*/*"}) {
        const auto answer = answer_z_page(kPage, std::string(type) + kObject);
        EXPECT_EQ(answer.content_type, "application/json") << type;
        EXPECT_EQ(answer.body, object) << type;
    }
    const auto yaml = answer_z_page(kPage, std::string("text/plain;q=0.5,application/yaml") + kObject);
    EXPECT_EQ(yaml.content_type, "application/yaml");
    EXPECT_THAT(yaml.body, HasSubstr("kind: \"Flagz\""));
    EXPECT_THAT(yaml.body, HasSubstr("flags:\n  v: \"2\"\n"));
}

TEST(ZPage, WarnsOfTheVersionThatIsDeprecated) {
    const auto answer = answer_z_page(kPage, "application/json;as=Flagz;v=v1alpha1;g=config.k8s.io");
    EXPECT_THAT(answer.body, HasSubstr(R"("apiVersion":"config.k8s.io/v1alpha1")"));
    EXPECT_THAT(answer.headers,
                testing::Contains(std::pair<std::string, std::string>(
                    "Warning", "299 - \"v1alpha1 of Flagz is deprecated: ask for v1beta1\"")));
    EXPECT_THAT(answer_z_page(kPage, std::string("application/json") + kObject).headers,
                testing::Not(testing::Contains(testing::Pair("Warning", testing::_))));
}

TEST(ZPage, RefusesWhatItIsNot) {
    for (const auto* accept :
         {"application/json", "application/yaml", "text/html",
          "application/json;as=Statusz;v=v1beta1;g=config.k8s.io",
          "application/json;as=Flagz;v=v1;g=config.k8s.io", "application/json;as=Flagz;v=v1beta1;g=other.io",
          "text/plain;as=Flagz;v=v1beta1;g=config.k8s.io", "application/vnd.kubernetes.protobuf",
          "text/plain;q=0", ";"}) {
        const auto answer = answer_z_page(kPage, accept);
        EXPECT_EQ(answer.status, 406U) << accept;
        if (std::string_view{accept} == "application/yaml") {
            EXPECT_EQ(answer.content_type, "application/yaml");
            EXPECT_THAT(answer.body, HasSubstr("reason: \"NotAcceptable\"\ncode: 406\n"));
            continue;
        }
        EXPECT_EQ(answer.content_type, "application/json") << accept;
        EXPECT_EQ(
            answer.body,
            R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"this page is )"
            R"(text/plain, or application/json or application/yaml with the parameters as=Flagz;v=v1beta1;)"
            R"(g=config.k8s.io","reason":"NotAcceptable","code":406})"
            "\n")
            << accept;
    }
}

}  // namespace
}  // namespace fairlead::admin
