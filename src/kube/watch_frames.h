#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "kube/api_messages.h"

namespace fairlead::kube {

/// Cuts the body of a watch into its frames, however the bytes come in. JSON: one object a line.
/// Protobuf: four bytes of big-endian length before each (k8s.io/apimachinery/pkg/util/framer).
class WatchFrames {
  public:
    /// A frame holds one object, and etcd takes none above 1.5 MiB: what claims to be larger than this is no
    /// watch.
    static constexpr std::size_t kLargestFrameBytes = std::size_t{16} << 20U;

    /// A new body begins.
    void reset(Encoding encoding) {
        encoding_ = encoding;
        partial_.clear();
    }
    /// Calls `visit(frame)` for each frame that is complete by now; a `visit` that returns false ends it, and
    /// the rest is dropped. Fails where a frame is too large; what follows cannot be read then.
    base::Result<void> receive(std::string_view bytes, const std::function<bool(std::string_view)>& visit);

  private:
    Encoding encoding_ = Encoding::kJson;
    std::string partial_;  // the beginning of a frame
};

}  // namespace fairlead::kube
