#include "support/command.h"

#include <array>
#include <cstdio>

namespace fairlead::test {

std::string output_of(const std::string& command) {
    std::FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) return {};
    std::string output;
    std::array<char, 4096> chunk{};
    for (std::size_t size = 0; (size = std::fread(chunk.data(), 1, chunk.size(), pipe)) > 0;)
        output.append(chunk.data(), size);
    if (const int status = pclose(pipe); status != 0)
        std::fprintf(stderr, "status %d of: %s\n", status, command.c_str());
    return output;
}

}  // namespace fairlead::test
