#pragma once

// For .cpp files of kube/ only.

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kube/field_reader.h"
#include "kube/lenient_address.h"
#include "kube/objects.h"

// What the objects have in common, read alike from JSON and protobuf: `Reader` is JsonReader or
// ProtobufReader. Each field is given as {name in JSON, number in protobuf}.

namespace fairlead::kube {

inline constexpr Field kMetadata{"metadata", 1};
inline constexpr Field kLabels{"labels", 11};
inline constexpr Field kAnnotations{"annotations", 12};

template <class Reader>
ObjectKey read_key(Reader& reader, typename Reader::Object object) {
    ObjectKey key;
    reader.object(object, kMetadata, [&](typename Reader::Object metadata) {
        key = {std::string(reader.text(metadata, {"namespace", 3})),
               std::string(reader.text(metadata, {"name", 1}))};
    });
    if (key.name.empty()) reader.refuse("metadata.name", "is missing");
    return key;
}

/// Adds `parsed`, or passes over `field` with its message.
template <class Value>
void add_or_skip(FieldReader& reader, Field field, const base::Result<Value>& parsed,
                 std::vector<Value>& values) {
    if (parsed)
        values.push_back(*parsed);
    else
        reader.skip(field, parsed.error().message);
}

/// One of several names; the default where the field is absent, or has a name that is newer than we are.
template <class Reader, class Value>
Value read_choice(Reader& reader, typename Reader::Object object, Field field, Value otherwise,
                  std::initializer_list<std::pair<std::string_view, Value>> choices) {
    const auto text = reader.text(object, field);
    if (text.empty()) return otherwise;
    for (const auto& [name, value] : choices)
        if (text == name) return value;
    reader.skip(field, "'" + std::string(text) + "' is not known here");
    return otherwise;
}

template <class Reader>
base::L4Protocol read_protocol(Reader& reader, typename Reader::Object object, Field field) {
    const auto text = reader.text(object, field);
    if (text.empty()) return base::L4Protocol::kTcp;
    const auto protocol = base::parse_l4_protocol(text);
    if (!protocol) reader.refuse(field, protocol.error().message);
    return protocol.value_or(base::L4Protocol::kTcp);
}

template <class Reader>
Labels read_labels(Reader& reader, typename Reader::Object parent, Field field) {
    Labels labels;
    reader.each_label(parent, field,
                      [&](std::string_view name, std::string_view value) { labels.emplace(name, value); });
    return labels;
}

/// The annotations that are meant for fairlead.
template <class Reader>
Labels read_own_annotations(Reader& reader, typename Reader::Object metadata) {
    Labels annotations;
    reader.each_label(metadata, kAnnotations, [&](std::string_view name, std::string_view value) {
        if (name.starts_with(kOwnAnnotations)) annotations.emplace(name, value);
    });
    return annotations;
}

/// A list of texts that `parse` makes values of; those that are none are passed over.
template <class Reader, class Value>
void read_list(Reader& reader, typename Reader::Object object, Field field,
               base::Result<Value> (*parse)(std::string_view), std::vector<Value>& values) {
    reader.each_text(object, field,
                     [&](std::string_view text) { add_or_skip(reader, "", parse(text), values); });
}

}  // namespace fairlead::kube
