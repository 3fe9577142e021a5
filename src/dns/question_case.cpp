#include "dns/question_case.h"

#include <algorithm>
#include <array>

namespace fairlead::dns {

namespace {

constexpr unsigned kWrongToSuspect = 2;

bool is_letter(std::uint8_t byte) {
    const auto lower = static_cast<std::uint8_t>(byte | 0x20U);
    return lower >= 'a' && lower <= 'z';
}

}  // namespace

Name with_random_case(const Name& name, SecureRandom& random) {
    std::array<std::uint8_t, kMaxNameSize> wire{};
    const Bytes given = name.wire();
    std::uint64_t bits = 0;
    constexpr std::size_t kBits = 64;
    for (std::size_t i = 0; i < given.size(); ++i) {
        if (i % kBits == 0) bits = random();
        const bool flip = ((bits >> (i % kBits)) & 1U) != 0;
        // A length byte is at most 63 and so no letter.
        wire.at(i) = flip && is_letter(given[i]) ? static_cast<std::uint8_t>(given[i] ^ 0x20U) : given[i];
    }
    return Name::from_wire(Bytes{wire}.first(given.size())).value_or(name);
}

bool same_case(const Name& a, const Name& b) {
    return std::ranges::equal(a.wire(), b.wire());
}

void CaseKeeping::wrong_case_by_udp() {
    if (mode_ == Mode::kRandomCase && ++wrong_ >= kWrongToSuspect) mode_ = Mode::kAskByTcp;
}

void CaseKeeping::right_case_by_udp() {
    wrong_ = 0;
}

void CaseKeeping::answered_by_tcp(bool right_case) {
    if (mode_ != Mode::kAskByTcp) return;
    mode_ = right_case ? Mode::kRandomCase : Mode::kLowerCase;
    wrong_ = 0;
}

void CaseKeeping::tcp_failed() {
    if (mode_ == Mode::kAskByTcp) mode_ = Mode::kLowerCase;
}

}  // namespace fairlead::dns
