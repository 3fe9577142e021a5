#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kube/api_messages.h"

namespace fairlead::kube {

/// Reads API objects from JSON, keeping only the fields that fairlead uses (kube/objects.h).
/// Keeps its buffers from call to call: one per thread.
class JsonDecoder {
  public:
    JsonDecoder();
    ~JsonDecoder();
    JsonDecoder(const JsonDecoder&) = delete;
    JsonDecoder& operator=(const JsonDecoder&) = delete;

    /// One object with apiVersion and kind, or of `kind` where it has none (an item of a list). Kinds that
    /// fairlead does not know: field "kind". Everything in it must be usable; what comes from an API server
    /// in watches and lists need not be.
    Decoded<AnyObject> decode_object(std::string_view json, std::string_view kind = "");
    /// One line of a watch. Fails if it is no JSON or no WatchEvent; an object in it that cannot be used is
    /// in `object`.
    base::Result<WatchEvent> decode_watch_event(std::string_view json);
    /// A list of `kind` (of the items, e.g. "Service").
    base::Result<ListPage> decode_list(std::string_view json, std::string_view kind);
    /// A metav1.Status. Fails if it is no JSON object; fields that are not there are empty.
    base::Result<ApiStatus> decode_status(std::string_view json);

    /// The items of a kind List (or ServiceList, ...).
    struct ListItems {
        std::string kind;                ///< of items that do not say: "Service" in a ServiceList
        std::vector<std::string> items;  ///< as JSON, whatever they are
    };
    /// nullopt if the object is no list; fails if its items are none.
    Decoded<std::optional<ListItems>> split_list(std::string_view json);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace fairlead::kube
