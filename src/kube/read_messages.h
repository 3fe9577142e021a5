#pragma once

// For .cpp files of kube/ only.

#include <algorithm>
#include <optional>

#include "kube/api_messages.h"
#include "kube/read_other_kinds.h"
#include "kube/read_service.h"
#include "kube/read_slice.h"

namespace fairlead::kube {

/// What is passed over in the object goes to `skipped`; where that is nullptr, it makes the object unusable.
template <class Kind, class Reader>
Decoded<AnyObject> decode_as(typename Reader::Object object, std::string_view kind,
                             std::vector<DecodeError>* skipped) {
    Reader reader;
    Kind decoded;
    read(reader, object, decoded);
    const auto error = [&](const FieldReader::Wrong& wrong) {
        const auto name = decoded.key.to_string();
        return DecodeError{std::string(kind) + (name.empty() ? "" : " " + name), wrong.field, wrong.reason};
    };
    if (reader.failed()) return std::unexpected(error({reader.field(), reader.reason()}));
    for (const auto& wrong : reader.skipped()) {
        if (skipped == nullptr) return std::unexpected(error(wrong));
        skipped->push_back(error(wrong));
    }
    return AnyObject{std::move(decoded)};
}

/// An object whose kind is known, and its apiVersion; nullopt: it is an item of a list of that kind.
template <class Reader>
Decoded<AnyObject> decode_kind(typename Reader::Object object, std::optional<std::string_view> api_version,
                               std::string_view kind, std::vector<DecodeError>* skipped) {
    struct KindDecoder {
        std::string_view api_version;
        std::string_view kind;
        Decoded<AnyObject> (*decode)(typename Reader::Object, std::string_view, std::vector<DecodeError>*);
    };
    static constexpr KindDecoder kKinds[] = {
        {"v1", "Service", decode_as<Service, Reader>},
        {"discovery.k8s.io/v1", "EndpointSlice", decode_as<EndpointSlice, Reader>},
        {"v1", "Node", decode_as<Node, Reader>},
        {"v1", "Namespace", decode_as<Namespace, Reader>},
        {"networking.k8s.io/v1", "ServiceCIDR", decode_as<ServiceCidr, Reader>},
        {"v1", "Pod", decode_as<Pod, Reader>},
        {"v1", "ConfigMap", decode_as<ConfigMap, Reader>},
    };
    for (const auto& known : kKinds) {
        if (known.kind != kind) continue;
        if (api_version.value_or(known.api_version) == known.api_version)
            return known.decode(object, known.kind, skipped);
        if (api_version->empty())
            return std::unexpected(DecodeError{std::string(kind), "apiVersion", "is missing"});
    }
    if (kind.empty()) return std::unexpected(DecodeError{"object", "kind", "is missing"});
    return std::unexpected(DecodeError{
        std::string(kind), "kind",
        std::string(api_version.value_or("")) + " " + std::string(kind) + " " + std::string(kUnknownKind)});
}

template <class Reader>
ObjectKey key_of(typename Reader::Object object) {
    Reader reader;
    return read_key(reader, object);
}

template <class Reader>
ApiStatus read_status(typename Reader::Object object) {
    constexpr std::uint64_t kLargestCode = 999;
    constexpr std::uint64_t kLargestRetryAfterS = 86'400;
    Reader reader;
    ApiStatus status;
    status.code = static_cast<unsigned>(reader.number(object, {"code", 6}, kLargestCode).value_or(0));
    status.reason = reader.text(object, {"reason", 4});
    status.message = reader.text(object, {"message", 3});
    reader.object(object, {"details", 5}, [&](typename Reader::Object details) {
        status.retry_after_s = static_cast<unsigned>(
            reader.number(details, {"retryAfterSeconds", 5}, kLargestRetryAfterS).value_or(0));
    });
    return status;
}

/// What of an event is in the metadata of its object.
template <class Reader>
void read_event_metadata(typename Reader::Object object, WatchEvent& event) {
    Reader reader;
    reader.object(object, kMetadata, [&](typename Reader::Object metadata) {
        event.resource_version = reader.text(metadata, {"resourceVersion", 6});
        if (event.type == WatchEvent::Type::kBookmark)
            event.initial_events_end =
                reader.label(metadata, kAnnotations, "k8s.io/initial-events-end") == "true";
    });
}

/// The event of `type` ("ADDED") about `object`; nullopt if there is no such type.
template <class Reader>
std::optional<WatchEvent> read_event(std::string_view type, typename Reader::Object object,
                                     std::string_view api_version, std::string_view kind) {
    using enum WatchEvent::Type;
    constexpr std::pair<std::string_view, WatchEvent::Type> kTypes[] = {{"ADDED", kAdded},
                                                                        {"MODIFIED", kModified},
                                                                        {"DELETED", kDeleted},
                                                                        {"BOOKMARK", kBookmark},
                                                                        {"ERROR", kError}};
    const auto* const known =
        std::ranges::find(kTypes, type, &std::pair<std::string_view, WatchEvent::Type>::first);
    if (known == std::end(kTypes)) return std::nullopt;
    WatchEvent event{known->second, {}, false, {}, std::unexpected(DecodeError{}), {}, {}};
    if (event.type == kError) {
        event.status = read_status<Reader>(object);
        return event;
    }
    read_event_metadata<Reader>(object, event);
    if (event.type == kBookmark) return event;
    event.key = key_of<Reader>(object);
    if (event.type != kDeleted) event.object = decode_kind<Reader>(object, api_version, kind, &event.skipped);
    return event;
}

/// Reads metav1.ListMeta.
template <class Reader>
void read_list_metadata(Reader& reader, typename Reader::Object list, ListPage& page) {
    reader.object(list, kMetadata, [&](typename Reader::Object metadata) {
        page.resource_version = reader.text(metadata, {"resourceVersion", 2});
        page.continue_token = reader.text(metadata, {"continue", 3});
    });
}

}  // namespace fairlead::kube
