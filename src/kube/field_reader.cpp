#include "kube/field_reader.h"

namespace fairlead::kube {

void FieldReader::refuse(Field field, std::string reason) {
    if (std::exchange(failed_, true)) return;
    wrong_ = {path_to(field), std::move(reason)};
}

void FieldReader::skip(Field field, std::string reason) {
    constexpr std::size_t kMostSkipped = 4;
    if (!failed_ && skipped_.size() < kMostSkipped) skipped_.push_back({path_to(field), std::move(reason)});
}

std::string FieldReader::path_to(Field field) const {
    std::string path;
    const auto add = [&path](std::string_view name) {
        if (!path.empty()) path += '.';
        path += name;
    };
    for (std::size_t i = 0; i < depth_; ++i) {
        add(path_[i].name);
        if (path_[i].index != kNoIndex) path += "[" + std::to_string(path_[i].index) + "]";
    }
    if (!field.name.empty()) add(field.name);
    return path;
}

}  // namespace fairlead::kube
