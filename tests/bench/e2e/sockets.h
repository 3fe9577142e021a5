#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string_view>

// What the programs of the Python benchmarks share.
namespace fairlead::bench {

/// Ends the program with what `errno` says.
[[noreturn]] inline void die(std::string_view what) {
    std::cerr << what << ": " << std::strerror(errno) << '\n';
    std::exit(1);
}

template <class Number>
Number parse(std::string_view text) {
    Number value{};
    if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc{}) die("not a number");
    return value;
}

inline sockaddr_in socket_address(const char* address, std::uint16_t port) {
    sockaddr_in result{};
    result.sin_family = AF_INET;
    result.sin_port = htons(port);
    if (inet_pton(AF_INET, address, &result.sin_addr) != 1) die(address);
    return result;
}

}  // namespace fairlead::bench
