#include "agent/listeners.h"

#include <algorithm>
#include <cerrno>

#include "base/log.h"

namespace fairlead::agent {

using base::Result;

Listeners::Listeners(net::EventLoop& loop, net::HttpServer::Handler health, net::HttpServer::Handler admin)
    : loop_(loop), places_{Place{std::move(health), {}, nullptr}, Place{std::move(admin), {}, nullptr}} {}

Result<void> Listeners::listen(const base::SocketAddress& health, const base::SocketAddress& admin) {
    const Addresses wanted{health, admin};
    std::array<std::unique_ptr<net::HttpServer>, 2> bound;
    make_room(wanted);
    for (std::size_t i = 0; i < places_.size(); ++i) {
        if (!moves(i, wanted)) continue;
        auto server = bind(places_[i], wanted[i]);
        if (!server) {
            bound = {};
            restore();
            return std::unexpected(std::move(server).error());
        }
        bound[i] = *std::move(server);
    }
    for (std::size_t i = 0; i < places_.size(); ++i) {
        if (!bound[i]) continue;
        places_[i].server = std::move(bound[i]);
        places_[i].address = wanted[i];
    }
    retry_.reset();
    problems_.clear();
    return {};
}

void Listeners::keep_trying(const base::SocketAddress& health, const base::SocketAddress& admin) {
    try_again({health, admin});
}

void Listeners::try_again(Addresses wanted) {
    constexpr base::Duration kPause = std::chrono::seconds(5);
    std::vector<std::string> problems;
    make_room(wanted);
    for (std::size_t i = 0; i < places_.size(); ++i) {
        if (!moves(i, wanted)) continue;
        auto server = bind(places_[i], wanted[i]);
        if (!server) {
            problems.push_back(std::move(server).error().message);
            continue;
        }
        places_[i].server = *std::move(server);
        places_[i].address = wanted[i];
    }
    for (const auto& problem : problems)
        if (std::ranges::find(problems_, problem) == problems_.end())
            base::log_error("pages are not served yet; trying again", {{"error", problem}});
    problems_ = std::move(problems);
    retry_.reset();
    if (!problems_.empty()) retry_ = loop_.after(kPause, [this, wanted] { try_again(wanted); });
}

bool Listeners::moves(std::size_t place, const Addresses& wanted) const {
    return !places_[place].server || places_[place].address != wanted[place];
}

void Listeners::make_room(const Addresses& wanted) {
    std::array<bool, 2> in_the_way{};
    for (std::size_t i = 0; i < places_.size(); ++i)
        for (std::size_t j = 0; j < places_.size(); ++j)
            if (moves(i, wanted) && moves(j, wanted) && wanted[i].overlaps(places_[j].address))
                in_the_way[j] = true;
    for (std::size_t i = 0; i < places_.size(); ++i)
        if (in_the_way[i]) places_[i].server.reset();
}

void Listeners::restore() {
    for (auto& place : places_) {
        if (place.server || place.address.port == 0) continue;  // port 0: never listened
        auto server = bind(place, place.address);
        if (server)
            place.server = *std::move(server);
        else
            base::log_error("pages are not served until the next reload",
                            {{"error", server.error().message}});
    }
}

Result<std::unique_ptr<net::HttpServer>> Listeners::bind(const Place& place,
                                                         const base::SocketAddress& address) {
    auto server = net::HttpServer::listen(loop_, address, place.handler);
    if (!server && server.error().errno_value == EADDRINUSE) {
        auto error = std::move(server).error();
        error.message += " (kube-proxy or another agent?)";
        return std::unexpected(std::move(error));
    }
    return server;
}

}  // namespace fairlead::agent
