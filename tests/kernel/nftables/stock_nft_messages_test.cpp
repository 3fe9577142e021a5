#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/netlink.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <sstream>

#include "kernel/nftables/message_codec.h"
#include "kernel/nftables/netlink_nft_tables.h"
#include "support/command.h"
#include "support/nft_fixture.h"

// Our messages against those of stock nft, attribute by attribute.
namespace fairlead::kernel::nftables {
namespace {

using base::Family;
using test::output_of;

/// The messages that `nft --debug=mnl` shows: rows of four bytes, or of a length, flags and a type.
class ShownMessages {
  public:
    explicit ShownMessages(const std::string& text) {
        std::istringstream lines{text};
        for (std::string line; std::getline(lines, line);)
            take(line);
        finish();
    }
    [[nodiscard]] const std::vector<std::vector<std::byte>>& messages() const { return messages_; }

  private:
    void take(const std::string& line) {
        unsigned a = 0;
        unsigned b = 0;
        unsigned c = 0;
        unsigned d = 0;
        char nested = 0;
        const auto shows = [&](const char* what) { return line.find(what) != std::string::npos; };
        if (shows("sequence number") || shows("port ID")) return;
        if (shows("message length")) {
            finish();
        } else if (std::sscanf(line.c_str(), "| %u |", &a) == 1 && shows("type | flags")) {
            append(std::uint32_t{0});
            append(static_cast<std::uint16_t>(a));
            append(std::uint16_t{0});
            append(std::uint64_t{0});
        } else if (std::sscanf(line.c_str(), "|%u|%c%*c|%u|", &a, &nested, &b) == 3) {
            append(static_cast<std::uint16_t>(a));
            append(static_cast<std::uint16_t>(b | (nested == 'N' ? NLA_F_NESTED : 0U)));
        } else if (std::sscanf(line.c_str(), "| %2x %2x %2x %2x  |", &a, &b, &c, &d) == 4) {
            for (const unsigned byte : {a, b, c, d})
                current_.push_back(static_cast<std::byte>(byte));
        }
    }

    template <class Number>
    void append(Number number) {
        const auto bytes = std::as_bytes(std::span{&number, 1});
        current_.insert(current_.end(), bytes.begin(), bytes.end());
    }

    void finish() {
        if (current_.empty()) return;
        const auto length = static_cast<std::uint32_t>(current_.size());
        std::memcpy(current_.data(), &length, sizeof length);
        messages_.push_back(std::exchange(current_, {}));
    }

    std::vector<std::vector<std::byte>> messages_;
    std::vector<std::byte> current_;
};

std::string hex(std::span<const std::byte> bytes) {
    std::ostringstream text;
    for (const auto byte : bytes)
        text << "0123456789abcdef"[std::to_integer<unsigned>(byte) >> 4U]
             << "0123456789abcdef"[std::to_integer<unsigned>(byte) & 15U];
    return text.str();
}

/// Attributes as sorted lines "path = payload", nests by their NLA_F_NESTED.
void flatten(std::span<const std::byte> bytes, const std::string& path, std::vector<std::string>& lines) {
    std::map<unsigned, int> seen;
    while (bytes.size() >= sizeof(nlattr)) {
        nlattr header{};
        std::memcpy(&header, bytes.data(), sizeof header);
        if (header.nla_len < sizeof header || header.nla_len > bytes.size()) break;
        const auto payload = bytes.subspan(sizeof header, header.nla_len - sizeof header);
        const unsigned type = header.nla_type & static_cast<unsigned>(NLA_TYPE_MASK);
        const auto place = path + "/" + std::to_string(type) + "#" + std::to_string(seen[type]++);
        if ((header.nla_type & NLA_F_NESTED) != 0)
            flatten(payload, place, lines);
        else
            lines.push_back(place + " = " + hex(payload));
        bytes = bytes.subspan(std::min<std::size_t>(NLA_ALIGN(header.nla_len), bytes.size()));
    }
}

/// Type and family of a message, then its attributes but for those `left_out` (as "/type#").
std::vector<std::string> flat(const netlink::Message& message, const std::vector<std::string>& left_out) {
    std::vector<std::string> lines;
    flatten(message.payload.subspan(4), "", lines);
    std::erase_if(lines, [&](const std::string& line) {
        return std::ranges::any_of(left_out, [&](const auto& prefix) { return line.starts_with(prefix); });
    });
    std::ranges::sort(lines);
    lines.insert(lines.begin(),
                 "type " + std::to_string(message.type) + " family " + hex(message.payload.first(1)));
    return lines;
}

struct Case {
    const char* name;
    std::string command;
    Operation operation;
    std::vector<std::string> left_out;  ///< what one of the two writes and the kernel takes for granted
    friend void PrintTo(const Case& it, std::ostream* out) { *out << it.name; }
};

std::vector<Case> cases() {
    const auto sample = test::sample_table(Family::kIpv4);
    const Element frontend{
        test::frontend_key("10.96.0.1", 80), {}, ElementBytes{}.add_number(2).add_number(7), {}};
    const std::vector<std::string> id = {"/10#"};                     // NFTA_SET_ID: any number
    const std::vector<std::string> id_and_typeof = {"/10#", "/13#"};  // the user data of concatenations
    return {
        {"table", "add table ip fairlead { comment \"layout 1\"; }", AddTable{}, {"/2#"}},
        {"chain", "add chain ip fairlead new", AddChain{{"new", {}, ""}}, {}},
        {"chain_with_comment",
         "add chain ip fairlead new { comment \"text\"; }",
         AddChain{{"new", {}, "text"}},
         {}},
        {"base_chain",
         "add chain ip fairlead new { type filter hook forward priority 5; policy accept; }",
         AddChain{{"new", ChainHook{ChainType::kFilter, Hook::kForward, 5}, ""}},
         {"/5#"}},
        {"interval_set", "add set ip fairlead new { type ipv4_addr; flags interval; comment \"ranges\"; }",
         AddSet{{"new", {DataType::kIpv4Address}, {}, true, "ranges"}}, id},
        {"set_of_ports", "add set ip fairlead new { type inet_service; }",
         AddSet{{"new", {DataType::kInetService}, {}, false, ""}}, id},
        {"map", "add map ip fairlead new { type ipv4_addr . inet_proto . inet_service : mark . mark; }",
         AddSet{{"new", sample.sets[0].key, sample.sets[0].data, false, ""}}, id_and_typeof},
        {"verdict_map",
         "add map ip fairlead new { type mark : verdict; }",
         AddSet{{"new", {DataType::kMark}, {DataType::kVerdict}, false, ""}},
         {"/10#", "/7#"}},
        {"map_element",
         "add element ip fairlead frontends { 10.96.0.1 . tcp . 80 : 2 . 7 }",
         AddElements{"frontends", {frontend}},
         {"/4#"}},
        {"verdict_element",
         "add element ip fairlead balancers { 7 : goto balance-2 }",
         AddElements{"balancers", {{ElementBytes{}.add_number(7), {}, {}, "balance-2"}}},
         {"/4#"}},
        {"set_of_names", "add set ip fairlead new { type ifname; }",
         AddSet{{"new", {DataType::kInterfaceName}, {}, false, ""}}, id},
        {"dynamic_map",
         "add map ip fairlead new { type ipv4_addr : inet_service; flags dynamic, timeout; size 1000; }",
         AddSet{test::dynamic_map("new", 1'000)}, id},
        {"counting_map", "add map ip fairlead new { type ipv4_addr : inet_service; counter; }",
         AddSet{test::counting_map("new")}, id},
        {"concatenated_ranges",
         "add set ip fairlead new { type ipv4_addr . inet_proto . inet_service . ipv4_addr; flags interval; "
         "}",
         AddSet{test::source_ranges("new")}, id_and_typeof},
        {"concatenated_range",
         "add element ip fairlead sources { 10.96.0.1 . tcp . 80 . 10.1.0.0/16 }",
         AddElements{"sources", {test::source_range(80, "10.1.0.0", "10.1.255.255")}},
         {"/4#"}},
        {"concatenated_point",
         "add element ip fairlead sources { 10.96.0.1 . tcp . 80 . 10.1.0.1 }",
         AddElements{"sources", {test::source_range(80, "10.1.0.1", "10.1.0.1")}},
         {"/4#"}},
        {"delete_concatenated_range",
         "delete element ip fairlead sources { 10.96.0.1 . tcp . 80 . 10.9.0.0/24 }",
         DeleteElements{"sources", {test::source_range(80, "10.9.0.0", "10.9.0.255")}},
         {"/4#"}},
        {"name",
         "add element ip fairlead names { lo }",
         AddElements{"names", {{ElementBytes{}.add_interface_name("lo"), {}, {}, {}}}},
         {"/4#"}},
        {"delete_set", "delete set ip fairlead names", DeleteSet{"names"}, {}},
        {"flush_set", "flush map ip fairlead frontends", FlushSet{"frontends"}, {}},
        {"flush_chain", "flush chain ip fairlead services", FlushChain{"services"}, {}},
    };
}

/// Where nft takes its registers from is its own business: they are left out, by expression and attribute.
std::vector<std::string> registers(const std::vector<std::pair<int, int>>& places) {
    std::vector<std::string> left_out;
    for (const auto& [expression, attribute] : places)
        left_out.push_back("/4#0/1#" + std::to_string(expression) + "/2#0/" + std::to_string(attribute) +
                           "#");
    return left_out;
}

std::vector<Case> cases_of_rules() {
    const auto number = [](std::uint32_t value) {
        const auto bytes = ElementBytes{}.add_number(value);
        return std::vector(bytes.bytes().begin(), bytes.bytes().end());
    };
    const LoadPayload load_source{PayloadBase::kNetworkHeader, 12, 4, 1};
    const LoadPayload load_destination{PayloadBase::kNetworkHeader, 16, 4, 0};
    const auto rule = [](std::vector<Expression> expressions) {
        return AddRule{{"services", std::move(expressions), ""}};
    };
    const auto name = ElementBytes{}.add_interface_name("lo");
    const auto accept = Verdict{VerdictKind::kAccept, ""};
    // NFTA_DYNSET_SET_ID goes with the registers.
    const auto update_registers = registers({{0, 1}, {1, 1}, {2, 2}, {2, 4}, {2, 5}});
    return {
        {"fib_of_source", "add rule ip fairlead services fib saddr type local accept",
         rule({Fib{FibAddress::kSource, 0}, Compare{0, CompareOp::kEqual, number(kLocalRoute)}, accept}),
         registers({{0, 1}, {1, 1}})},
        {"fib_of_destination", "add rule ip fairlead services fib daddr type != local accept",
         rule({Fib{FibAddress::kDestination, 0}, Compare{0, CompareOp::kNotEqual, number(kLocalRoute)},
               accept}),
         registers({{0, 1}, {1, 1}})},
        {"hash", "add rule ip fairlead services jhash ip saddr mod 8 seed 0x5eed offset 3 != 0 accept",
         rule({load_source, JenkinsHash{1, 4, 8, 0x5eed, 3, 0}, Compare{0, CompareOp::kNotEqual, number(0)},
               accept}),
         registers({{0, 1}, {1, 1}, {1, 2}, {2, 1}})},
        {"hash_with_seed_0", "add rule ip fairlead services jhash ip saddr mod 8 seed 0x0 != 0 accept",
         rule({load_source, JenkinsHash{1, 4, 8, 0, 0, 0}, Compare{0, CompareOp::kNotEqual, number(0)},
               accept}),
         registers({{0, 1}, {1, 1}, {1, 2}, {2, 1}})},
        {"name_of_input_interface", "add rule ip fairlead services iifname lo accept",
         rule({LoadMeta{MetaKey::kInputInterfaceName, 0},
               Compare{0, CompareOp::kEqual, {name.bytes().begin(), name.bytes().end()}}, accept}),
         registers({{0, 1}, {1, 1}})},
        {"name_of_output_interface_in_a_set", "add rule ip fairlead services oifname @names accept",
         rule({LoadMeta{MetaKey::kOutputInterfaceName, 0}, LookupSet{"names", 0, false}, accept}),
         registers({{0, 1}, {1, 2}, {1, 4}, {1, 5}})},
        {"update", "add rule ip fairlead services update @clients { ip daddr timeout 10s : th dport }",
         rule({load_destination, LoadPayload{PayloadBase::kTransportHeader, 2, 2, 1},
               UpdateSet{SetUpdate::kUpdate, "clients", 0, Register{1}, 10'000}}),
         update_registers},
        {"delete", "add rule ip fairlead services delete @clients { ip daddr : th dport }",
         rule({load_destination, LoadPayload{PayloadBase::kTransportHeader, 2, 2, 1},
               UpdateSet{SetUpdate::kDelete, "clients", 0, Register{1}, {}}}),
         update_registers},
        {"add", "add rule ip fairlead services add @visitors { ip daddr }",
         rule({load_destination, UpdateSet{SetUpdate::kAdd, "visitors", 0, {}, {}}}),
         registers({{0, 1}, {1, 2}, {1, 4}})},
    };
}

class StockNftMessages : public testing::TestWithParam<Case> {
  protected:
    void SetUp() override {
        NetlinkNftTables tables = *NetlinkNftTables::open();
        ASSERT_TRUE(tables.commit(test::creation_of(test::sample_table(Family::kIpv4))));
        Set visitors = test::dynamic_map("visitors", 1'000);
        visitors.data.clear();
        Transaction more{{Family::kIpv4, "fairlead", ""}};
        for (const auto& set : {test::dynamic_map("clients", 1'000), visitors, test::source_ranges("sources"),
                                Set{"names", {DataType::kInterfaceName}, {}, false, ""}})
            more.add(AddSet{set});
        more.add_element("sources", test::source_range(80, "10.9.0.0", "10.9.0.255"));
        const auto committed = tables.commit(more);
        ASSERT_TRUE(committed) << committed.error().message;
    }
    void TearDown() override { output_of("nft flush ruleset"); }
};

TEST_P(StockNftMessages, HaveTheAttributesOfOurs) {
    const auto& it = GetParam();
    Transaction transaction{{Family::kIpv4, "fairlead", "layout 1"}};
    transaction.add(it.operation);
    const auto batch = encode_batch(transaction, {"sources"});
    netlink::Messages ours{batch.messages.bytes()};
    (void)ours.next();
    const auto our_message = ours.next().value();

    const auto shown = output_of("nft --debug=mnl '" + it.command + "' 2>&1 | sed 's/\\x1b\\[[0-9;]*m//g'");
    std::vector<std::vector<std::string>> theirs;
    const ShownMessages sent{shown};
    for (const auto& bytes : sent.messages()) {
        const auto message = netlink::Messages{bytes}.next().value();
        if (message.type == our_message.type) theirs.push_back(flat(message, it.left_out));
    }
    EXPECT_THAT(theirs, testing::Contains(flat(our_message, it.left_out))) << shown;
}

INSTANTIATE_TEST_SUITE_P(Objects, StockNftMessages, testing::ValuesIn(cases()),
                         [](const auto& it) { return std::string(it.param.name); });

INSTANTIATE_TEST_SUITE_P(Rules, StockNftMessages, testing::ValuesIn(cases_of_rules()),
                         [](const auto& it) { return std::string(it.param.name); });

}  // namespace
}  // namespace fairlead::kernel::nftables
