#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fairlead::bench {

/// A DNS query without its id: everything from the third byte on.
using Question = std::vector<std::uint8_t>;

/// One for each line "NAME TYPE" of a file, as dnsperf has them; TYPE is a mnemonic or a number. Ends the
/// program on a line that is none.
std::vector<Question> read_questions(const std::string& path);

}  // namespace fairlead::bench
