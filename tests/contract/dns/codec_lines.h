#pragma once

// What a codec says to a program in another language: reads lines "COMMAND HEX...", answers each with one
// line.

#include <charconv>
#include <cstdint>
#include <functional>
#include <iostream>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::test {

using Packet = std::vector<std::uint8_t>;

inline std::string hex_of(std::span<const std::uint8_t> bytes) {
    std::string text;
    for (const std::uint8_t byte : bytes) {
        text += "0123456789abcdef"[byte >> 4U];
        text += "0123456789abcdef"[byte & 0xfU];
    }
    return text;
}

inline Packet packet_of(std::string_view hexadecimal) {
    constexpr int kBase = 16;
    Packet packet(hexadecimal.size() / 2);
    for (std::size_t i = 0; i < packet.size(); ++i)
        std::from_chars(hexadecimal.data() + 2 * i, hexadecimal.data() + 2 * i + 2, packet[i], kBase);
    return packet;
}

/// A question or record in the answer to "decode": " SECTION:OWNER:TYPE:CLASS", and ":TTL:RDATA" of a record.
inline std::string shown_name(std::string_view section, std::span<const std::uint8_t> owner,
                              std::uint16_t type, std::uint16_t klass) {
    return ' ' + std::string(section) + ':' + hex_of(owner) + ':' + std::to_string(type) + ':' +
           std::to_string(klass);
}
inline std::string shown_data(std::uint32_t ttl_s, std::span<const std::uint8_t> rdata) {
    return ':' + std::to_string(ttl_s) + ':' + hex_of(rdata);
}

/// The start of the answer to "decode": "ok ID CODE OPCODE FLAGS", FLAGS as digits of QR AA TC RD RA AD CD.
inline std::string shown_header(std::span<const std::uint8_t> packet, unsigned code) {
    constexpr unsigned kOpcodeShift = 3;
    std::ostringstream text;
    text << "ok " << (packet[0] << 8U | packet[1]) << ' ' << code << ' '
         << (unsigned{packet[2]} >> kOpcodeShift & 0xfU) << ' ';
    for (const unsigned bit : {7U, 2U, 1U, 0U})
        text << (unsigned{packet[2]} >> bit & 1U);
    for (const unsigned bit : {7U, 5U, 4U})
        text << (unsigned{packet[3]} >> bit & 1U);
    return text.str();
}

/// `answer(command, packets)` until there are no more lines.
inline int answer_lines(
    const std::function<std::string(const std::string&, const std::vector<Packet>&)>& answer) {
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream words{line};
        std::string command;
        words >> command;
        std::vector<Packet> packets;
        for (std::string word; words >> word;)
            packets.push_back(packet_of(word));
        std::cout << answer(command, packets) << std::endl;
    }
    return 0;
}

}  // namespace fairlead::test
