#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "kernel/conntrack/netlink_conntrack_table.h"
#include "support/command.h"

// Our reading of the table beside that of conntrack(8).
namespace fairlead::kernel::conntrack {
namespace {

using test::output_of;

/// A flow in the words of `conntrack -L -o extended,id`, less what changes while we look: fields in the order
/// of their names, of equal names in the order of the line.
using Words = std::multimap<std::string, std::string>;

Words words_of_line(const std::string& line) {
    Words words;
    std::istringstream text{line};
    std::string family;
    std::string family_number;
    std::string protocol;
    std::string protocol_number;
    text >> family >> family_number >> protocol >> protocol_number;
    words.emplace("family", family);
    words.emplace("protocol", protocol_number);
    for (std::string word; text >> word;) {
        const auto equals = word.find('=');
        if (equals != std::string::npos)
            words.emplace(word.substr(0, equals), word.substr(equals + 1));
        else if (word.front() == '[' || std::isalpha(static_cast<unsigned char>(word.front())) != 0)
            words.emplace("flag", word);
    }
    words.erase("use");
    return words;
}

std::string hex(std::uint16_t number) {
    std::ostringstream text;
    text << "0x" << std::hex << number;
    return text.str();
}

void add_tuple(Words& words, const Tuple& tuple, std::uint8_t protocol) {
    words.emplace("src", tuple.source.to_string());
    words.emplace("dst", tuple.destination.to_string());
    if (tuple.icmp) {
        words.emplace("type", std::to_string(tuple.icmp->type));
        words.emplace("code", std::to_string(tuple.icmp->code));
        words.emplace("id", std::to_string(tuple.icmp->id));
    } else if (protocol == IPPROTO_GRE) {
        words.emplace("srckey", hex(tuple.source_port));
        words.emplace("dstkey", hex(tuple.destination_port));
    } else if (has_ports(protocol)) {
        words.emplace("sport", std::to_string(tuple.source_port));
        words.emplace("dport", std::to_string(tuple.destination_port));
    }
}

void add_counters(Words& words, const std::optional<FlowCounters>& counters) {
    if (!counters) return;
    words.emplace("packets", std::to_string(counters->packets));
    words.emplace("bytes", std::to_string(counters->bytes));
}

void add_zone(Words& words, Zone zone) {
    constexpr const char* kNames[] = {"zone", "zone-orig", "zone-reply"};
    if (zone.id != 0) words.emplace(kNames[static_cast<int>(zone.direction)], std::to_string(zone.id));
}

Words words_of_flow(const Flow& flow) {
    Words words;
    words.emplace("family", flow.family() == base::Family::kIpv4 ? "ipv4" : "ipv6");
    words.emplace("protocol", std::to_string(flow.protocol));
    if (flow.tcp_state) words.emplace("flag", name_of(*flow.tcp_state));
    add_tuple(words, flow.original, flow.protocol);
    add_counters(words, flow.original_counters);
    if ((flow.status & status::kSeenReply) == 0) words.emplace("flag", "[UNREPLIED]");
    add_tuple(words, flow.reply, flow.protocol);
    add_counters(words, flow.reply_counters);
    if ((flow.status & status::kAssured) != 0) words.emplace("flag", "[ASSURED]");
    words.emplace("mark", std::to_string(flow.mark));
    add_zone(words, flow.zone);
    words.emplace("id", std::to_string(flow.id));
    return words;
}

std::vector<Words> stock_view() {
    std::vector<Words> flows;
    for (const char* family : {"ipv4", "ipv6"}) {
        std::istringstream lines{
            output_of("conntrack -L -o extended,id -f " + std::string(family) + " 2>/dev/null")};
        for (std::string line; std::getline(lines, line);)
            flows.push_back(words_of_line(line));
    }
    std::ranges::sort(flows);
    return flows;
}

std::vector<Words> our_view() {
    auto table = *NetlinkConntrackTable::open();
    std::vector<Words> flows;
    const auto visited =
        table.for_each_flow({}, [&](const Flow& flow) { flows.push_back(words_of_flow(flow)); });
    EXPECT_TRUE(visited) << visited.error().message;
    std::ranges::sort(flows);
    return flows;
}

std::string text_of(const std::vector<Words>& flows) {
    std::string text;
    for (const auto& flow : flows) {
        for (const auto& [name, value] : flow)
            text += name + "=" + value + " ";
        text += '\n';
    }
    return text;
}

constexpr const char* kInserts[] = {
    "-p udp -s 10.0.0.1 -d 10.96.0.10 --sport 1000 --dport 53",
    "-p udp -s 10.0.0.1 -d 10.96.0.10 --sport 1001 --dport 53 -u SEEN_REPLY",
    "-p udp -s 10.0.0.1 -d 10.96.0.10 --sport 1002 --dport 53 -u SEEN_REPLY,ASSURED -m 4294967295",
    "-p udp -s 10.0.0.1 -d 10.96.0.10 -r 10.1.0.5 -q 10.0.0.1 --sport 1003 --dport 53 --reply-port-src 5353 "
    "--reply-port-dst 1003",
    "-p udp -s 10.0.0.1 -d 10.96.0.10 --sport 1000 --dport 53 -w 5",
    "-p udp -s fd00::1 -d fd00:96::10 --sport 1000 --dport 53",
    "-p tcp -s 10.0.0.1 -d 10.96.0.10 --sport 1000 --dport 80 --state SYN_SENT",
    "-p tcp -s 10.0.0.1 -d 10.96.0.10 --sport 1001 --dport 80 --state ESTABLISHED -u SEEN_REPLY,ASSURED",
    "-p tcp -s fd00::1 -d fd00:96::10 --sport 1001 --dport 80 --state TIME_WAIT",
    "-p tcp -s fd00::1 -d fd00:96::10 --sport 1002 --dport 80 --state CLOSE",
    "-p icmp -s 10.0.0.1 -d 10.0.0.2 --icmp-type 8 --icmp-code 0 --icmp-id 77",
    "-p icmpv6 -s fd00::1 -d fd00::2 --icmpv6-type 128 --icmpv6-code 0 --icmpv6-id 78",
    "-p gre -s 10.0.0.1 -d 10.0.0.2 --srckey 5 --dstkey 6",
};

class StockConntrackTest : public testing::Test {
  protected:
    void SetUp() override {
        for (const char* insert : kInserts)
            output_of("conntrack -I -t 100 " + std::string(insert) + " 2>/dev/null");
    }
    void TearDown() override { output_of("conntrack -F 2>/dev/null"); }
};

TEST_F(StockConntrackTest, ShowsTheSameFlowsAsWeDo) {
    const auto stock = stock_view();
    EXPECT_EQ(stock.size(), std::size(kInserts));
    EXPECT_EQ(text_of(our_view()), text_of(stock));
}

TEST_F(StockConntrackTest, ShowsTheSameFlowsAsWeDoWithAccounting) {
    output_of("echo 1 > /proc/sys/net/netfilter/nf_conntrack_acct");
    output_of("conntrack -I -t 100 -p udp -s 10.0.0.1 -d 10.0.0.2 --sport 1 --dport 2 2>/dev/null");
    output_of("echo 0 > /proc/sys/net/netfilter/nf_conntrack_acct");
    EXPECT_EQ(text_of(our_view()), text_of(stock_view()));
}

TEST_F(StockConntrackTest, CountsAsWeDo) {
    auto table = *NetlinkConntrackTable::open();
    EXPECT_EQ(std::to_string(table.count().value()) + "\n", output_of("conntrack -C"));
    EXPECT_EQ(std::to_string(table.max().value().value_or(0)) + "\n",
              output_of("cat /proc/sys/net/netfilter/nf_conntrack_max"));
}

TEST_F(StockConntrackTest, ShowsTheSameCountersOfEachCpu) {
    auto table = *NetlinkConntrackTable::open();
    const auto stats = table.stats().value();
    std::string ours;
    for (const auto& cpu : stats) {
        ours += "cpu=" + std::to_string(cpu.cpu) + " ";
        for (const auto& counter : kCpuCounters)
            ours += " " + std::string(counter.name) + "=" + std::to_string((cpu.*counter.value).value_or(0));
        ours += '\n';
    }
    const auto squeezed = [](std::string text) {
        text.erase(std::unique(text.begin(), text.end(), [](char a, char b) { return a == ' ' && b == ' '; }),
                   text.end());
        return text;
    };
    EXPECT_EQ(squeezed(ours), squeezed(output_of("conntrack -S | sed 's/[ \t]\\+/ /g; s/ $//'")));
}

TEST_F(StockConntrackTest, NoLongerShowsWhatWeDeleted) {
    auto table = *NetlinkConntrackTable::open();
    FlowFilter filter;
    filter.original.destination = base::IpAddress::parse("fd00:96::10").value();
    EXPECT_EQ(table.delete_matching(filter).value(), 3U);
    const std::string shown = text_of(stock_view());
    EXPECT_THAT(shown, testing::Not(testing::HasSubstr("fd00:96::10")));
    EXPECT_EQ(stock_view().size(), std::size(kInserts) - 3);
}

}  // namespace
}  // namespace fairlead::kernel::conntrack
