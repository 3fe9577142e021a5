#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "kube/objects.h"

namespace fairlead::kube {

using AnyObject = std::variant<Service, EndpointSlice, Node, Namespace, Pod>;

/// An object that cannot be used: where in it, and why.
struct DecodeError {
    std::string object;  ///< "Service shop/cart", as far as it could be read
    std::string field;   ///< "spec.ports[2].protocol"; empty if it is about the whole object
    std::string reason;

    /// "Service shop/cart: spec.ports[2].protocol: 'ICMP' is not ..."
    [[nodiscard]] std::string to_string() const;
};

template <class Object>
using Decoded = std::expected<Object, DecodeError>;

/// metav1.WatchEvent.
struct WatchEvent {
    enum class Type : std::uint8_t { kAdded, kModified, kDeleted, kBookmark, kError };
    Type type = Type::kBookmark;
    std::string resource_version;     ///< of the object or bookmark
    bool initial_events_end = false;  ///< bookmark annotation k8s.io/initial-events-end
    ObjectKey key;                    ///< of the object
    Decoded<AnyObject> object;        ///< for kAdded, kModified
    unsigned status_code = 0;         ///< metav1.Status.code of kError
    std::string message;              ///< metav1.Status.message of kError
};

/// One page of a list.
struct ListPage {
    std::string resource_version;
    std::string continue_token;
    std::vector<ObjectKey> keys;
    std::vector<Decoded<AnyObject>> items;  ///< as long as `keys`
};

/// Reads API objects from JSON, keeping only the fields that fairlead uses (kube/objects.h).
/// Keeps its buffers from call to call: one per thread.
class JsonDecoder {
  public:
    JsonDecoder();
    ~JsonDecoder();
    JsonDecoder(const JsonDecoder&) = delete;
    JsonDecoder& operator=(const JsonDecoder&) = delete;

    /// One object with apiVersion and kind. kinds that fairlead does not know: field "kind".
    Decoded<AnyObject> decode_object(std::string_view json);
    /// One line of a watch. Fails if it is no JSON or no WatchEvent; an object in it that cannot be used is
    /// in `object`.
    base::Result<WatchEvent> decode_watch_event(std::string_view json);
    /// A list of `kind` (of the items, e.g. "Service").
    base::Result<ListPage> decode_list(std::string_view json, std::string_view kind);

    /// The items of a kind List (or ServiceList, ...) as JSON each; nullopt if the object is no list.
    std::optional<std::vector<std::string>> split_list(std::string_view json);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// The error of a kind that fairlead has no use for: it has this reason.
inline constexpr std::string_view kUnknownKind = "is no kind that fairlead uses";

}  // namespace fairlead::kube
