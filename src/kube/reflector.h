#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "kube/back_off.h"
#include "kube/decode_json.h"
#include "kube/listing.h"
#include "kube/watch_frames.h"

namespace fairlead::kube {

/// A collection of the API that is listed and watched.
struct Resource {
    std::string name;  ///< for people: "services"
    std::string path;  ///< "/api/v1/services"
    std::string kind;  ///< of its items: "Service"
    std::string label_selector{};
    std::string field_selector{};
    bool may_be_absent = false;  ///< older servers do not have it: 404 is no error
};

/// Takes what a Reflector learns.
class ReflectorSink {
  public:
    virtual ~ReflectorSink() = default;
    /// The collection is exactly this, but for the objects under `unreadable`: what is known of them stays.
    virtual void replace(std::deque<AnyObject> objects, std::vector<ObjectKey> unreadable) = 0;
    virtual void put(AnyObject object) = 0;
    /// Takes out of a listed object what will not be kept: lists are held until they are complete.
    virtual void trim(AnyObject& /*object*/) const {}
    virtual void remove(const ObjectKey& key) = 0;
    /// Something to tell people, once.
    virtual void report(const std::string& message) = 0;
};

/// Keeps a copy of one collection of the API: lists it, watches it, and starts over where the server says so.
///
/// Does no I/O. The caller sends what poll() returns (GET, with kAcceptedTypes as Accept) with one request
/// under way at a time, and passes on what comes back. A streaming list (KEP-3157) is asked for first; a
/// server that refuses it, or twice does not complete it, gets paged lists. Nothing is replaced before a list
/// is complete. After errors it waits as BackOff says, or longer where the server asks for it; a watch that
/// ends normally or has nothing to say for long is resumed at once from the last resourceVersion; 410 starts
/// over. A resource that the server does not have, and need not, is asked for again every few minutes.
class Reflector {
  public:
    Reflector(Resource resource, ReflectorSink& sink, base::Random& random);

    /// The target of the request to send now; nullopt while one is under way or its time has not come.
    std::optional<std::string> poll(base::TimePoint now);
    /// When to call expired() or poll() next, at the latest.
    [[nodiscard]] base::TimePoint next_deadline() const { return deadline_; }
    /// True if the request under way has been silent for too long: drop it, then call failed().
    [[nodiscard]] bool expired(base::TimePoint now) const {
        return phase_ != Phase::kIdle && now >= deadline_;
    }

    /// A request is under way. Drop the exchange of one that is not any more.
    [[nodiscard]] bool busy() const { return phase_ != Phase::kIdle; }

    /// The status and two headers of the answer: Retry-After and Content-Type (empty: JSON).
    void receive_head(base::TimePoint now, unsigned status, std::string_view retry_after,
                      std::string_view content_type = {});
    void receive_body(base::TimePoint now, std::string_view bytes);
    void receive_end(base::TimePoint now);
    void failed(base::TimePoint now, const std::string& message);

    /// The collection was complete once.
    [[nodiscard]] bool synced() const { return synced_; }
    /// The server said something about the collection, were it that there is none or that we may not see it.
    [[nodiscard]] bool answered() const { return answered_; }
    /// Since when nothing is heard of changes: no watch is open. nullopt: one is, or there was none yet.
    [[nodiscard]] std::optional<base::TimePoint> blind_since() const { return blind_since_; }
    /// Why the last request failed; empty after one that went well.
    [[nodiscard]] const std::string& last_error() const { return last_error_; }
    [[nodiscard]] const Resource& resource() const { return resource_; }
    /// Requests sent so far.
    [[nodiscard]] std::uint64_t requests() const { return requests_; }

  private:
    enum class Phase : std::uint8_t { kIdle, kStreamingList, kPagedList, kWatch };

    [[nodiscard]] std::string target();
    void begin_watch(base::TimePoint now);
    void receive_frame(base::TimePoint now, std::string_view frame);
    void receive_event(base::TimePoint now, WatchEvent event);
    void receive_error_event(base::TimePoint now, const ApiStatus& status);
    void receive_bookmark(base::TimePoint now, WatchEvent event);
    void receive_object(WatchEvent event);
    void receive_listed_object(WatchEvent event);
    void add_listed(AnyObject object);
    void receive_page(base::TimePoint now);
    void receive_refusal(base::TimePoint now);
    [[nodiscard]] std::string refusal_text() const;
    [[nodiscard]] ApiStatus refusal_status();
    void note_object(const ObjectKey& key, const Decoded<AnyObject>& object,
                     const std::vector<DecodeError>& skipped);
    void complete_list(std::string resource_version);
    void start_over();
    void await_more(base::TimePoint now);
    void idle(base::TimePoint now, base::Duration pause);
    void back_off(base::TimePoint now, std::string error);

    Resource resource_;
    ReflectorSink& sink_;
    base::Random& random_;
    JsonDecoder json_;
    Phase phase_ = Phase::kIdle;
    base::TimePoint deadline_;
    base::TimePoint sent_;
    base::Duration silence_limit_{};
    unsigned status_ = 0;
    Encoding encoding_ = Encoding::kJson;
    base::Duration retry_after_{};
    WatchFrames frames_;
    std::string body_;                     // of a page, or of a refusal
    bool streaming_lists_ = true;          // false: the server refuses them
    unsigned failed_streaming_lists_ = 0;  // in a row
    bool synced_ = false;
    bool answered_ = false;
    std::optional<base::TimePoint> blind_since_;
    std::string resource_version_;  // empty: list first
    std::string continue_token_;
    Listing listing_;
    BackOff pauses_;
    std::string last_error_;
    std::map<ObjectKey, std::string> reported_;  // of objects that are not quite usable
    std::uint64_t requests_ = 0;
};

}  // namespace fairlead::kube
