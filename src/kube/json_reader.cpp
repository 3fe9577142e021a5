#include "kube/json_reader.h"

namespace fairlead::kube {

std::optional<JsonReader::Element> JsonReader::element(Object object, Field field) {
    if (failed()) return std::nullopt;
    Element found;
    if (object.at_key(field.name).get(found) || found.is_null()) return std::nullopt;
    return found;
}

std::string_view JsonReader::text_of(Element element) {
    std::string_view text;
    if (element.get(text)) refuse("wants text");
    return text;
}

std::string_view JsonReader::text(Object object, Field field) {
    const auto found = element(object, field);
    std::string_view text;
    if (found && found->get(text)) refuse(field, "wants text");
    return text;
}

std::optional<bool> JsonReader::boolean(Object object, Field field) {
    const auto found = element(object, field);
    bool value = false;
    if (!found) return std::nullopt;
    if (found->get(value)) refuse(field, "wants true or false");
    return value;
}

std::optional<std::uint64_t> JsonReader::number(Object object, Field field, std::uint64_t largest) {
    const auto found = element(object, field);
    std::uint64_t value = 0;
    if (!found) return std::nullopt;
    if (found->get(value) || value > largest)
        refuse(field, "wants a number from 0 to " + std::to_string(largest));
    return value;
}

std::variant<std::uint16_t, std::string_view> JsonReader::port_or_name(Object object, Field field) {
    const auto found = element(object, field);
    std::string_view name;
    if (found && found->get(name) == simdjson::SUCCESS) return name;
    return port(object, field);
}

std::size_t JsonReader::count(Object object, Field field) {
    const auto found = element(object, field);
    simdjson::dom::array items;
    return found && found->get(items) == simdjson::SUCCESS ? items.size() : 0;
}

std::string_view JsonReader::label(Object parent, Field field, std::string_view key) {
    std::string_view value;
    object(parent, field, [&](Object labels) { value = text(labels, key); });
    return value;
}

}  // namespace fairlead::kube
