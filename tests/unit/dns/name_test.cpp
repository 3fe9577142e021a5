#include "dns/name.h"

#include <absl/hash/hash.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/dns_packets.h"

namespace fairlead::dns {
namespace {

std::string repeated(std::string_view text, std::size_t times) {
    std::string result;
    for (; times > 0; --times)
        result += text;
    return result;
}

/// 255 bytes: four labels of 63, 63, 63 and 61 bytes, their lengths, and the root.
std::string longest_text() {
    const std::string label(63, 'a');
    return label + "." + label + "." + label + "." + std::string(61, 'a') + ".";
}

TEST(DnsName, TextAndWireFormAreTheSameName) {
    struct Case {
        std::string_view text, shown, wire;
    };
    for (const auto& [text, shown, wire] : std::vector<Case>{
             {".", ".", "00"},
             {"a", "a.", "0161 00"},
             {"a.", "a.", "0161 00"},
             {"www.Example.com", "www.Example.com.", "03777777 074578616d706c65 03636f6d 00"},
             {R"(a\.b.c)", R"(a\.b.c.)", "03612e62 0163 00"},
             {R"(\\)", R"(\\.)", "015c 00"},
             {R"(\000\255\032)", R"(\000\255\032.)", "0300ff20 00"},
             {R"(\065)", "A.", "0141 00"},
             {"_http._tcp.web", "_http._tcp.web.", "055f68747470 045f746370 03776562 00"},
         }) {
        const auto parsed = Name::parse(text);
        ASSERT_TRUE(parsed) << text;
        EXPECT_EQ(parsed->to_string(), shown);
        const Packet bytes = hex(wire);
        EXPECT_TRUE(std::ranges::equal(parsed->wire(), bytes)) << text;
        const auto again = Name::from_wire(bytes);
        ASSERT_TRUE(again) << text;
        EXPECT_EQ(again->to_string(), shown);
    }
}

TEST(DnsName, ATextThatIsNoNameIsRefusedWithItself) {
    for (const std::string& text :
         std::vector<std::string>{"", "..", ".a", "a..b", "a..", "\\", "a\\", "\\25", "\\256", "\\1a2",
                                  std::string(64, 'a'), longest_text() + "b", repeated("a.", 128)}) {
        const auto parsed = Name::parse(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().code, base::ErrorCode::kInvalid);
        EXPECT_TRUE(parsed.error().message.starts_with("'" + text + "'")) << parsed.error().message;
    }
    EXPECT_TRUE(Name::parse(longest_text()));
    EXPECT_TRUE(Name::parse(repeated("a.", 127)));
}

TEST(DnsName, WireFormThatIsNotExactlyOneNameIsRefused) {
    for (const std::string_view wire :
         {"", "01", "0161", "016100 00", "00 00", "c00c", "40 61 00", "80 00", "0261 00"})
        EXPECT_FALSE(Name::from_wire(hex(wire))) << wire;
    EXPECT_FALSE(Name::from_wire(Packet(256, 0)));
    Packet too_long(256, 1);  // labels of one byte each
    too_long.back() = 0;
    EXPECT_FALSE(Name::from_wire(too_long));
}

TEST(DnsName, LetterCaseIsKeptButDoesNotCount) {
    const Name upper = name("WWW.Example.COM");
    const Name lower = name("www.example.com");
    EXPECT_EQ(upper, lower);
    EXPECT_EQ(upper <=> lower, std::weak_ordering::equivalent);
    EXPECT_EQ(absl::Hash<Name>{}(upper), absl::Hash<Name>{}(lower));
    EXPECT_EQ(upper.to_string(), "WWW.Example.COM.");
    EXPECT_EQ(upper.lowered().to_string(), "www.example.com.");
    EXPECT_NE(lower, name("www.example.con"));
}

TEST(DnsName, OnlyAsciiLettersAreLowered) {
    std::string text;
    for (int byte = 0; byte < 256; ++byte) {
        const std::string digits = std::to_string(byte);
        text = std::string("a\\") + std::string(3 - digits.size(), '0') + digits;
        const auto expected = static_cast<char>(byte >= 'A' && byte <= 'Z' ? byte + 32 : byte);
        EXPECT_EQ(name(text).lowered().label(0)[1], expected) << byte;
    }
}

TEST(DnsName, LabelsAreCountedFromTheLeft) {
    const Name asked = name("a.bc.def");
    ASSERT_EQ(asked.label_count(), 3U);
    EXPECT_EQ(asked.label(0), "a");
    EXPECT_EQ(asked.label(1), "bc");
    EXPECT_EQ(asked.label(2), "def");
    EXPECT_EQ(Name{}.label_count(), 0U);
    EXPECT_TRUE(Name{}.is_root());
    EXPECT_EQ(asked.parent().to_string(), "bc.def.");
    EXPECT_EQ(asked.parent(2).to_string(), "def.");
    EXPECT_EQ(asked.parent(3), Name{});
    EXPECT_EQ(asked.parent(9), Name{});
    EXPECT_EQ(asked.parent(0), asked);
}

TEST(DnsName, SuffixesEndAtLabels) {
    struct Case {
        std::string_view name, suffix;
        std::optional<std::string_view> rest;
    };
    for (const auto& [text, suffix, rest] : std::vector<Case>{
             {"www.example.com", "example.com", "www."},
             {"www.example.com", "EXAMPLE.com", "www."},
             {"www.example.com", "www.example.com", "."},
             {"www.example.com", ".", "www.example.com."},
             {"wwwexample.com", "example.com", std::nullopt},
             {"example.com", "www.example.com", std::nullopt},
             {"www.example.com", "example.org", std::nullopt},
             // The bytes of the suffix are there, but inside of a label: 1 'a' 0 at its end.
             {R"(b\001a)", "a", std::nullopt},
         }) {
        const auto without = name(text).without_suffix(name(suffix));
        EXPECT_EQ(without.has_value(), rest.has_value()) << text << " " << suffix;
        EXPECT_EQ(name(text).is_within(name(suffix)), rest.has_value()) << text << " " << suffix;
        if (without && rest) {
            EXPECT_EQ(without->to_string(), *rest);
            EXPECT_EQ(without->joined(name(suffix)), name(text));
        }
    }
}

TEST(DnsName, NamesAreJoinedUpTo255Bytes) {
    const Name half = name(repeated("a.", 63));   // 127 bytes
    const Name other = name(repeated("b.", 64));  // 129 bytes
    ASSERT_TRUE(half.joined(other));
    EXPECT_EQ(half.joined(other)->wire().size(), 255U);
    EXPECT_EQ(half.joined(other)->to_string(), repeated("a.", 63) + repeated("b.", 64));
    EXPECT_FALSE(half.joined(*other.with_label("c")));
    EXPECT_EQ(half.joined(Name{}), half);
    EXPECT_EQ(Name{}.joined(half), half);
}

TEST(DnsName, ALabelIsPutInFront) {
    EXPECT_EQ(name("b.c").with_label("a")->to_string(), "a.b.c.");
    EXPECT_EQ(Name{}.with_label("a")->to_string(), "a.");
    EXPECT_FALSE(Name{}.with_label(""));
    EXPECT_FALSE(Name{}.with_label(std::string(64, 'a')));
    EXPECT_TRUE(Name{}.with_label(std::string(63, 'a')));
    EXPECT_FALSE(name(longest_text()).with_label("a"));
}

TEST(DnsName, ANameComesBeforeTheNamesBelowItAndTheseAreNeighbours) {
    // The example of RFC 4034, section 6.1.
    const std::vector<std::string_view> sorted{"example",           "a.example",      "yljkjljk.a.example",
                                               "Z.a.example",       "zABC.a.EXAMPLE", "z.example",
                                               R"(\001.z.example)", "*.z.example",    R"(\200.z.example)"};
    for (std::size_t i = 0; i < sorted.size(); ++i)
        for (std::size_t j = 0; j < sorted.size(); ++j)
            EXPECT_EQ(name(sorted[i]) <=> name(sorted[j]), std::weak_ordering{i <=> j})
                << sorted[i] << " " << sorted[j];
}

/// A message is a header of zeros and `body`; the name is at `offset` of the message.
std::optional<std::size_t> read_at(std::size_t offset, const Packet& body, Name& read) {
    Packet message(kHeaderSize);
    message.insert(message.end(), body.begin(), body.end());
    return Name::read(message, offset, read);
}

TEST(DnsName, ACompressedNameIsExpanded) {
    struct Case {
        std::string_view body;
        std::size_t offset;
        std::string_view expected;
        std::size_t end;
    };
    for (const auto& [body, offset, expected, end] : std::vector<Case>{
             {"00", 12, ".", 13},
             {"0161 00", 12, "a.", 15},
             {"0161 00 0162 c00c", 15, "b.a.", 19},
             {"0161 00 c00c ff", 15, "a.", 17},
             {"0161 0162 00 c00e", 17, "b.", 19},
             {"0161 00 0162 c00c 0163 c00f", 19, "c.b.a.", 23},
             {"0161 00 c00c c00f c011", 19, "a.", 21},  // pointers to pointers
         }) {
        Name read;
        EXPECT_EQ(read_at(offset, hex(body), read), end) << body;
        EXPECT_EQ(read.to_string(), expected) << body;
    }
}

TEST(DnsName, AMalformedNameInAMessageIsRefused) {
    struct Case {
        std::string_view body;
        std::size_t offset;
    };
    for (const auto& [body, offset] : std::vector<Case>{
             {"", 12},              // nothing there
             {"01", 12},            // cut off in a label
             {"0161", 12},          // no root
             {"0161 c0", 12},       // half a pointer
             {"c00c", 12},          // a pointer to itself
             {"c00e 0161 00", 12},  // forwards
             {"0161 c00c", 12},     // back into its own labels
             {"c000", 12},          // into the header
             {"c00b", 12},          // into the header's last byte
             {"c00e c00c", 14},     // two that point to each other
             {"40 61 00", 12},      // label types that nobody uses (RFC 6891, section 5)
             {"80 61 00", 12},
             {"0161 00", 40},  // behind the end
         }) {
        Name read;
        EXPECT_FALSE(read_at(offset, hex(body), read)) << body;
    }
}

TEST(DnsName, ExpandingStopsAt255BytesAndAt127Pointers) {
    Packet body = hex("00");
    std::size_t last = kHeaderSize;
    for (int labels = 1; labels <= 128; ++labels) {  // each name is one label and a pointer to the one before
        const std::size_t start = kHeaderSize + body.size();
        const Packet next{1, 'a', static_cast<std::uint8_t>(0xc0U | last >> 8U),
                          static_cast<std::uint8_t>(last)};
        body.insert(body.end(), next.begin(), next.end());
        last = start;
        Name read;
        EXPECT_EQ(read_at(start, body, read).has_value(), labels <= 127) << labels;
    }

    body = hex("00");
    last = kHeaderSize;
    for (int pointers = 1; pointers <= 128; ++pointers) {  // nothing but pointers
        const std::size_t start = kHeaderSize + body.size();
        body.push_back(static_cast<std::uint8_t>(0xc0U | last >> 8U));
        body.push_back(static_cast<std::uint8_t>(last));
        last = start;
        Name read;
        EXPECT_EQ(read_at(start, body, read).has_value(), pointers <= 127) << pointers;
    }
}

TEST(DnsName, NothingOfAnEarlierReadIsLeft) {
    Name read = name(longest_text());
    ASSERT_TRUE(read_at(12, hex("0161 00"), read));
    EXPECT_EQ(read, name("a"));
    EXPECT_EQ(absl::Hash<Name>{}(read), absl::Hash<Name>{}(name("a")));
}

}  // namespace
}  // namespace fairlead::dns
