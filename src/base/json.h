#pragma once

#include <string>
#include <string_view>

namespace fairlead::base {

/// `text` as a JSON string with its quotes (RFC 8259 section 7); bytes that are not UTF-8 become U+FFFD. All
/// control characters are escaped, also DEL and U+0080 to U+009F, which terminals obey too (ECMA-48).
std::string json_quote(std::string_view text);

}  // namespace fairlead::base
