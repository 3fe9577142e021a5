#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::admin {

/// A media range of an Accept header with its parameters (RFC 9110 section 12.5.1).
struct AcceptedType {
    std::string type;     ///< "*": any
    std::string subtype;  ///< the same
    double quality = 1;   ///< above 0
    std::map<std::string, std::string, std::less<>> parameters;

    [[nodiscard]] bool covers(std::string_view other_type, std::string_view other_subtype) const {
        return type == "*" || (type == other_type && (subtype == "*" || subtype == other_subtype));
    }
    /// "" if there is no such parameter.
    [[nodiscard]] std::string_view parameter(std::string_view name) const;
};

/// What the client takes, best first: by quality, then what names a type before what takes any, then as it
/// came. What it refuses (q=0) and what cannot be read is left out.
std::vector<AcceptedType> parse_accept(std::string_view header);

}  // namespace fairlead::admin
