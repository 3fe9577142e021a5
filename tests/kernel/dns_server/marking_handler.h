#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "dns_server/query_handler.h"

namespace fairlead::dns_server {

/// Answers each packet with its first two bytes, which are the id of a DNS message, and a word; at once, or
/// later when the packet says so ("later"), or never ("silence"), or as an upstream answers ("ask").
class MarkingHandler : public QueryHandler {
  public:
    explicit MarkingHandler(std::string word, dns::UpstreamTransport upstream = dns::UpstreamTransport::kUdp)
        : word_(std::move(word)), upstream_(upstream) {}

    dns::Handled handle(base::TimePoint now, const dns::Client& client, Bytes packet,
                        std::span<std::uint8_t> out) override {
        const std::string text(packet.begin(), packet.end());
        if (text.ends_with("silence") || packet.size() < 2) return {};
        if (text.ends_with("ask")) {
            output_.queries.push_back(
                {dns::ExchangeId{client.token}, 0, upstream_, {packet[0], packet[1], 'n', 'o', 'w'}});
            return {dns::Handling::kLater, 0};
        }
        if (text.ends_with("later")) {
            later_.push_back({client.token, reply_to(packet)});
            if (!due_) due_ = now + std::chrono::milliseconds(20);
            return {dns::Handling::kLater, 0};
        }
        const auto reply = reply_to(packet);
        std::ranges::copy(reply, out.begin());
        return {dns::Handling::kReply, reply.size()};
    }
    void received(base::TimePoint, dns::ExchangeId exchange, Bytes packet) override {
        output_.replies.push_back({static_cast<std::uint64_t>(exchange), {packet.begin(), packet.end()}});
        output_.closed_exchanges.push_back(exchange);
    }
    void failed(base::TimePoint, dns::ExchangeId exchange) override {
        constexpr std::string_view kFailed{"\0\1failed", 8};
        output_.replies.push_back({static_cast<std::uint64_t>(exchange), {kFailed.begin(), kFailed.end()}});
    }
    void advance(base::TimePoint) override {
        for (auto& reply : later_)
            output_.replies.push_back(std::move(reply));
        later_.clear();
        due_.reset();
    }
    [[nodiscard]] std::optional<base::TimePoint> next_deadline() const override { return due_; }
    void take_output(dns::EngineOutput& output) override {
        std::swap(output, output_);
        output_.clear();
    }
    void reconfigure(base::TimePoint, dns::Forwarding) override {}
    void end_of_turn() override {}

  private:
    [[nodiscard]] std::vector<std::uint8_t> reply_to(Bytes packet) const {
        std::vector<std::uint8_t> reply{packet[0], packet[1]};
        reply.insert(reply.end(), word_.begin(), word_.end());
        return reply;
    }

    std::string word_;
    dns::UpstreamTransport upstream_;
    dns::EngineOutput output_;
    std::vector<dns::LateReply> later_;
    std::optional<base::TimePoint> due_;
};

}  // namespace fairlead::dns_server
