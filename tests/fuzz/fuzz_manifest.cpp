#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kube/manifest_files.h"

/// Any text as a manifest file that replaces a good one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fairlead::kube::ManifestFiles files;
    files.put("f.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80}]}\n");
    files.put("f.yaml", {reinterpret_cast<const char*>(data), size});
    static_cast<void>(files.objects());
    static_cast<void>(files.problems());
    static_cast<void>(files.notices());
    return 0;
}
