#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/api_client.h"
#include "base/address.h"
#include "kube/objects.h"
#include "net/event_loop.h"

namespace fairlead::agent {

/// Asks the API server for one Pod when somebody wants to know its address: fairlead watches
/// no Pods but those of its own node.
class PodFinder {
  public:
    using Done = std::function<void(base::Result<std::vector<base::IpAddress>>)>;

    /// `client` must outlive this.
    PodFinder(net::EventLoop& loop, ApiClient& client) : loop_(loop), client_(client) {}

    /// Calls `done` once, later, with status.podIPs. Errors name the Pod: there is none, it has no address
    /// yet, the account may not look (403), too many questions at a time (kBusy). After this is destroyed
    /// `done` is not called any more.
    void find(const kube::ObjectKey& pod, Done done);

  private:
    struct Question {
        kube::ObjectKey pod;
        Done done;
        unsigned status = 0;
        std::string body;
        std::unique_ptr<net::HttpExchange> exchange;
    };
    void send(std::uint64_t number);
    void end(std::uint64_t number, base::Result<std::vector<base::IpAddress>> addresses);

    net::EventLoop& loop_;
    ApiClient& client_;
    std::uint64_t last_number_ = 0;
    std::map<std::uint64_t, Question> questions_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// What an answer to GET of a Pod says of its addresses.
base::Result<std::vector<base::IpAddress>> pod_addresses_of(const kube::ObjectKey& pod, unsigned status,
                                                            std::string_view body);

}  // namespace fairlead::agent
