#pragma once

#include <string>
#include <string_view>

namespace fairlead::kube {

/// Path and query of a request (RFC 9110 section 7.1): parameters are percent-encoded as they are added.
class RequestTarget {
  public:
    explicit RequestTarget(std::string_view path) : text_(path) {}

    void add(std::string_view name, std::string_view value);
    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    std::string text_;
    bool has_query_ = false;
};

}  // namespace fairlead::kube
