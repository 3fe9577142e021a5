#include "dns/hosts_file.h"

#include <fmt/format.h>

#include "dns/config_words.h"

namespace fairlead::dns {

base::Result<std::optional<HostEntry>> parse_hosts_line(std::string_view line) {
    const auto words = words_of(line.substr(0, line.find('#')));
    if (words.empty()) return std::nullopt;
    const auto address = base::IpAddress::parse(words[0].substr(0, words[0].find('%')));
    if (!address)
        return base::fail(base::ErrorCode::kInvalid, fmt::format("'{}' is not an address", words[0]));
    if (words.size() == 1)
        return base::fail(base::ErrorCode::kInvalid, fmt::format("no name for {}", words[0]));
    HostEntry entry{*address, {}};
    for (std::size_t i = 1; i < words.size(); ++i) {
        const auto name = Name::parse(words[i]);
        if (!name) return base::fail_within(fmt::format("name '{}'", words[i]), name.error());
        entry.names.push_back(*name);
    }
    return entry;
}

HostsFile parse_hosts_file(std::string_view text) {
    HostsFile file;
    unsigned number = 0;
    for_each_line(text, [&](std::string_view line) {
        ++number;
        auto entry = parse_hosts_line(line);
        if (!entry)
            file.problems.push_back({number, entry.error().message});
        else if (*entry)
            file.entries.push_back(**std::move(entry));
    });
    return file;
}

}  // namespace fairlead::dns
