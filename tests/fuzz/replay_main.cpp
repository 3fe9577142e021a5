#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void run_cut_at_every_length(const std::string& input) {
    const auto* data = reinterpret_cast<const std::uint8_t*>(input.data());
    for (std::size_t size = 0; size <= input.size(); size += size < 4096 ? 1 : 509)
        LLVMFuzzerTestOneInput(data, size);
    LLVMFuzzerTestOneInput(data, input.size());
}

}  // namespace

/// Runs a fuzz target over the files of a corpus folder, each whole and cut short at many places.
int main(int argc, char** argv) {
    std::size_t files = 0;
    for (int i = 1; i < argc; ++i) {
        for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
            std::ifstream file(entry.path(), std::ios::binary);
            run_cut_at_every_length({std::istreambuf_iterator<char>(file), {}});
            ++files;
        }
    }
    std::printf("replayed %zu inputs\n", files);
    return files > 0 ? 0 : 1;
}
