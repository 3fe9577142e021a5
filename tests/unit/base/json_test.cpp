#include "base/json.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace fairlead::base {
namespace {

TEST(JsonQuote, EscapesWhatJsonAndTerminalsTakeAsControl) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"", R"("")"},
        {"plain", R"("plain")"},
        {R"(a "b" \c)", R"("a \"b\" \\c")"},
        {"line\nbreak\ttab\r", R"("line\nbreak\ttab\u000d")"},
        {"\x1b[31mred\x7f", R"("\u001b[31mred\u007f")"},
        {std::string("zero\0", 5), R"("zero\u0000")"},
        {"\xc2\x9b"
         "31m",
         R"("\u009b31m")"},
        {"\xc2\xa0"
         "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x9a\xa2",
         "\"\xc2\xa0\xc3\xa4 \xe2\x82\xac \xf0\x9f\x9a\xa2\""},
        {"broken\xff", "\"broken\xef\xbf\xbd\""},
        {"cut\xe2\x82", "\"cut\xef\xbf\xbd\xef\xbf\xbd\""},
        {"surrogate\xed\xa0\x80", "\"surrogate\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    };
    for (const auto& [text, wanted] : cases)
        EXPECT_EQ(json_quote(text), wanted);
}

}  // namespace
}  // namespace fairlead::base
