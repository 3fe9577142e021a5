#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "agent/dns_metrics.h"
#include "dns/engine.h"
#include "dns/query_tap.h"
#include "dns_server/query_handler.h"

namespace fairlead::agent {

/// What one worker's engine says of itself, handed from its thread to another.
class EngineReports {
  public:
    /// As of some turn since the call before this one, or an older one if there was none. For the thread
    /// that reads.
    EngineReport ask_anew();
    /// Whether ask_anew() was called since put(). For the worker.
    [[nodiscard]] bool wanted() const { return wanted_.load(std::memory_order_relaxed); }
    void put(EngineReport report);

  private:
    std::atomic<bool> wanted_{true};
    std::mutex mutex_;
    EngineReport last_;
};

/// Lets an engine answer what a worker is asked.
class DnsHandler final : public dns_server::QueryHandler {
  public:
    /// `tap` is the engine's observer.
    DnsHandler(std::shared_ptr<dns::QueryTap> tap, std::unique_ptr<dns::Engine> engine,
               std::shared_ptr<EngineReports> reports)
        : tap_(std::move(tap)), engine_(std::move(engine)), reports_(std::move(reports)) {}

    dns::Handled handle(base::TimePoint now, const dns::Client& client, dns::Bytes packet,
                        std::span<std::uint8_t> out) override;
    void received(base::TimePoint now, dns::ExchangeId exchange, dns::Bytes packet) override;
    void failed(base::TimePoint now, dns::ExchangeId exchange) override;
    void advance(base::TimePoint now) override { engine_->advance(now); }
    [[nodiscard]] std::optional<base::TimePoint> next_deadline() const override {
        return engine_->next_deadline();
    }
    void take_output(dns::EngineOutput& output) override { engine_->take_output(output); }
    void reconfigure(base::TimePoint now, dns::Forwarding forwarding) override {
        engine_->reconfigure(now, std::move(forwarding));
    }
    void end_of_turn() override;

  private:
    std::shared_ptr<dns::QueryTap> tap_;
    std::unique_ptr<dns::Engine> engine_;
    std::shared_ptr<EngineReports> reports_;
    base::TimePoint now_{};
};

}  // namespace fairlead::agent
