#include "dns/question_case.h"

#include <algorithm>
#include <array>

namespace fairlead::dns {

namespace {

constexpr unsigned kWrongToSuspect = 2;
constexpr unsigned kTcpFailuresToBelieve = 2;

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

CaseKeeping::Mode CaseKeeping::mode(base::TimePoint now) const {
    if (now < lower_case_until_) return Mode::kLowerCase;
    return ask_by_tcp_ ? Mode::kAskByTcp : Mode::kRandomCase;
}

void CaseKeeping::wrong_case_by_udp(base::TimePoint now) {
    if (mode(now) == Mode::kRandomCase && ++wrong_ >= kWrongToSuspect) ask_by_tcp_ = true;
}

void CaseKeeping::right_case_by_udp() {
    wrong_ = 0;
    tcp_failures_ = 0;
}

void CaseKeeping::answered_by_tcp(base::TimePoint now, bool right_case) {
    if (mode(now) != Mode::kAskByTcp) return;
    ask_by_tcp_ = false;
    right_case_by_udp();
    if (!right_case) lower_case_until_ = now + kLowerCaseFor;
}

void CaseKeeping::tcp_failed(base::TimePoint now) {
    if (mode(now) != Mode::kAskByTcp) return;
    ask_by_tcp_ = false;
    wrong_ = 0;
    if (++tcp_failures_ < kTcpFailuresToBelieve) return;
    tcp_failures_ = 0;
    lower_case_until_ = now + kLowerCaseFor;
}

}  // namespace fairlead::dns
