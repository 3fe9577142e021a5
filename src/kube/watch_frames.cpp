#include "kube/watch_frames.h"

#include <optional>
#include <utility>

namespace fairlead::kube {

namespace {

constexpr std::size_t kLengthBytes = 4;

std::size_t read_length(std::string_view bytes) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < kLengthBytes; ++i)
        length = (length << 8U) | static_cast<unsigned char>(bytes[i]);
    return length;
}

/// The first frame of `rest`, taken off it; nullopt if it is not complete.
std::optional<std::string_view> take_frame(Encoding encoding, std::string_view& rest) {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t next = 0;
    if (encoding == Encoding::kJson) {
        end = rest.find('\n');
        if (end == std::string_view::npos) return std::nullopt;
        next = end + 1;
    } else {
        if (rest.size() < kLengthBytes) return std::nullopt;
        begin = kLengthBytes;
        end = next = begin + read_length(rest);
        if (rest.size() < end) return std::nullopt;
    }
    const auto frame = rest.substr(begin, end - begin);
    rest.remove_prefix(next);
    return frame;
}

/// What a frame that is not complete will have at least.
std::size_t least_size_bytes(Encoding encoding, std::string_view rest) {
    const bool has_length = encoding == Encoding::kProtobuf && rest.size() >= kLengthBytes;
    return has_length ? read_length(rest) : rest.size();
}

}  // namespace

base::Result<void> WatchFrames::receive(std::string_view bytes,
                                        const std::function<bool(std::string_view)>& visit) {
    std::string joined = std::exchange(partial_, {});
    if (!joined.empty()) joined += bytes;
    std::string_view rest = joined.empty() ? bytes : joined;
    while (const auto frame = take_frame(encoding_, rest))
        if (!visit(*frame)) return {};
    if (least_size_bytes(encoding_, rest) > kLargestFrameBytes)
        return base::fail(base::ErrorCode::kInvalid, "a frame is larger than any object may be");
    if (joined.empty()) {
        partial_ = rest;
    } else {
        joined.erase(0, joined.size() - rest.size());
        partial_ = std::move(joined);
    }
    return {};
}

}  // namespace fairlead::kube
