#include "agent/localhost_node_ports.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <random>
#include <thread>

#include "base/families.h"
#include "base/log.h"
#include "net/tcp_relay.h"

namespace fairlead::agent {

namespace {

// A process may have the port, and be about to go.
constexpr std::chrono::seconds kPauseBeforeListening{1};

std::size_t index_of(base::Family family) {
    return family == base::Family::kIpv4 ? 0 : 1;
}

/// What the relay thread found.
struct Findings {
    std::array<std::size_t, 2> listeners{};
    std::array<std::size_t, 2> failures{};
    std::vector<std::string> problems;
};

/// One port that is listened on; the relay thread's.
struct Place {
    std::shared_ptr<services::LocalhostBalancer> balancer;
    std::unique_ptr<net::TcpRelay> relay;
};

}  // namespace

/// What came of the last call of serve(); the control thread's.
struct LocalhostNodePorts::Outcome {
    std::array<admin::Number*, 2> listeners;
    std::array<admin::Number*, 2> failures;
    std::vector<std::string> problems;

    void take(Findings findings);
};

void LocalhostNodePorts::Outcome::take(Findings findings) {
    for (const auto& problem : findings.problems)
        if (std::ranges::find(problems, problem) == problems.end())
            base::log_error("cannot serve a NodePort at localhost", {{"problem", problem}});
    for (std::size_t family = 0; family < listeners.size(); ++family) {
        listeners.at(family)->set(static_cast<double>(findings.listeners.at(family)));
        failures.at(family)->add(static_cast<double>(findings.failures.at(family)));
    }
    problems = std::move(findings.problems);
}

/// The relay thread. Everything but serve() happens on it.
class LocalhostNodePorts::Worker {
  public:
    Worker(CarriedCounter& carried, std::function<void(Findings)> report)
        : carried_(carried), report_(std::move(report)), thread_([this] { loop_.run(); }) {}
    ~Worker() {
        loop_.post([this] {
            retry_.reset();
            places_.clear();
            loop_.stop();
        });
        thread_.join();
    }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    void serve(services::LocalhostPorts ports) {
        loop_.post([this, ports = std::move(ports)]() mutable {
            wanted_ = std::move(ports);
            std::erase_if(places_, [&](const auto& place) { return !wanted_.contains(place.first); });
            open_all();
        });
    }

  private:
    void open_all() {
        Findings findings;
        for (const auto& [address, port] : wanted_) {
            const auto family = index_of(address.address.family());
            auto& place = places_[address];
            if (place.relay) {
                place.balancer->update(port);
            } else if (auto opened = open(address, port)) {
                place = *std::move(opened);
            } else {
                findings.problems.push_back("localhost NodePort of Service " +
                                            port.owner.service.to_string() + ": " + opened.error().message);
                // It is tried every second: once is enough to say why.
                if (std::ranges::find(problems_, findings.problems.back()) == problems_.end())
                    ++findings.failures[family];
                places_.erase(address);
                continue;
            }
            ++findings.listeners[family];
        }
        problems_ = findings.problems;
        retry_ = problems_.empty() ? net::Subscription{}
                                   : loop_.after(kPauseBeforeListening, [this] { open_all(); });
        report_(std::move(findings));
    }

    base::Result<Place> open(const base::SocketAddress& address, const services::LocalhostPort& port) {
        Place place{std::make_shared<services::LocalhostBalancer>(port), nullptr};
        net::RelayTargets targets;
        targets.choose = [this, balancer = place.balancer] {
            std::vector<base::SocketAddress> addresses;
            for (const auto& backend : balancer->order(loop_.now(), random_))
                addresses.push_back({backend.address, backend.port});
            return addresses;
        };
        targets.connected = [this, balancer = place.balancer](const base::SocketAddress& target) {
            const services::Backend backend{target.address, target.port};
            balancer->note_connected(backend, loop_.now());
            carried_.note_served(balancer->port().owner, backend);
        };
        targets.refused = [this, balancer = place.balancer] {
            carried_.note_denied(balancer->port().owner, balancer->port().denial);
        };
        FAIRLEAD_TRY(place.relay, net::TcpRelay::listen(loop_, address, std::move(targets)));
        return place;
    }

    net::EventLoop loop_;
    CarriedCounter& carried_;
    std::function<void(Findings)> report_;
    base::Random random_{std::random_device{}()};
    services::LocalhostPorts wanted_;
    std::map<base::SocketAddress, Place> places_;
    std::vector<std::string> problems_;
    net::Subscription retry_;
    std::thread thread_;  // last: it uses all of the above
};

LocalhostNodePorts::LocalhostNodePorts(net::EventLoop& loop, admin::Metrics& metrics)
    : loop_(loop), outcome_(std::make_shared<Outcome>()) {
    for (const auto family : base::kFamilies) {
        const admin::MetricLabels labels{{"ip_family", std::string(base::name_of(family))}};
        outcome_->listeners[index_of(family)] =
            &metrics.gauge("kubeproxy_nftables_localhost_nodeport_listeners",
                           "NodePorts that are listened on at localhost.", labels);
        outcome_->failures[index_of(family)] =
            &metrics.counter("kubeproxy_nftables_localhost_nodeport_listener_creation_failures_total",
                             "NodePorts that could not be listened on at localhost.", labels);
    }
}

LocalhostNodePorts::~LocalhostNodePorts() = default;

void LocalhostNodePorts::serve(services::LocalhostPorts ports) {
    if (!worker_ && ports.empty()) return;
    if (!worker_)
        worker_ =
            std::make_unique<Worker>(carried_, [this, outcome = std::weak_ptr(outcome_)](Findings findings) {
                loop_.post([outcome, findings = std::move(findings)]() mutable {
                    if (const auto known = outcome.lock()) known->take(std::move(findings));
                });
            });
    worker_->serve(std::move(ports));
}

const std::vector<std::string>& LocalhostNodePorts::problems() const {
    return outcome_->problems;
}

}  // namespace fairlead::agent
