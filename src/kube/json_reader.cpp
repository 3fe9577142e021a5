#include "kube/json_reader.h"

namespace fairlead::kube {

void JsonReader::refuse(std::string_view key, std::string reason) {
    if (failed_) return;
    failed_ = true;
    field_ = path_ + (key.empty() ? "" : part(key));
    reason_ = std::move(reason);
}

std::optional<JsonReader::Element> JsonReader::element(Object object, std::string_view key) {
    if (failed_) return std::nullopt;
    Element found;
    if (object.at_key(key).get(found) || found.is_null()) return std::nullopt;
    return found;
}

std::string_view JsonReader::text_of(Element element) {
    std::string_view text;
    if (element.get(text)) refuse("wants text");
    return text;
}

std::string_view JsonReader::text(Object object, std::string_view key) {
    const auto found = element(object, key);
    std::string_view text;
    if (found && found->get(text)) refuse(key, "wants text");
    return text;
}

std::optional<bool> JsonReader::boolean(Object object, std::string_view key) {
    const auto found = element(object, key);
    bool value = false;
    if (!found) return std::nullopt;
    if (found->get(value)) refuse(key, "wants true or false");
    return value;
}

std::optional<std::uint64_t> JsonReader::number(Object object, std::string_view key, std::uint64_t largest) {
    const auto found = element(object, key);
    std::uint64_t value = 0;
    if (!found) return std::nullopt;
    if (found->get(value) || value > largest)
        refuse(key, "wants a number from 0 to " + std::to_string(largest));
    return value;
}

}  // namespace fairlead::kube
