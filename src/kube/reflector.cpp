#include "kube/reflector.h"

#include <algorithm>
#include <charconv>

namespace fairlead::kube {

namespace {

using namespace std::chrono_literals;

constexpr base::Duration kFirstPause = 800ms;
constexpr base::Duration kLongestPause = 30s;
constexpr base::Duration kLongestRetryAfter = 120s;
// The API server sends a bookmark about every minute: three missed ones mean that nobody is there.
constexpr base::Duration kSilentWatch = 3min;
constexpr base::Duration kSilentList = 1min;
// A watch that ended sooner did not work: wait before the next.
constexpr base::Duration kShortWatch = 1s;
constexpr std::uint64_t kShortestWatchS = 300;
constexpr std::uint64_t kWatchSpreadS = 300;
constexpr std::size_t kPageSize = 500;
constexpr std::size_t kLargestRefusalBytes = 4096;
constexpr unsigned kOk = 200;
constexpr unsigned kBadRequest = 400;
constexpr unsigned kUnauthorized = 401;
constexpr unsigned kForbidden = 403;
constexpr unsigned kGone = 410;
constexpr unsigned kUnprocessable = 422;

std::string percent_encoded(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           c == '-' || c == '_' || c == '.';
        if (plain) {
            encoded += c;
        } else {
            encoded += '%';
            encoded += kDigits[byte >> 4U];
            encoded += kDigits[byte & 0xfU];
        }
    }
    return encoded;
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
    sent_ = now;
    ++requests_;
    if (!resource_version_.empty() && continue_token_.empty()) {
        phase_ = Phase::kWatch;
    } else {
        phase_ = streaming_lists_ ? Phase::kStreamingList : Phase::kPagedList;
        if (continue_token_.empty()) listed_.clear();
        if (continue_token_.empty()) unreadable_.clear();
    }
    silence_limit_ = phase_ == Phase::kWatch ? kSilentWatch : kSilentList;
    deadline_ = now + silence_limit_;
    return target();
}

std::string Reflector::target() {
    std::string target = resource_.path + "?";
    const auto add = [&](std::string_view name, std::string_view value) {
        if (!target.ends_with('?')) target += '&';
        target += std::string(name) + "=" + percent_encoded(value);
    };
    if (phase_ == Phase::kPagedList) {
        add("limit", std::to_string(kPageSize));
        if (!continue_token_.empty()) add("continue", continue_token_);
    } else {
        add("watch", "true");
        add("allowWatchBookmarks", "true");
        add("timeoutSeconds", std::to_string(kShortestWatchS + random_.below(kWatchSpreadS)));
    }
    if (phase_ == Phase::kStreamingList) {
        add("sendInitialEvents", "true");
        add("resourceVersionMatch", "NotOlderThan");
    }
    if (phase_ == Phase::kWatch) add("resourceVersion", resource_version_);
    if (!resource_.label_selector.empty()) add("labelSelector", resource_.label_selector);
    if (!resource_.field_selector.empty()) add("fieldSelector", resource_.field_selector);
    return target;
}

void Reflector::receive_head(base::TimePoint now, unsigned status, std::string_view retry_after) {
    status_ = status;
    retry_after_ = parse_retry_after(retry_after);
    deadline_ = now + silence_limit_;
    if (status == kOk && phase_ == Phase::kWatch) last_error_.clear();
}

void Reflector::receive_body(base::TimePoint now, std::string_view bytes) {
    if (phase_ == Phase::kIdle) return;
    deadline_ = now + silence_limit_;
    if (status_ != kOk) {
        body_ += bytes.substr(0, kLargestRefusalBytes - std::min(kLargestRefusalBytes, body_.size()));
        return;
    }
    body_ += bytes;
    if (phase_ == Phase::kPagedList) return;
    std::size_t begin = 0;
    for (auto end = body_.find('\n'); end != std::string::npos && phase_ != Phase::kIdle;
         end = body_.find('\n', begin)) {
        receive_line(now, std::string_view(body_).substr(begin, end - begin));
        begin = end + 1;
    }
    body_.erase(0, std::min(begin, body_.size()));
}

void Reflector::receive_line(base::TimePoint now, std::string_view line) {
    if (line.empty()) return;
    auto event = decoder_.decode_watch_event(line);
    if (event) return receive_event(now, *std::move(event));
    start_over();
    back_off(now, resource_.name + ": " + event.error().message);
}

void Reflector::receive_event(base::TimePoint now, WatchEvent event) {
    using enum WatchEvent::Type;
    if (event.type == kError) {
        if (event.status.code == kGone) {
            start_over();
            return idle(now, 0s);
        }
        return back_off(now, "watch " + resource_.name + ": " + event.status.message);
    }
    failures_ = 0;
    if (event.type == kBookmark) {
        if (phase_ == Phase::kStreamingList && event.initial_events_end) {
            complete_list(std::move(event.resource_version));
            phase_ = Phase::kWatch;
            silence_limit_ = kSilentWatch;
            deadline_ = now + silence_limit_;
        } else if (phase_ == Phase::kWatch) {
            resource_version_ = std::move(event.resource_version);
        }
        return;
    }
    receive_object(std::move(event));
}

void Reflector::receive_object(WatchEvent event) {
    if (phase_ == Phase::kStreamingList) return collect(event.key, std::move(event.object));
    resource_version_ = std::move(event.resource_version);
    if (event.type == WatchEvent::Type::kDeleted)
        sink_.remove(event.key);
    else if (event.object)
        sink_.put(*std::move(event.object));
    else
        sink_.report(event.object.error().to_string() + "; what was known of it stays");
}

void Reflector::collect(const ObjectKey& key, Decoded<AnyObject> object) {
    if (object) return listed_.push_back(*std::move(object));
    sink_.report(object.error().to_string() + "; what was known of it stays");
    unreadable_.push_back(key);
}

void Reflector::complete_list(std::string resource_version) {
    sink_.replace(std::exchange(listed_, {}), std::exchange(unreadable_, {}));
    resource_version_ = std::move(resource_version);
    synced_ = true;
    failures_ = 0;
    last_error_.clear();
}

void Reflector::receive_page(base::TimePoint now) {
    auto page = decoder_.decode_list(body_, resource_.kind);
    if (!page) {
        start_over();
        return back_off(now, "list " + resource_.name + ": " + page.error().message);
    }
    for (std::size_t i = 0; i < page->items.size(); ++i)
        collect(page->keys[i], std::move(page->items[i]));
    continue_token_ = std::move(page->continue_token);
    if (continue_token_.empty()) complete_list(std::move(page->resource_version));
    idle(now, 0s);
}

void Reflector::receive_refusal(base::TimePoint now) {
    const bool list_refused =
        phase_ == Phase::kStreamingList && (status_ == kBadRequest || status_ == kUnprocessable);
    if (list_refused) {
        streaming_lists_ = false;
        return idle(now, 0s);
    }
    if (status_ == kGone) {
        start_over();
        return back_off(now, resource_.name + ": 410 Gone");
    }
    std::string what =
        "cannot list and watch " + resource_.name + ": the API server answered " + std::to_string(status_);
    if (status_ == kUnauthorized) what += " Unauthorized: the credentials are not (or no longer) valid";
    if (status_ == kForbidden)
        what += " Forbidden: the account needs the verbs list and watch on " + resource_.name;
    back_off(now, what);
}

void Reflector::receive_end(base::TimePoint now) {
    if (phase_ == Phase::kIdle) return;
    if (status_ != kOk) return receive_refusal(now);
    if (phase_ == Phase::kPagedList) return receive_page(now);
    if (phase_ == Phase::kStreamingList)
        return back_off(now, "list " + resource_.name + ": ended before it was complete");
    if (now - sent_ < kShortWatch) return back_off(now, "watch " + resource_.name + ": ended at once");
    failures_ = 0;
    idle(now, 0s);
}

void Reflector::failed(base::TimePoint now, const std::string& message) {
    if (phase_ == Phase::kIdle) return;
    back_off(now, resource_.name + ": " + message);
}

void Reflector::start_over() {
    resource_version_.clear();
    continue_token_.clear();
}

void Reflector::idle(base::TimePoint now, base::Duration pause) {
    phase_ = Phase::kIdle;
    deadline_ = now + pause;
}

void Reflector::back_off(base::TimePoint now, std::string error) {
    if (error != last_error_) sink_.report(error);
    last_error_ = std::move(error);
    continue_token_.clear();
    constexpr unsigned kMostDoublings = 6;
    const auto full =
        std::min<base::Duration>(kFirstPause * (1U << std::min(failures_, kMostDoublings)), kLongestPause);
    ++failures_;
    const auto jittered = std::chrono::duration_cast<base::Duration>(full * (0.5 + random_.unit()));
    idle(now, std::max({jittered, std::exchange(retry_after_, {})}));
}

}  // namespace fairlead::kube
