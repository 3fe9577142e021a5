#pragma once

#include <string_view>

#include "base/address.h"

namespace fairlead::test {

/// An address that the test knows to be one.
inline base::IpAddress address(std::string_view text) {
    return base::IpAddress::parse(text).value();
}

}  // namespace fairlead::test
