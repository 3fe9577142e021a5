#pragma once

// For .cpp files of kube/ only.

#include <simdjson.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::kube {

/// Reads fields out of a JSON object. The first field that is wrong is remembered with its path; everything
/// after it reads as absent, so that decoders need not check each line.
class JsonReader {
  public:
    using Element = simdjson::dom::element;
    using Object = simdjson::dom::object;

    /// Remembers that `key` of the current object is wrong.
    void refuse(std::string_view key, std::string reason);
    /// The same about the object or element that is being visited.
    void refuse(std::string reason) { refuse("", std::move(reason)); }

    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] const std::string& field() const { return field_; }
    [[nodiscard]] const std::string& reason() const { return reason_; }

    /// Text; empty where it is absent or null.
    std::string_view text(Object object, std::string_view key);
    std::string_view text_of(Element element);
    /// nullopt where it is absent or null.
    std::optional<bool> boolean(Object object, std::string_view key);
    std::optional<std::uint64_t> number(Object object, std::string_view key, std::uint64_t largest);
    /// A port; 0 where it is absent.
    std::uint16_t port(Object object, std::string_view key) {
        return static_cast<std::uint16_t>(
            number(object, key, std::numeric_limits<std::uint16_t>::max()).value_or(0));
    }
    /// The element as it is; nullopt where it is absent or null.
    std::optional<Element> element(Object object, std::string_view key);

    /// Calls `visit(Object)` for the object under `key`, if there is one.
    template <class Visit>
    void object(Object parent, std::string_view key, Visit visit);
    /// Calls `visit(Object)` for each object of the array under `key`.
    template <class Visit>
    void each_object(Object parent, std::string_view key, Visit visit);
    /// Calls `visit(std::string_view)` for each text of the array under `key`.
    template <class Visit>
    void each_text(Object parent, std::string_view key, Visit visit);
    /// Calls `visit(key, value)` for each text of the object under `key`.
    template <class Visit>
    void each_label(Object parent, std::string_view key, Visit visit);

  private:
    /// A step down, for as long as it lives.
    class Step {
      public:
        Step(std::string& path, const std::string& part) : path_(path), size_(path.size()) { path_ += part; }
        ~Step() { path_.resize(size_); }
        Step(const Step&) = delete;
        Step& operator=(const Step&) = delete;

      private:
        std::string& path_;
        std::size_t size_;
    };
    [[nodiscard]] std::string part(std::string_view key) const {
        return (path_.empty() ? "" : ".") + std::string(key);
    }
    template <class Visit>
    void each(Object parent, std::string_view key, Visit visit);

    std::string path_;
    bool failed_ = false;
    std::string field_;
    std::string reason_;
};

template <class Visit>
void JsonReader::object(Object parent, std::string_view key, Visit visit) {
    const auto child = element(parent, key);
    if (!child) return;
    Object found;
    if (child->get(found)) return refuse(key, "wants an object");
    const Step step{path_, part(key)};
    visit(found);
}

template <class Visit>
void JsonReader::each(Object parent, std::string_view key, Visit visit) {
    const auto child = element(parent, key);
    if (!child) return;
    simdjson::dom::array items;
    if (child->get(items)) return refuse(key, "wants a list");
    std::size_t index = 0;
    for (const Element item : items) {
        const Step step{path_, part(key) + "[" + std::to_string(index++) + "]"};
        visit(item);
        if (failed_) return;
    }
}

template <class Visit>
void JsonReader::each_object(Object parent, std::string_view key, Visit visit) {
    each(parent, key, [&](Element item) {
        Object found;
        if (item.get(found)) return refuse("wants an object");
        visit(found);
    });
}

template <class Visit>
void JsonReader::each_text(Object parent, std::string_view key, Visit visit) {
    each(parent, key, [&](Element item) { visit(text_of(item)); });
}

template <class Visit>
void JsonReader::each_label(Object parent, std::string_view key, Visit visit) {
    object(parent, key, [&](Object labels) {
        for (const auto field : labels) {
            const Step step{path_, part(field.key)};
            visit(field.key, text_of(field.value));
        }
    });
}

}  // namespace fairlead::kube
