#include "agent/pod_finder.h"

#include <fmt/format.h>

#include <utility>

#include "kube/decode_json.h"

namespace fairlead::agent {

namespace {

using base::ErrorCode;
using base::IpAddress;
using base::Result;
using Addresses = std::vector<IpAddress>;

constexpr unsigned kOk = 200;
constexpr unsigned kForbidden = 403;
constexpr unsigned kNotFound = 404;
constexpr std::size_t kMostQuestions = 8;
// An object in etcd has 1.5 MiB at most.
constexpr std::size_t kLargestBodyBytes = std::size_t{4} << 20U;

}  // namespace

Result<Addresses> pod_addresses_of(const kube::ObjectKey& pod, unsigned status, std::string_view body) {
    const auto name = pod.to_string();
    kube::JsonDecoder decoder;
    if (status == kNotFound) return base::fail(ErrorCode::kNotFound, "there is no Pod " + name);
    if (status != kOk) {
        const auto said = decoder.decode_status(body);
        const auto message = said ? said->message : std::string{};
        if (status == kForbidden)
            return base::fail(
                ErrorCode::kDenied,
                fmt::format("the agent's account may not look for the Pod {}: it needs the verb get "
                            "on pods, or give the Pod's address: {}",
                            name, message));
        return base::fail(ErrorCode::kUnavailable,
                          fmt::format("the API server answered {} to the question for the Pod {}: {}", status,
                                      name, message));
    }
    auto object = decoder.decode_object(body, "Pod");
    if (!object) return base::fail(ErrorCode::kInternal, object.error().to_string());
    auto* const found = std::get_if<kube::Pod>(&*object);
    if (found == nullptr || found->pod_ips.empty())
        return base::fail(ErrorCode::kNotFound, "the Pod " + name + " has no address yet");
    return std::move(found->pod_ips);
}

void PodFinder::find(const kube::ObjectKey& pod, Done done) {
    if (questions_.size() >= kMostQuestions)
        return done(base::fail(ErrorCode::kBusy, "too many Pods are being looked for; ask again"));
    const auto number = ++last_number_;
    questions_.emplace(number, Question{pod, std::move(done), 0, {}, nullptr});
    client_.with_credentials([this, alive = std::weak_ptr(alive_), number](Result<void> ready) {
        if (alive.expired()) return;
        if (!ready) return end(number, std::unexpected(std::move(ready).error()));
        send(number);
    });
}

void PodFinder::send(std::uint64_t number) {
    auto& question = questions_.at(number);
    net::HttpHandlers handlers;
    handlers.on_head = [this, number](const net::HttpHead& head) {
        questions_.at(number).status = head.status;
        if (head.status == kUnauthorized) client_.credentials_refused();
    };
    handlers.on_body = [this, number](std::string_view bytes) {
        auto& body = questions_.at(number).body;
        if (body.size() + bytes.size() <= kLargestBodyBytes) body += bytes;
    };
    handlers.on_end = [this, number] {
        const auto& ended = questions_.at(number);
        end(number, pod_addresses_of(ended.pod, ended.status, ended.body));
    };
    handlers.on_error = [this, number](base::Error error) { end(number, std::unexpected(std::move(error))); };
    const auto& [namespace_name, name] = question.pod;
    question.exchange = std::make_unique<net::HttpExchange>(
        client_.get(fmt::format("/api/v1/namespaces/{}/pods/{}", namespace_name, name), std::move(handlers),
                    "application/json"));
}

void PodFinder::end(std::uint64_t number, Result<Addresses> addresses) {
    // Not in the middle of the exchange that goes with the question.
    loop_.post([this, alive = std::weak_ptr(alive_), number, addresses = std::move(addresses)] {
        if (alive.expired()) return;
        const auto done = std::move(questions_.at(number).done);
        questions_.erase(number);
        done(addresses);
    });
}

}  // namespace fairlead::agent
