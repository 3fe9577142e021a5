#include "agent/event_writer.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <utility>

#include "base/json.h"
#include "base/log.h"

namespace fairlead::agent {

namespace {

using base::json_quote;

constexpr std::size_t kMostWaiting = 100;
constexpr base::Duration kPauseBetweenEvents = std::chrono::milliseconds(200);
constexpr unsigned kFirstRefusal = 300;

/// metav1.MicroTime.
std::string micro_time(base::WallTime time) {
    const auto since_epoch = std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch());
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(seconds.count()),
                       (since_epoch - seconds).count());
}

}  // namespace

std::string event_namespace(const EventObject& object) {
    return object.key.namespace_name.empty() ? "default" : object.key.namespace_name;
}

std::string event_json(const Event& event, const std::string& node_name, base::WallTime now) {
    constexpr std::size_t kLongestNote = 1024;     // pkg/apis/core/validation/events.go
    constexpr std::size_t kLongestInstance = 128;  // the same
    const auto& [regarding, reason, action, note, type] = event;
    const auto& [space, name] = regarding.key;
    const auto in_namespace = space.empty() ? "" : "\"namespace\":" + json_quote(space) + ",";
    return fmt::format(
        R"({{"apiVersion":"events.k8s.io/v1","kind":"Event","metadata":{{"namespace":{},"name":{}}},)"
        R"("eventTime":"{}","type":"{}","reason":{},"action":{},"note":{},)"
        R"("regarding":{{"apiVersion":"v1","kind":{},{}"name":{},"uid":{}}},)"
        R"("reportingController":"fairlead","reportingInstance":{}}})",
        json_quote(event_namespace(regarding)),
        json_quote(fmt::format("{}.{:x}", name, now.time_since_epoch().count())), micro_time(now),
        type == EventType::kWarning ? "Warning" : "Normal", json_quote(reason), json_quote(action),
        json_quote(note.substr(0, kLongestNote)), json_quote(regarding.kind), in_namespace, json_quote(name),
        json_quote(regarding.uid), json_quote(("fairlead-" + node_name).substr(0, kLongestInstance)));
}

EventWriter::EventWriter(net::EventLoop& loop, ApiClient& client, std::string node_name)
    : loop_(loop), client_(client), node_name_(std::move(node_name)) {}

void EventWriter::write(const Event& event) {
    if (waiting_.size() >= kMostWaiting) {
        base::log_debug("an Event is given up: too many are waiting", {{"note", event.note}});
        return;
    }
    waiting_.push_back({"/apis/events.k8s.io/v1/namespaces/" + event_namespace(event.regarding) + "/events",
                        event_json(event, node_name_, loop_.wall_now())});
    send_next();
}

void EventWriter::send_next() {
    if (busy_ || waiting_.empty()) return;
    busy_ = true;
    client_.with_credentials([this](const base::Result<void>& ready) {
        const auto event = std::move(waiting_.front());
        waiting_.pop_front();
        if (ready) return send(event);
        base::log_debug("an Event is given up", {{"error", ready.error().message}});
        on_done();
    });
}

void EventWriter::send(const Waiting& event) {
    net::HttpHandlers handlers;
    handlers.on_head = [this](const net::HttpHead& head) { on_status(head.status); };
    handlers.on_body = [](std::string_view) {};
    handlers.on_end = [this] { on_done(); };
    handlers.on_error = [this](const base::Error& error) {
        base::log_debug("an Event is given up", {{"error", error.message}});
        on_done();
    };
    exchange_ = client_.post(event.target, event.body, std::move(handlers));
}

void EventWriter::on_status(unsigned status) {
    if (status == kUnauthorized) client_.credentials_refused();
    if (status < kFirstRefusal) {
        last_refusal_ = 0;
    } else if (std::exchange(last_refusal_, status) != status) {
        base::log_warning(
            "the API server refuses our Events: the account needs the verb create on "
            "events.events.k8s.io",
            {{"status", status}});
    }
}

void EventWriter::on_done() {
    pause_ = loop_.after(kPauseBetweenEvents, [this] {
        exchange_.reset();
        busy_ = false;
        send_next();
    });
}

}  // namespace fairlead::agent
