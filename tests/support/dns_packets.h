#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "dns/message.h"
#include "dns/query.h"

namespace fairlead::dns {

using Packet = std::vector<std::uint8_t>;

/// A name that the test knows to be one.
inline Name name(std::string_view text) {
    return Name::parse(text).value();
}

inline base::IpAddress ip(std::string_view text) {
    return base::IpAddress::parse(text).value();
}

/// From "00 1f ..." with blanks anywhere.
inline Packet hex(std::string_view text) {
    const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    Packet bytes;
    std::optional<int> high;
    for (const char c : text) {
        if (c == ' ' || c == '\n') continue;
        if (!high) {
            high = value(c);
            continue;
        }
        bytes.push_back(static_cast<std::uint8_t>(*high * 16 + value(c)));
        high.reset();
    }
    return bytes;
}

/// A query as a stub resolver sends it: RD is set.
inline Packet query_packet(const Name& asked, RecordType type, std::optional<Edns> edns = {}) {
    Message message{.id = 0x1234, .recursion_desired = true, .questions = {{asked, type}}, .edns = edns};
    return encode_message(message);
}
inline Packet query_packet(std::string_view asked, RecordType type, std::optional<Edns> edns = {}) {
    return query_packet(name(asked), type, edns);
}

/// A packet with the query that was read from it, which points into it.
struct ParsedQuery {
    explicit ParsedQuery(Packet bytes)
        : packet(std::move(bytes)), query(std::get<Query>(parse_query(packet))) {}
    ParsedQuery(std::string_view asked, RecordType type, std::optional<Edns> edns = {})
        : ParsedQuery(query_packet(asked, type, edns)) {}

    Packet packet;
    Query query;
};

}  // namespace fairlead::dns
