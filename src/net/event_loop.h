#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <utility>

#include "base/result.h"
#include "base/time.h"

namespace fairlead::net {

/// Cancels what it was returned for when destroyed. Movable.
class Subscription {
  public:
    Subscription() = default;
    explicit Subscription(std::function<void()> cancel) : cancel_(std::move(cancel)) {}
    Subscription(Subscription&& other) noexcept : cancel_(std::exchange(other.cancel_, nullptr)) {}
    Subscription& operator=(Subscription&& other) noexcept {
        if (this != &other) {
            reset();
            cancel_ = std::exchange(other.cancel_, nullptr);
        }
        return *this;
    }
    ~Subscription() { reset(); }

    void reset() {
        if (auto cancel = std::exchange(cancel_, nullptr)) cancel();
    }

  private:
    std::function<void()> cancel_;
};

/// The one thread on which the agent decides. Every callback of net/ runs inside run(); only post() may be
/// called from another thread.
class EventLoop {
  public:
    EventLoop();
    ~EventLoop();
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    /// Runs until stop().
    void run();
    void stop();

    [[nodiscard]] base::TimePoint now() const;
    [[nodiscard]] base::WallTime wall_now() const;

    /// Runs `task` soon, after what is queued now. Thread-safe.
    void post(std::function<void()> task);
    /// Runs `task` once, `delay` from now.
    [[nodiscard]] Subscription after(base::Duration delay, std::function<void()> task);
    /// Calls `ready` whenever `fd` is readable (level-triggered: read until EAGAIN). Does not own `fd`.
    [[nodiscard]] base::Result<Subscription> watch_readable(int fd, std::function<void()> ready);
    /// Calls `received(signal)` for each of `signals` (SIGTERM, SIGINT, SIGHUP) instead of their default
    /// action.
    [[nodiscard]] base::Result<Subscription> on_signal(std::initializer_list<int> signals,
                                                       std::function<void(int)> received);

    /// The Asio executor behind it, for net/ itself only.
    struct State;
    [[nodiscard]] State& state() { return *state_; }

  private:
    std::unique_ptr<State> state_;
};

}  // namespace fairlead::net
