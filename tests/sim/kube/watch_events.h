#pragma once

#include <string>
#include <string_view>

namespace fairlead::kube {

/// One line of a watch: WatchEvent of meta/v1.
inline std::string watch_event(std::string_view type, std::string_view object) {
    return R"({"type":")" + std::string(type) + R"(","object":)" + std::string(object) + "}\n";
}

/// A bookmark at a resourceVersion; the one at the end of a streaming list says so (KEP-3157).
inline std::string watch_bookmark(std::string_view kind, int version, bool ends_list) {
    const std::string end = ends_list ? R"(,"annotations":{"k8s.io/initial-events-end":"true"})" : "";
    return watch_event("BOOKMARK", R"({"kind":")" + std::string(kind) +
                                       R"(","metadata":{"resourceVersion":")" + std::to_string(version) +
                                       R"(")" + end + "}}");
}

}  // namespace fairlead::kube
