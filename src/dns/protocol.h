#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fairlead::dns {

using Bytes = std::span<const std::uint8_t>;

/// Types that this program knows by name (IANA "Resource Record (RR) TYPEs"); any other value may occur.
enum class RecordType : std::uint16_t {
    kA = 1,
    kNs = 2,
    kCname = 5,
    kSoa = 6,
    kPtr = 12,
    kHinfo = 13,
    kMx = 15,
    kTxt = 16,
    kAaaa = 28,
    kSrv = 33,
    kNaptr = 35,
    kDname = 39,
    kOpt = 41,
    kDs = 43,
    kRrsig = 46,
    kNsec = 47,
    kDnskey = 48,
    kNsec3 = 50,
    kSvcb = 64,
    kHttps = 65,
    kTsig = 250,
    kIxfr = 251,
    kAxfr = 252,
    kAny = 255,
    kCaa = 257,
};

/// RFC 1035, section 3.2.4; any other value may occur.
enum class RecordClass : std::uint16_t { kIn = 1, kChaos = 3, kNone = 254, kAny = 255 };

/// RCODE, with the upper bits that EDNS adds (RFC 6891, section 6.1.3); any value up to 4095 may occur.
enum class ResponseCode : std::uint16_t {
    kNoError = 0,
    kFormErr = 1,
    kServFail = 2,
    kNxDomain = 3,
    kNotImp = 4,
    kRefused = 5,
    kBadVers = 16,
};

/// "AAAA"; "TYPE731" for one that has no name here (RFC 3597, section 5).
std::string name_of(RecordType type);
/// "IN", "CH"; "CLASS32".
std::string name_of(RecordClass klass);
/// "NXDOMAIN"; "RCODE23".
std::string name_of(ResponseCode code);
/// The other way round, in any letter case, "TYPE731" too.
std::optional<RecordType> parse_record_type(std::string_view text);

/// Bytes of the header of every message (RFC 1035, section 4.1.1).
constexpr std::size_t kHeaderSize = 12;
constexpr std::size_t kQuestionTailSize = 4;  // type and class
/// The longest message that TCP's length field can frame, in bytes.
constexpr std::size_t kMaxMessageSize = 65535;
/// What every client takes over UDP, in bytes (RFC 1035, section 4.2.1; RFC 6891, section 6.2.5).
constexpr std::size_t kMinUdpPayload = 512;
/// What crosses any usual path in one packet, in bytes: the limit of what we send over UDP and announce.
constexpr std::size_t kDefaultUdpPayload = 1232;

/// Bits of the second 16-bit field of the header (RFC 1035, section 4.1.1; AD and CD: RFC 4035).
constexpr std::uint16_t kResponseFlag = 0x8000;
constexpr std::uint16_t kOpcodeMask = 0x7800;
constexpr unsigned kOpcodeShift = 11;
constexpr std::uint16_t kAuthoritativeFlag = 0x0400;
constexpr std::uint16_t kTruncatedFlag = 0x0200;
constexpr std::uint16_t kRecursionDesiredFlag = 0x0100;
constexpr std::uint16_t kRecursionAvailableFlag = 0x0080;
constexpr std::uint16_t kAuthenticDataFlag = 0x0020;
constexpr std::uint16_t kCheckingDisabledFlag = 0x0010;
constexpr std::uint16_t kCodeMask = 0x000f;

/// What an OPT record says (RFC 6891).
struct Edns {
    std::uint16_t udp_payload = kDefaultUdpPayload;  ///< bytes that its sender takes over UDP, at least 512
    std::uint8_t version = 0;
    bool dnssec_ok = false;   ///< DO (RFC 3225)
    bool has_cookie = false;  ///< it carries a COOKIE option (RFC 7873)

    friend bool operator==(const Edns&, const Edns&) = default;
};

}  // namespace fairlead::dns
