#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "agent/api_client.h"
#include "base/time.h"
#include "kube/objects.h"
#include "net/event_loop.h"

namespace fairlead::agent {

/// The object of API version v1 that an Event is about (core/v1 ObjectReference).
struct EventObject {
    std::string kind;     ///< "Service"
    kube::ObjectKey key;  ///< without a namespace for a kind of the cluster's, such as Node
    std::string uid;      ///< `kubectl describe` asks for Events of this very object
};

/// The two that the API server accepts.
enum class EventType : std::uint8_t { kWarning, kNormal };

/// What an Event (events.k8s.io/v1) says.
struct Event {
    EventObject regarding;
    std::string reason;  ///< "FailedToStartServiceHealthcheck"
    std::string action;  ///< "Listen"
    std::string note;    ///< for people; cut at 1024 bytes
    EventType type = EventType::kWarning;
};

/// Where an Event about `object` is kept: with it, or in "default" if it is in no namespace (the API server
/// accepts no other).
std::string event_namespace(const EventObject& object);

/// The Event that the agent of `node_name` creates at `now`, as JSON.
std::string event_json(const Event& event, const std::string& node_name, base::WallTime now);

/// Writes Events, as well as can be: one at a time, five a second at most, with at most 100 waiting; one that
/// the API server refuses or does not get is given up. Refusals are logged once. Nothing waits for an Event.
class EventWriter {
  public:
    /// `client` must outlive this.
    EventWriter(net::EventLoop& loop, ApiClient& client, std::string node_name);

    void write(const Event& event);

  private:
    struct Waiting {
        std::string target;
        std::string body;
    };
    void send_next();
    void send(const Waiting& event);
    void on_status(unsigned status);
    void on_done();

    net::EventLoop& loop_;
    ApiClient& client_;
    std::string node_name_;
    std::deque<Waiting> waiting_;
    bool busy_ = false;
    unsigned last_refusal_ = 0;
    std::optional<net::HttpExchange> exchange_;
    net::Subscription pause_;
};

}  // namespace fairlead::agent
