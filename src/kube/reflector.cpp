#include "kube/reflector.h"

#include <algorithm>
#include <charconv>

#include "kube/decode_protobuf.h"
#include "kube/request_target.h"

namespace fairlead::kube {

namespace {

using namespace std::chrono_literals;

constexpr base::Duration kLongestRetryAfter = 120s;
// A watch may be silent for long where nothing changes: the API server sends a bookmark every minute, but
// only if its version went up. After this long it is asked again; dead connections are found by TCP (net/).
constexpr base::Duration kSilentWatch = 3min;
constexpr base::Duration kSilentList = 1min;
// A watch that ended sooner did not work: wait before the next.
constexpr base::Duration kShortWatch = 1s;
// A watch that lived this long makes up for all failures before it.
constexpr base::Duration kSteadyWatch = 10s;
// Until a server that lacks a resource is asked again: it may have been upgraded.
constexpr base::Duration kAbsentPause = 5min;
constexpr std::uint64_t kAbsentSpreadS = 300;
constexpr std::uint64_t kShortestWatchS = 300;
constexpr std::uint64_t kWatchSpreadS = 300;
constexpr std::size_t kPageSize = 500;
constexpr std::size_t kLargestPageBytes = std::size_t{256} << 20U;
constexpr std::size_t kLargestRefusalBytes = 4096;
constexpr std::size_t kMostReported = 1000;
// Errors in a row about one version after which it is given up.
constexpr unsigned kMostWatchErrors = 3;
// Streaming lists in a row that did not complete, after which pages are asked for: servers and proxies before
// them may pass over the parameter, or hold back the stream.
constexpr unsigned kMostFailedStreamingLists = 2;
// A server that takes the list for a watch sends changes without end.
constexpr base::Duration kLongestStreamingList = 2min;
constexpr unsigned kOk = 200;
constexpr unsigned kBadRequest = 400;
constexpr unsigned kUnauthorized = 401;
constexpr unsigned kForbidden = 403;
constexpr unsigned kNotFound = 404;
constexpr unsigned kMethodNotAllowed = 405;
constexpr unsigned kTimeout = 408;
constexpr unsigned kGone = 410;
constexpr unsigned kUnprocessable = 422;
constexpr unsigned kTooManyRequests = 429;
constexpr unsigned kInternalError = 500;
constexpr unsigned kGatewayTimeout = 504;

/// True if the same request can never succeed: a version that the server does not take.
bool is_final(unsigned status) {
    return status >= kBadRequest && status < kInternalError && status != kUnauthorized &&
           status != kForbidden && status != kTimeout && status != kTooManyRequests;
}

/// RFC 9110 section 10.2.3, in seconds; a date is not understood and gives 0, which means: our own pause.
base::Duration parse_retry_after(std::string_view text) {
    unsigned seconds = 0;
    std::from_chars(text.data(), text.data() + text.size(), seconds);
    return std::min<base::Duration>(std::chrono::seconds(seconds), kLongestRetryAfter);
}

}  // namespace

Reflector::Reflector(Resource resource, ReflectorSink& sink, base::Random& random)
    : resource_(std::move(resource)), sink_(sink), random_(random) {}

std::optional<std::string> Reflector::poll(base::TimePoint now) {
    if (phase_ != Phase::kIdle || now < deadline_) return std::nullopt;
    status_ = 0;
    body_.clear();
    retry_after_ = {};
    sent_ = now;
    ++requests_;
    if (!resource_version_.empty()) {
        phase_ = Phase::kWatch;
    } else {
        const bool streams = streaming_lists_ && failed_streaming_lists_ < kMostFailedStreamingLists;
        phase_ = streams ? Phase::kStreamingList : Phase::kPagedList;
        if (continue_token_.empty()) listing_.clear();
    }
    silence_limit_ = phase_ == Phase::kWatch ? kSilentWatch : kSilentList;
    await_more(now);
    return target();
}

std::string Reflector::target() {
    RequestTarget target{resource_.path};
    if (phase_ == Phase::kPagedList) {
        target.add("limit", std::to_string(kPageSize));
        if (!continue_token_.empty()) target.add("continue", continue_token_);
    } else {
        target.add("watch", "true");
        target.add("allowWatchBookmarks", "true");
        target.add("timeoutSeconds", std::to_string(kShortestWatchS + random_.below(kWatchSpreadS)));
    }
    if (phase_ == Phase::kStreamingList) {
        target.add("sendInitialEvents", "true");
        target.add("resourceVersionMatch", "NotOlderThan");
    }
    if (phase_ == Phase::kWatch) target.add("resourceVersion", resource_version_);
    if (!resource_.label_selector.empty()) target.add("labelSelector", resource_.label_selector);
    if (!resource_.field_selector.empty()) target.add("fieldSelector", resource_.field_selector);
    return target.text();
}

void Reflector::receive_head(base::TimePoint now, unsigned status, std::string_view retry_after,
                             std::string_view content_type) {
    if (phase_ == Phase::kIdle) return;
    status_ = status;
    encoding_ = encoding_of(content_type);
    frames_.reset(encoding_);
    retry_after_ = parse_retry_after(retry_after);
    await_more(now);
    if (status != kOk || phase_ != Phase::kWatch) return;
    last_error_.clear();
    blind_since_.reset();
}

void Reflector::receive_body(base::TimePoint now, std::string_view bytes) {
    if (phase_ == Phase::kIdle) return;
    await_more(now);
    if (status_ != kOk || phase_ == Phase::kPagedList) {
        const auto limit = status_ == kOk ? kLargestPageBytes : kLargestRefusalBytes;
        body_ += bytes.substr(0, limit - std::min(limit, body_.size()));
        return;
    }
    const auto received = frames_.receive(bytes, [&](std::string_view frame) {
        if (!frame.empty()) receive_frame(now, frame);
        return phase_ != Phase::kIdle;
    });
    if (received) return;
    start_over();
    back_off(now, resource_.name + ": " + received.error().message);
}

void Reflector::receive_frame(base::TimePoint now, std::string_view frame) {
    auto event =
        encoding_ == Encoding::kJson ? json_.decode_watch_event(frame) : decode_protobuf_watch_event(frame);
    if (event) return receive_event(now, *std::move(event));
    start_over();
    back_off(now, resource_.name + ": " + event.error().message);
}

void Reflector::receive_event(base::TimePoint now, WatchEvent event) {
    using enum WatchEvent::Type;
    if (event.type == kError) return receive_error_event(now, event.status);
    if (event.type == kBookmark) return receive_bookmark(now, std::move(event));
    if (phase_ == Phase::kStreamingList) return receive_listed_object(std::move(event));
    receive_object(std::move(event));
}

void Reflector::receive_error_event(base::TimePoint now, const ApiStatus& status) {
    retry_after_ = std::min<base::Duration>(std::chrono::seconds(status.retry_after_s), kLongestRetryAfter);
    if (status.code == kGone || pauses_.failures() >= kMostWatchErrors) start_over();
    back_off(now, "watch " + resource_.name + ": " + status.message);
}

void Reflector::receive_bookmark(base::TimePoint now, WatchEvent event) {
    if (phase_ == Phase::kWatch) {
        pauses_.reset();
        resource_version_ = std::move(event.resource_version);
    } else if (event.initial_events_end) {
        complete_list(std::move(event.resource_version));
        begin_watch(now);
    }
}

void Reflector::begin_watch(base::TimePoint now) {
    phase_ = Phase::kWatch;
    blind_since_.reset();
    silence_limit_ = kSilentWatch;
    await_more(now);
}

void Reflector::receive_listed_object(WatchEvent event) {
    if (event.type == WatchEvent::Type::kDeleted) return listing_.remove(event.key);
    note_object(event.key, event.object, event.skipped);
    if (!event.object) return listing_.mark_unreadable(event.key);
    if (event.type == WatchEvent::Type::kAdded) return add_listed(*std::move(event.object));
    listing_.put(*std::move(event.object));
}

void Reflector::add_listed(AnyObject object) {
    sink_.trim(object);
    listing_.add(std::move(object));
}

void Reflector::receive_object(WatchEvent event) {
    pauses_.reset();
    resource_version_ = std::move(event.resource_version);
    if (event.type == WatchEvent::Type::kDeleted) {
        reported_.erase(event.key);
        return sink_.remove(event.key);
    }
    note_object(event.key, event.object, event.skipped);
    if (event.object) sink_.put(*std::move(event.object));
}

/// Reports what is wrong in an object, unless that was said before.
void Reflector::note_object(const ObjectKey& key, const Decoded<AnyObject>& object,
                            const std::vector<DecodeError>& skipped) {
    std::string text;
    if (!object) text = object.error().to_string() + "; what was known of it stays";
    for (const auto& wrong : skipped)
        text += (text.empty() ? "" : "; ") + wrong.to_string() + "; the rest of it is used";
    if (text.empty() && reported_.empty()) return;
    if (text.empty()) return static_cast<void>(reported_.erase(key));
    if (const auto known = reported_.find(key); known != reported_.end() && known->second == text) return;
    sink_.report(text);
    if (reported_.size() < kMostReported) reported_.insert_or_assign(key, std::move(text));
}

void Reflector::complete_list(std::string resource_version) {
    auto objects = listing_.take_objects();
    sink_.replace(std::move(objects), listing_.take_unreadable());
    resource_version_ = std::move(resource_version);
    synced_ = true;
    answered_ = true;
    failed_streaming_lists_ = 0;
    last_error_.clear();
}

void Reflector::receive_page(base::TimePoint now) {
    auto page = encoding_ == Encoding::kJson ? json_.decode_list(body_, resource_.kind)
                                             : decode_protobuf_list(body_, resource_.kind);
    body_ = {};
    if (!page) return back_off(now, "list " + resource_.name + ": " + page.error().message);
    for (std::size_t i = 0; i < page->items.size(); ++i) {
        const auto skipped = page->skipped.find(i);
        note_object(page->keys[i], page->items[i],
                    skipped == page->skipped.end() ? std::vector<DecodeError>{} : skipped->second);
        if (page->items[i])
            add_listed(*std::move(page->items[i]));
        else
            listing_.mark_unreadable(page->keys[i]);
    }
    continue_token_ = std::move(page->continue_token);
    if (continue_token_.empty()) complete_list(std::move(page->resource_version));
    idle(now, 0s);
}

ApiStatus Reflector::refusal_status() {
    const auto status =
        encoding_ == Encoding::kJson ? json_.decode_status(body_) : decode_protobuf_status(body_);
    return status.value_or(ApiStatus{});
}

std::string Reflector::refusal_text() const {
    std::string text =
        "cannot list and watch " + resource_.name + ": the API server answered " + std::to_string(status_);
    if (status_ == kUnauthorized) text += " Unauthorized: the credentials are not (or no longer) valid";
    if (status_ == kForbidden)
        text += " Forbidden: the account needs the verbs list and watch on " + resource_.name;
    return text;
}

void Reflector::receive_refusal(base::TimePoint now) {
    const bool refused = status_ == kBadRequest || status_ == kMethodNotAllowed || status_ == kUnprocessable;
    if (phase_ == Phase::kStreamingList && refused) {
        streaming_lists_ = false;
        return idle(now, 0s);
    }
    if (is_final(status_)) start_over();
    if (status_ == kUnauthorized || status_ == kForbidden || status_ == kNotFound) answered_ = true;
    if (status_ == kNotFound && resource_.may_be_absent) {
        last_error_.clear();
        return idle(now, kAbsentPause + std::chrono::seconds(random_.below(kAbsentSpreadS)));
    }
    const auto status = refusal_status();
    back_off(now, refusal_text() + (status.message.empty() ? "" : ": " + status.message));
}

void Reflector::receive_end(base::TimePoint now) {
    if (phase_ == Phase::kIdle) return;
    if (status_ != kOk) return receive_refusal(now);
    if (phase_ == Phase::kPagedList) return receive_page(now);
    if (phase_ == Phase::kStreamingList)
        return back_off(now, "list " + resource_.name + ": ended before it was complete");
    if (now - sent_ < kShortWatch) return back_off(now, "watch " + resource_.name + ": ended at once");
    pauses_.reset();
    idle(now, 0s);
}

void Reflector::failed(base::TimePoint now, const std::string& message) {
    if (phase_ == Phase::kIdle) return;
    const bool watching = phase_ == Phase::kWatch && status_ == kOk;
    if (watching && now >= deadline_) return idle(now, 0s);
    if (watching && now - sent_ >= kSteadyWatch) pauses_.reset();
    back_off(now, resource_.name + ": " + message);
}

void Reflector::await_more(base::TimePoint now) {
    deadline_ = now + silence_limit_;
    if (phase_ == Phase::kStreamingList) deadline_ = std::min(deadline_, sent_ + kLongestStreamingList);
}

void Reflector::start_over() {
    resource_version_.clear();
    continue_token_.clear();
}

void Reflector::idle(base::TimePoint now, base::Duration pause) {
    phase_ = Phase::kIdle;
    if (synced_ && !blind_since_) blind_since_ = now;
    deadline_ = now + pause;
}

void Reflector::back_off(base::TimePoint now, std::string error) {
    const bool was_answered = status_ == kOk || status_ == kGatewayTimeout || now >= deadline_;
    if (phase_ == Phase::kStreamingList && was_answered) ++failed_streaming_lists_;
    if (error != last_error_) sink_.report(error);
    last_error_ = std::move(error);
    continue_token_.clear();
    idle(now, std::max(pauses_.next(random_), retry_after_));
}

}  // namespace fairlead::kube
