#include "dns/reverse_zone.h"

#include <fmt/format.h>

#include <string>

namespace fairlead::dns {

base::Result<Name> reverse_zone(const base::Prefix& network) {
    const bool v4 = network.family() == base::Family::kIpv4;
    const unsigned bits_per_label = v4 ? 8 : 4;
    if (network.length() % bits_per_label != 0)
        return base::fail(base::ErrorCode::kInvalid,
                          fmt::format("'{}' is no reverse zone: the length is not a multiple of {}",
                                      network.to_string(), bits_per_label));
    const auto bytes = network.first().bytes();
    std::string text;
    for (unsigned label = network.length() / bits_per_label; label-- > 0;) {
        const unsigned byte = std::to_integer<unsigned>(bytes[label * bits_per_label / 8]);
        if (v4)
            text += fmt::format("{}.", byte);
        else
            text += fmt::format("{:x}.", label % 2 == 0 ? byte >> 4U : byte & 0xfU);
    }
    return Name::parse(text + (v4 ? "in-addr.arpa" : "ip6.arpa"));
}

base::Result<Name> parse_zone(std::string_view text) {
    if (text.find('/') != std::string_view::npos)
        if (const auto network = base::Prefix::parse(text)) return reverse_zone(*network);
    auto name = Name::parse(text);
    if (!name) return base::fail_within(fmt::format("zone '{}'", text), name.error());
    return name;
}

}  // namespace fairlead::dns
