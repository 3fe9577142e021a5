#include "kube/field_reader.h"

namespace fairlead::kube {

void FieldReader::refuse(Field field, std::string reason) {
    if (failed_) return;
    failed_ = true;
    reason_ = std::move(reason);
    const auto add = [this](std::string_view name) {
        if (!field_.empty()) field_ += '.';
        field_ += name;
    };
    for (std::size_t i = 0; i < depth_; ++i) {
        add(path_[i].name);
        if (path_[i].index != kNoIndex) field_ += "[" + std::to_string(path_[i].index) + "]";
    }
    if (!field.name.empty()) add(field.name);
}

}  // namespace fairlead::kube
