#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kube/objects.h"

namespace fairlead::kube {

using AnyObject = std::variant<Service, EndpointSlice, Node, Namespace, ServiceCidr, Pod, ConfigMap>;

/// An object that cannot be used: where in it, and why.
struct DecodeError {
    std::string object;  ///< "Service shop/cart", as far as it could be read
    std::string field;   ///< "spec.ports[2].protocol"; empty if it is about the whole object
    std::string reason;

    /// "Service shop/cart: spec.ports[2].protocol: 'ICMP' is not ..."
    [[nodiscard]] std::string to_string() const;
    friend bool operator==(const DecodeError&, const DecodeError&) = default;
};

/// The reason of a kind that fairlead has no use for ends with this.
inline constexpr std::string_view kUnknownKind = "is no kind that fairlead uses";

template <class Object>
using Decoded = std::expected<Object, DecodeError>;

/// metav1.Status: why the API server refuses, or ends a watch.
struct ApiStatus {
    unsigned code = 0;
    std::string reason;  ///< "Expired"
    std::string message;
    unsigned retry_after_s = 0;  ///< details.retryAfterSeconds

    friend bool operator==(const ApiStatus&, const ApiStatus&) = default;
};

/// metav1.WatchEvent.
struct WatchEvent {
    enum class Type : std::uint8_t { kAdded, kModified, kDeleted, kBookmark, kError };
    Type type = Type::kBookmark;
    std::string resource_version;      ///< of the object or bookmark
    bool initial_events_end = false;   ///< bookmark annotation k8s.io/initial-events-end
    ObjectKey key;                     ///< of the object
    Decoded<AnyObject> object;         ///< for kAdded, kModified
    std::vector<DecodeError> skipped;  ///< what `object` is used without
    ApiStatus status;                  ///< for kError

    friend bool operator==(const WatchEvent&, const WatchEvent&) = default;
};

/// One page of a list.
struct ListPage {
    std::string resource_version;
    std::string continue_token;
    std::vector<ObjectKey> keys;
    std::vector<Decoded<AnyObject>> items;  ///< as long as `keys`
    /// What items are used without, by their index.
    std::map<std::size_t, std::vector<DecodeError>> skipped;

    friend bool operator==(const ListPage&, const ListPage&) = default;
};

/// How the API server writes its answers.
enum class Encoding : std::uint8_t {
    kJson,     ///< application/json; a watch is one object a line
    kProtobuf  ///< application/vnd.kubernetes.protobuf; a watch is frames with a length before each
};

/// The Accept header for all requests: protobuf is half to a quarter of the bytes, costs us no more to read
/// and the API server far less to write (tests/bench/kube). A server that has none of it answers JSON.
inline constexpr std::string_view kAcceptedTypes =
    "application/vnd.kubernetes.protobuf, application/json;q=0.9";

/// What a Content-Type header says; anything that is not protobuf is read as JSON.
Encoding encoding_of(std::string_view content_type);

}  // namespace fairlead::kube
