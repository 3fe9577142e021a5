#pragma once

// For .cpp files of kube/ only.

#include <simdjson.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <variant>

#include "kube/field_reader.h"

namespace fairlead::kube {

/// Reads fields out of a JSON object by their names.
class JsonReader : public FieldReader {
  public:
    using Element = simdjson::dom::element;
    using Object = simdjson::dom::object;

    /// Text; empty where it is absent or null.
    std::string_view text(Object object, Field field);
    std::string_view text_of(Element element);
    /// nullopt where it is absent or null.
    std::optional<bool> boolean(Object object, Field field);
    std::optional<std::uint64_t> number(Object object, Field field, std::uint64_t largest);
    /// A port; 0 where it is absent.
    std::uint16_t port(Object object, Field field) {
        return static_cast<std::uint16_t>(
            number(object, field, std::numeric_limits<std::uint16_t>::max()).value_or(0));
    }
    /// An IntOrString; port 0 where it is absent.
    std::variant<std::uint16_t, std::string_view> port_or_name(Object object, Field field);
    /// A time that is set.
    bool has_time(Object object, Field field) { return !text(object, field).empty(); }
    /// The element as it is; nullopt where it is absent or null.
    std::optional<Element> element(Object object, Field field);
    /// Length of a list; 0 where it is absent.
    std::size_t count(Object object, Field field);
    /// Whether a list has anything in it.
    bool has_any(Object object, Field field) { return count(object, field) > 0; }
    /// The value of a label or annotation; empty where it is absent.
    std::string_view label(Object parent, Field field, std::string_view key);

    /// Calls `visit(Object)` for the object under `field`, if there is one.
    template <class Visit>
    void object(Object parent, Field field, Visit visit);
    /// Calls `visit(Object)` for each object of the array under `field`.
    template <class Visit>
    void each_object(Object parent, Field field, Visit visit);
    /// Calls `visit(std::string_view)` for each text of the array under `field`.
    template <class Visit>
    void each_text(Object parent, Field field, Visit visit);
    /// Calls `visit(key, value)` for each text of the object under `field`.
    template <class Visit>
    void each_label(Object parent, Field field, Visit visit);

  private:
    template <class Visit>
    void each(Object parent, Field field, Visit visit);
};

template <class Visit>
void JsonReader::object(Object parent, Field field, Visit visit) {
    const auto child = element(parent, field);
    if (!child) return;
    Object found;
    if (child->get(found)) return refuse(field, "wants an object");
    const Step step{*this, field.name};
    visit(found);
}

template <class Visit>
void JsonReader::each(Object parent, Field field, Visit visit) {
    const auto child = element(parent, field);
    if (!child) return;
    simdjson::dom::array items;
    if (child->get(items)) return refuse(field, "wants a list");
    std::size_t index = 0;
    for (const Element item : items) {
        const Step step{*this, field.name, index++};
        visit(item);
        if (failed()) return;
    }
}

template <class Visit>
void JsonReader::each_object(Object parent, Field field, Visit visit) {
    each(parent, field, [&](Element item) {
        Object found;
        if (item.get(found)) return refuse("wants an object");
        visit(found);
    });
}

template <class Visit>
void JsonReader::each_text(Object parent, Field field, Visit visit) {
    each(parent, field, [&](Element item) { visit(text_of(item)); });
}

template <class Visit>
void JsonReader::each_label(Object parent, Field field, Visit visit) {
    object(parent, field, [&](Object labels) {
        for (const auto label : labels) {
            const Step step{*this, label.key};
            visit(label.key, text_of(label.value));
        }
    });
}

}  // namespace fairlead::kube
