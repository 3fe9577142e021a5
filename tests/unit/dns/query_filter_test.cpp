#include "dns/query_filter.h"

#include <gtest/gtest.h>

namespace fairlead::dns {
namespace {

Name name(std::string_view text) {
    return Name::parse(text).value();
}

TEST(QueryFilter, WantsWhatFitsAllThatItNames) {
    SearchContext web;
    web.pod = {"shop", "web-1"};
    const auto asked = name("www.example.com");
    struct Case {
        QueryFilter filter;
        const SearchContext* context;
        bool fits;
    };
    for (const auto& [filter, context, fits] : std::vector<Case>{
             {{}, nullptr, true},
             {{.pods = {{"shop", ""}}}, &web, true},
             {{.pods = {{"bank", ""}, {"shop", "web-1"}}}, &web, true},
             {{.pods = {{"shop", "web-2"}}}, &web, false},
             {{.pods = {{"shop", ""}}}, nullptr, false},
             {{.codes = {ResponseCode::kServFail, ResponseCode::kNxDomain}}, nullptr, true},
             {{.codes = {ResponseCode::kNoError}}, nullptr, false},
             {{.names = {name("EXAMPLE.com")}}, nullptr, true},
             {{.names = {name("www.example.com")}}, nullptr, true},
             {{.names = {name("a.www.example.com"), name("ample.com")}}, nullptr, false},
             {{.pods = {{"shop", ""}}, .codes = {ResponseCode::kNoError}}, &web, false},
         })
        EXPECT_EQ(matches(filter, context, asked, ResponseCode::kNxDomain), fits);
}

TEST(QueryFilter, ReadsCodesAndPods) {
    EXPECT_EQ(parse_response_code("nxdomain").value(), ResponseCode::kNxDomain);
    EXPECT_EQ(parse_response_code("REFUSED").value(), ResponseCode::kRefused);
    EXPECT_FALSE(parse_response_code("NXRRSET"));
    EXPECT_EQ(parse_pod_or_namespace("shop").value(), (kube::ObjectKey{"shop", ""}));
    EXPECT_EQ(parse_pod_or_namespace("shop/web-1.a").value(), (kube::ObjectKey{"shop", "web-1.a"}));
    for (const auto* text : {"", "/", "shop/", "/web", "Shop", "a/b/c"})
        EXPECT_FALSE(parse_pod_or_namespace(text)) << text;
}

}  // namespace
}  // namespace fairlead::dns
