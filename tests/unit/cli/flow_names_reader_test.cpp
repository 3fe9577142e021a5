#include "cli/flow_names_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/conntrack_fixture.h"

namespace fairlead::cli {
namespace {

using testing::HasSubstr;

constexpr std::string_view kFlowNamesReaderPage =
    "{\"services\":[\n"
    R"({"namespace":"shop","name":"dns","ports":[{"protocol":"UDP","port":53,)"
    R"("frontends":["10.96.0.10:53","[fd00:96::10]:53"],)"
    R"("endpoints":[{"endpoint":"10.64.0.1:5353","pod":"dns-1"},{"endpoint":"10.64.0.2:5353"}]},)"
    R"({"protocol":"TCP","port":80,"frontends":[],"endpoints":[]}]},)"
    "\n"
    R"({"namespace":"shop","name":"external","ports":[]},)"
    "\n"
    R"({"namespace":"b","name":"web","ports":[{"protocol":"TCP","port":80,"frontends":["10.96.0.20:80"],)"
    R"("endpoints":[{"endpoint":"10.64.1.1:80","pod":"web-1"}]}]})"
    "\n]}\n";

/// Of a page that comes in pieces of so many bytes.
base::Result<conntrack::FlowNames> read(std::string_view page, std::size_t piece) {
    FlowNamesReader reader;
    for (; !page.empty(); page.remove_prefix(std::min(piece, page.size())))
        reader.take(page.substr(0, piece));
    return reader.finish();
}

TEST(FlowNamesReader, TakesAPageInPiecesOfAnyLength) {
    for (const std::size_t piece :
         {std::size_t{1}, std::size_t{7}, std::size_t{100}, kFlowNamesReaderPage.size()}) {
        const auto names = read(kFlowNamesReaderPage, piece);
        ASSERT_TRUE(names) << names.error().message;
        EXPECT_EQ(names->service_count(), 2U) << "one has no ports";
        const auto flow = test::udp_flow("10.9.0.1:1000", "10.96.0.10:53", "10.64.0.2:5353");
        const auto* frontend = names->frontend_of(flow);
        ASSERT_NE(frontend, nullptr);
        EXPECT_EQ(names->service_name(frontend->service), "shop/dns");
        EXPECT_TRUE(names->answers(frontend->port, {flow.reply.source, 5353}));
        EXPECT_EQ(names->pod_at(base::IpAddress::parse("10.64.0.1").value()), "shop/dns-1");
        EXPECT_EQ(names->pod_at(base::IpAddress::parse("10.64.1.1").value()), "b/web-1");
    }
    EXPECT_TRUE(read("{\"services\":[\n]}\n", 3));
}

TEST(FlowNamesReader, RefusesWhatIsNoPageOrNotAWholeOne) {
    struct Case {
        std::string page;
        std::string_view error;
    };
    const auto with_line = [](std::string_view line) {
        return "{\"services\":[\n" + std::string(line) + "\n]}\n";
    };
    const auto with_port = [&](std::string_view port) {
        return with_line(R"({"namespace":"a","name":"b","ports":[)" + std::string(port) + "]}");
    };
    for (const auto& [page, error] : {
             Case{"", "no list of names"},
             Case{"{}\n", "no list of names"},
             Case{R"({"services":[]})", "no list of names"},
             Case{"{\"services\":[\n", "no list of names"},
             Case{"{\"services\":[\n]}\n{}\n", "no list of names"},
             Case{"{\"services\":[\n]}\n{", "no list of names"},
             Case{with_line(R"({"namespace":"a")"), "no list of names"},
             Case{with_line("{}"), "no list of names"},
             Case{std::string(kFlowNamesReaderPage.substr(0, kFlowNamesReaderPage.size() - 4)),
                  "no list of names"},
             Case{with_port(R"({"protocol":"ICMP"})"), "/flow-names"},
             Case{with_port(R"({"protocol":"TCP","frontends":["x"]})"), "/flow-names"},
         }) {
        const auto names = read(page, 5);
        ASSERT_FALSE(names) << page;
        EXPECT_THAT(names.error().message, HasSubstr(error)) << page;
    }
}

}  // namespace
}  // namespace fairlead::cli
