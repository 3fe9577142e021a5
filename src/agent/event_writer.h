#pragma once

#include <deque>
#include <optional>
#include <string>

#include "agent/api_client.h"
#include "base/time.h"
#include "kube/objects.h"
#include "net/event_loop.h"

namespace fairlead::agent {

/// What an Event (events.k8s.io/v1) says about a Service.
struct ServiceEvent {
    kube::ObjectKey service;
    std::string uid;     ///< of the Service: `kubectl describe` asks for Events of this very object
    std::string reason;  ///< "FailedToStartServiceHealthcheck"
    std::string action;  ///< "Listen"
    std::string note;    ///< for people; cut at 1024 bytes
};

/// The Event of type Warning that the agent of `node_name` creates at `now`, as JSON.
std::string service_event_json(const ServiceEvent& event, const std::string& node_name, base::WallTime now);

/// Writes Events, as well as can be: one at a time, five a second at most, with at most 100 waiting; one that
/// the API server refuses or does not get is given up. Refusals are logged once. Nothing waits for an Event.
class EventWriter {
  public:
    /// `client` must outlive this.
    EventWriter(net::EventLoop& loop, ApiClient& client, std::string node_name);

    void write(const ServiceEvent& event);

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
