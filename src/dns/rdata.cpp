#include "dns/rdata.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace fairlead::dns {

namespace {

/// How the rdata of a type is made up, a character for each field:
///   1 2 4  that many bytes
///   6      16 bytes
///   s      a string: a length byte and as many bytes
///   S      such strings to the end, at least one
///   n      a name, which may come compressed
///   u      a name that is never compressed
///   *      any bytes to the end
struct Layout {
    RecordType type;
    std::string_view fields;
    bool in_every_class = false;
    bool compressed =
        false;  ///< names are compressed when sent: only what RFC 1035 defines (RFC 3597, section 4)
};

/// Sorted by type. Names of later types may come compressed where RFC 3597, section 4 wants receivers to take
/// that.
constexpr auto kLayouts = std::to_array<Layout>({
    {RecordType::kA, "4"},
    {RecordType::kNs, "n", true, true},
    {RecordType{3}, "n", true, true},  // MD
    {RecordType{4}, "n", true, true},  // MF
    {RecordType::kCname, "n", true, true},
    {RecordType::kSoa, "nn44444", true, true},
    {RecordType{7}, "n", true, true},  // MB
    {RecordType{8}, "n", true, true},  // MG
    {RecordType{9}, "n", true, true},  // MR
    {RecordType::kPtr, "n", true, true},
    {RecordType::kHinfo, "ss", true},
    {RecordType{14}, "nn", true, true},  // MINFO
    {RecordType::kMx, "2n", true, true},
    {RecordType::kTxt, "S", true},
    {RecordType{17}, "nn", true},  // RP, RFC 1183
    {RecordType{18}, "2n", true},  // AFSDB, RFC 1183
    {RecordType{21}, "2n", true},  // RT, RFC 1183
    {RecordType{26}, "2nn"},       // PX, RFC 2163
    {RecordType::kAaaa, "6"},
    {RecordType::kSrv, "222n"},
    {RecordType::kNaptr, "22sssn"},
    {RecordType{36}, "2n"},  // KX, RFC 2230
    {RecordType::kDname, "n", true},
    {RecordType::kDs, "211*", true},
    {RecordType::kRrsig, "2114442u*", true},
    {RecordType::kNsec, "u*", true},
    {RecordType::kDnskey, "211*", true},
    {RecordType::kSvcb, "2u*"},
    {RecordType::kHttps, "2u*"},
    {RecordType{99}, "S", true},  // SPF, RFC 7208
    {RecordType::kCaa, "1s*", true},
});
static_assert(std::ranges::is_sorted(kLayouts, {}, &Layout::type));

const Layout* layout_of(RecordType type, RecordClass klass) {
    const auto found = std::ranges::lower_bound(kLayouts, type, {}, &Layout::type);
    if (found == kLayouts.end() || found->type != type) return nullptr;
    return found->in_every_class || klass == RecordClass::kIn ? &*found : nullptr;
}

constexpr std::size_t kNoSize = SIZE_MAX;

/// Bytes of a field other than a name, in what is left of the rdata; kNoSize when it is not there.
std::size_t size_of_field(char field, Bytes rest) {
    const auto if_there = [&](std::size_t size) { return size <= rest.size() ? size : kNoSize; };
    const auto string_size = [](Bytes bytes) { return bytes.empty() ? kNoSize : std::size_t{bytes[0]} + 1; };
    switch (field) {
        case '1':
        case '2':
        case '4':
            return if_there(static_cast<std::size_t>(field - '0'));
        case '6':
            return if_there(16);
        case 's':
            return if_there(string_size(rest));
        case 'S': {
            std::size_t size = 0;
            do {
                const std::size_t next = string_size(rest.subspan(size));
                if (next > rest.size() - size) return kNoSize;
                size += next;
            } while (size < rest.size());
            return size;
        }
        default:
            return rest.size();
    }
}

constexpr bool is_name(char field) {
    return field == 'n' || field == 'u';
}

/// Bytes of the uncompressed name that `rdata` begins with; kNoSize when there is none.
std::size_t size_of_whole_name(Bytes rdata) {
    std::size_t at = 0;
    while (at < rdata.size() && rdata[at] != 0) {
        if (rdata[at] > kMaxLabelSize) return kNoSize;
        at += std::size_t{rdata[at]} + 1;
    }
    return at < rdata.size() && at < kMaxNameSize ? at + 1 : kNoSize;
}

}  // namespace

std::optional<std::vector<std::uint8_t>> read_rdata(Bytes message, std::size_t offset, std::size_t size,
                                                    RecordType type, RecordClass klass) {
    const Bytes rdata = message.subspan(offset, size);
    const Layout* const layout = layout_of(type, klass);
    if (layout == nullptr) return std::vector<std::uint8_t>{rdata.begin(), rdata.end()};
    std::vector<std::uint8_t> expanded;
    expanded.reserve(size);
    std::size_t at = 0;
    Name name;
    for (const char field : layout->fields) {
        Bytes taken;
        if (field == 'n') {
            const auto end = Name::read(message.first(offset + size), offset + at, name);
            if (!end) return std::nullopt;
            at = *end - offset;
            taken = name.wire();
        } else {
            const Bytes rest = rdata.subspan(at);
            const std::size_t field_size =
                field == 'u' ? size_of_whole_name(rest) : size_of_field(field, rest);
            if (field_size == kNoSize) return std::nullopt;
            at += field_size;
            taken = rest.first(field_size);
        }
        expanded.insert(expanded.end(), taken.begin(), taken.end());
    }
    if (at != size) return std::nullopt;
    return expanded;
}

std::size_t write_rdata(std::span<std::uint8_t> message, std::size_t offset, RecordType type,
                        RecordClass klass, Bytes rdata, NameCompressor& compressor) {
    const auto copy = [&](Bytes bytes) {
        if (bytes.size() > message.size() - offset) return false;
        std::ranges::copy(bytes, message.begin() + static_cast<std::ptrdiff_t>(offset));
        offset += bytes.size();
        return true;
    };
    const Layout* const layout = layout_of(type, klass);
    for (const char field : layout == nullptr ? std::string_view{} : layout->fields) {
        const std::size_t size = is_name(field) ? size_of_whole_name(rdata) : size_of_field(field, rdata);
        if (size == kNoSize) break;  // not of that form: the rest is copied as it is
        const Bytes taken = rdata.first(size);
        rdata = rdata.subspan(size);
        if (field != 'n') {
            if (!copy(taken)) return 0;
            continue;
        }
        const Name name = *Name::from_wire(taken);
        offset = layout->compressed ? compressor.write(message, offset, name)
                                    : compressor.write_whole(message, offset, name);
        if (offset == 0) return 0;
    }
    return copy(rdata) ? offset : 0;
}

}  // namespace fairlead::dns
