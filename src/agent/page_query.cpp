#include "agent/page_query.h"

#include <algorithm>

namespace fairlead::agent {

base::Result<std::map<std::string, std::string, std::less<>>> parse_page_query(
    std::string_view query, std::span<const std::string_view> known) {
    std::map<std::string, std::string, std::less<>> parameters;
    while (!query.empty()) {
        const auto part = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), part.size() + 1));
        const auto equals = std::min(part.find('='), part.size());
        const auto name = part.substr(0, equals);
        const auto value = part.substr(std::min(part.size(), equals + 1));
        const bool good = !value.empty() && std::ranges::find(known, name) != known.end();
        if (good && parameters.try_emplace(std::string(name), value).second) continue;
        std::string names;
        for (const auto one : known)
            names += (names.empty() ? "" : ", ") + std::string(one);
        return base::fail(base::ErrorCode::kInvalid, "'" + std::string(part) + "' is none of " + names +
                                                         " with a value, or is there twice");
    }
    return parameters;
}

}  // namespace fairlead::agent
