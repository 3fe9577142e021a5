#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::kube {

/// Names by index, in little memory: of each only what differs from the first one is kept, for Pods of one
/// Deployment begin alike, and there are hundreds of thousands of them. They are read all at once.
class PackedNames {
  public:
    /// Indices grow from call to call: one that is not above those before is passed over. Those left out have
    /// empty names. A NUL ends a name.
    void set(std::size_t index, std::string_view name);
    /// The names from index 0 on; those behind the last one that was set are left out.
    [[nodiscard]] std::vector<std::string> all() const;
    void shrink_to_fit() { bytes_.shrink_to_fit(); }

    friend bool operator==(const PackedNames&, const PackedNames&) = default;

  private:
    void append(std::string_view name);

    std::string bytes_;  // of each: how many bytes it has from the first, the others, NUL
    std::size_t count_ = 0;
};

}  // namespace fairlead::kube
