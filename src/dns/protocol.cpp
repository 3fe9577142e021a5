#include "dns/protocol.h"

#include <array>
#include <charconv>
#include <system_error>
#include <utility>

namespace fairlead::dns {

namespace {

template <class Value>
using Names = std::span<const std::pair<Value, std::string_view>>;

constexpr auto kTypeNames = std::to_array<std::pair<RecordType, std::string_view>>({
    {RecordType::kA, "A"},       {RecordType::kNs, "NS"},         {RecordType::kCname, "CNAME"},
    {RecordType::kSoa, "SOA"},   {RecordType::kPtr, "PTR"},       {RecordType::kHinfo, "HINFO"},
    {RecordType::kMx, "MX"},     {RecordType::kTxt, "TXT"},       {RecordType::kAaaa, "AAAA"},
    {RecordType::kSrv, "SRV"},   {RecordType::kNaptr, "NAPTR"},   {RecordType::kDname, "DNAME"},
    {RecordType::kOpt, "OPT"},   {RecordType::kDs, "DS"},         {RecordType::kRrsig, "RRSIG"},
    {RecordType::kNsec, "NSEC"}, {RecordType::kDnskey, "DNSKEY"}, {RecordType::kNsec3, "NSEC3"},
    {RecordType::kSvcb, "SVCB"}, {RecordType::kHttps, "HTTPS"},   {RecordType::kTsig, "TSIG"},
    {RecordType::kIxfr, "IXFR"}, {RecordType::kAxfr, "AXFR"},     {RecordType::kAny, "ANY"},
    {RecordType::kCaa, "CAA"},
});
constexpr auto kClassNames = std::to_array<std::pair<RecordClass, std::string_view>>({
    {RecordClass::kIn, "IN"},
    {RecordClass::kChaos, "CH"},
    {RecordClass::kNone, "NONE"},
    {RecordClass::kAny, "ANY"},
});
constexpr auto kCodeNames = std::to_array<std::pair<ResponseCode, std::string_view>>({
    {ResponseCode::kNoError, "NOERROR"},
    {ResponseCode::kFormErr, "FORMERR"},
    {ResponseCode::kServFail, "SERVFAIL"},
    {ResponseCode::kNxDomain, "NXDOMAIN"},
    {ResponseCode::kNotImp, "NOTIMP"},
    {ResponseCode::kRefused, "REFUSED"},
    {ResponseCode::kBadVers, "BADVERS"},
});

template <class Value>
std::string name_in(Names<Value> names, Value value, std::string_view prefix) {
    for (const auto& [known, name] : names)
        if (known == value) return std::string{name};
    return std::string{prefix} + std::to_string(static_cast<std::uint16_t>(value));
}

std::string upper(std::string_view text) {
    std::string result{text};
    for (char& c : result)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return result;
}

}  // namespace

std::string name_of(RecordType type) {
    return name_in<RecordType>(kTypeNames, type, "TYPE");
}

std::string name_of(RecordClass klass) {
    return name_in<RecordClass>(kClassNames, klass, "CLASS");
}

std::string name_of(ResponseCode code) {
    return name_in<ResponseCode>(kCodeNames, code, "RCODE");
}

std::optional<RecordType> parse_record_type(std::string_view text) {
    const std::string name = upper(text);
    for (const auto& [type, known] : kTypeNames)
        if (known == name) return type;
    constexpr std::string_view kPrefix = "TYPE";
    if (!name.starts_with(kPrefix)) return std::nullopt;
    std::uint16_t number = 0;
    const char* const end = name.data() + name.size();
    const auto [parsed_to, error] = std::from_chars(name.data() + kPrefix.size(), end, number);
    if (error != std::errc{} || parsed_to != end) return std::nullopt;
    return RecordType{number};
}

}  // namespace fairlead::dns
