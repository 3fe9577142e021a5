#include "net/event_loop.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "net/event_loop_state.h"

namespace fairlead::net {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// Waits again and again until it is cancelled.
class ReadableWatch : public std::enable_shared_from_this<ReadableWatch> {
  public:
    ReadableWatch(asio::io_context& context, std::function<void()> ready)
        : descriptor_(context), ready_(std::move(ready)) {}

    error_code open(int fd) {
        error_code error;
        descriptor_.assign(fd, error);
        return error;
    }

    void wait() {
        descriptor_.async_wait(asio::posix::descriptor_base::wait_read,
                               [self = shared_from_this()](const error_code& error) {
                                   if (error || self->cancelled_) return;
                                   self->ready_();
                                   if (!self->cancelled_) self->wait();
                               });
    }

    void cancel() {
        cancelled_ = true;
        descriptor_.release();  // the caller owns the descriptor
    }

  private:
    asio::posix::stream_descriptor descriptor_;
    std::function<void()> ready_;
    bool cancelled_ = false;
};

class SignalWatch : public std::enable_shared_from_this<SignalWatch> {
  public:
    SignalWatch(asio::io_context& context, std::function<void(int)> received)
        : signals_(context), received_(std::move(received)) {}

    error_code add(int signal) {
        error_code error;
        signals_.add(signal, error);
        return error;
    }

    void wait() {
        signals_.async_wait([self = shared_from_this()](const error_code& error, int signal) {
            if (error || self->cancelled_) return;
            self->received_(signal);
            if (!self->cancelled_) self->wait();
        });
    }

    void cancel() {
        cancelled_ = true;
        error_code ignored;
        signals_.clear(ignored);
    }

  private:
    asio::signal_set signals_;
    std::function<void(int)> received_;
    bool cancelled_ = false;
};

}  // namespace

EventLoop::EventLoop() : state_(std::make_unique<State>()) {}
EventLoop::~EventLoop() = default;

void EventLoop::run() {
    auto keep_running = asio::make_work_guard(state_->context);
    state_->context.run();
    keep_running.reset();  // before restart: the end of the last work stops the context again
    state_->context.restart();
}

void EventLoop::stop() {
    state_->context.stop();
}

base::TimePoint EventLoop::now() const {
    return std::chrono::steady_clock::now();
}

base::WallTime EventLoop::wall_now() const {
    return std::chrono::system_clock::now();
}

void EventLoop::post(std::function<void()> task) {
    asio::post(state_->context, std::move(task));
}

Subscription EventLoop::after(base::Duration delay, std::function<void()> task) {
    auto timer = std::make_shared<asio::steady_timer>(state_->context, delay);
    auto cancelled = std::make_shared<bool>(false);
    timer->async_wait([timer, cancelled, task = std::move(task)](const error_code& error) {
        if (!error && !*cancelled) task();
    });
    return Subscription([timer, cancelled] {
        *cancelled = true;
        timer->cancel();
    });
}

base::Result<Subscription> EventLoop::watch_readable(int fd, std::function<void()> ready) {
    auto watch = std::make_shared<ReadableWatch>(state_->context, std::move(ready));
    if (const auto error = watch->open(fd)) return base::fail_errno(error.value(), "watch descriptor");
    watch->wait();
    return Subscription([watch] { watch->cancel(); });
}

base::Result<Subscription> EventLoop::on_signal(std::initializer_list<int> signals,
                                                std::function<void(int)> received) {
    auto watch = std::make_shared<SignalWatch>(state_->context, std::move(received));
    for (const int signal : signals)
        if (const auto error = watch->add(signal))
            return base::fail_errno(error.value(), "watch signal " + std::to_string(signal));
    watch->wait();
    return Subscription([watch] { watch->cancel(); });
}

}  // namespace fairlead::net
