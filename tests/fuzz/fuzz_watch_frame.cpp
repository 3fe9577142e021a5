#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "kube/watch_frames.h"

namespace {

using fairlead::kube::Encoding;

/// The frames of `bytes` that come in by `step` at a time; one more if they were refused.
std::vector<std::string> frames_of(Encoding encoding, std::string_view bytes, std::size_t step) {
    std::vector<std::string> seen;
    fairlead::kube::WatchFrames frames;
    frames.reset(encoding);
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        const auto received = frames.receive(bytes.substr(at, step), [&](std::string_view frame) {
            seen.emplace_back(frame);
            return true;
        });
        if (received) continue;
        seen.emplace_back("refused");
        break;
    }
    return seen;
}

}  // namespace

/// The first byte says how the rest is cut: whatever that is, the frames must be the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes{reinterpret_cast<const char*>(data + 1), size - 1};
    const std::size_t step = 1 + data[0] % 64;
    for (const auto encoding : {Encoding::kJson, Encoding::kProtobuf})
        if (frames_of(encoding, bytes, step) !=
            frames_of(encoding, bytes, std::max<std::size_t>(bytes.size(), 1)))
            std::abort();
    return 0;
}
