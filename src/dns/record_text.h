#pragma once

#include <string>

#include "dns/record.h"

namespace fairlead::dns {

/// What a record says, as master files have it (RFC 1035, section 5): "10.0.0.1", "0 100 80 web.example.".
/// Types without a form here, and rdata that does not fit its type, as RFC 3597, section 5, has it:
/// "\# 3 0a0b0c".
std::string rdata_text(const Record& record);

}  // namespace fairlead::dns
