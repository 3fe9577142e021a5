#include "kube/yaml_split.h"

#include <algorithm>
#include <utility>

namespace fairlead::kube {

namespace {

/// Whether the line is "---" or "...", with anything behind a blank.
bool is_mark(std::string_view line, std::string_view mark) {
    return line.starts_with(mark) &&
           (line.size() == mark.size() || std::string_view(" \t\r\n").contains(line[mark.size()]));
}

class DocumentSplitter {
  public:
    explicit DocumentSplitter(std::string_view text) : text_(text) {}

    std::vector<YamlPart> split() {
        for (std::size_t at = 0; at < text_.size(); ++line_number_) {
            const auto end = std::min(text_.find('\n', at), text_.size() - 1) + 1;
            const auto line = text_.substr(at, end - at);
            if (is_mark(line, "---") && !only_directives_) cut(at, line_number_);
            only_directives_ = line.starts_with('%') || (only_directives_ && line.starts_with('#'));
            if (is_mark(line, "...")) cut(end, line_number_ + 1);
            at = end;
        }
        cut(text_.size(), line_number_);
        return std::move(parts_);
    }

  private:
    void cut(std::size_t at, unsigned lines_before) {
        parts_.push_back({text_.substr(start_, at - start_), lines_before_});
        start_ = at;
        lines_before_ = lines_before;
    }

    std::string_view text_;
    std::vector<YamlPart> parts_;
    std::size_t start_ = 0;
    unsigned line_number_ = 0;
    unsigned lines_before_ = 0;
    bool only_directives_ = false;  // the lines before are directives, and comments on them
};

}  // namespace

std::vector<YamlPart> split_yaml(std::string_view text) {
    return DocumentSplitter{text}.split();
}

}  // namespace fairlead::kube
