#include "net/query_sockets.h"

#include <net/if.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <deque>
#include <unordered_map>
#include <vector>

#include "net/connected_socket.h"
#include "net/descriptor.h"

namespace fairlead::net {

namespace {

using base::Result;

constexpr int kEventsAtOnce = 64;
constexpr std::size_t kLargestReplyBytes = 65'535;

}  // namespace

class QuerySockets::State {
  public:
    State(EventLoop& loop, const Options& options, Listener listener)
        : loop_(loop), options_(options), listener_(std::move(listener)), buffer_(kLargestReplyBytes) {}

    /// All sockets behind one descriptor: the event loop keeps no state of each.
    Result<void> open() {
        poll_ = Descriptor{epoll_create1(EPOLL_CLOEXEC)};
        if (poll_.get() < 0) return base::fail_errno(errno, "epoll_create1");
        FAIRLEAD_TRY(watch_, loop_.watch_readable(poll_.get(), [this] { look(); }));
        return {};
    }

    Result<void> ask(std::uint64_t exchange, const base::SocketAddress& server, std::uint32_t interface,
                     std::span<const std::uint8_t> bytes) {
        if (sockets_.size() >= options_.limit)
            return base::fail(base::ErrorCode::kBusy, "UDP to " + server.to_string() + ": " +
                                                          std::to_string(options_.limit) +
                                                          " questions are under way");
        FAIRLEAD_TRY(auto socket, connect_udp(server, interface));
        if (send(socket.get(), bytes.data(), bytes.size(), MSG_DONTWAIT) < 0)
            return base::fail_errno(errno, "UDP to " + server.to_string());
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = exchange;
        if (epoll_ctl(poll_.get(), EPOLL_CTL_ADD, socket.get(), &event) != 0)
            return base::fail_errno(errno, "UDP to " + server.to_string());
        const auto closes = loop_.now() + options_.life;
        sockets_.insert_or_assign(exchange, Question{std::move(socket), server, closes});
        ends_.push_back({closes, exchange});
        if (!timer_set_) set_timer();
        return {};
    }

    void forget(std::uint64_t exchange) { sockets_.erase(exchange); }
    [[nodiscard]] std::size_t open_sockets() const { return sockets_.size(); }

  private:
    struct Question {
        Descriptor socket;
        base::SocketAddress server;
        base::TimePoint closes;
    };
    struct End {
        base::TimePoint at;
        std::uint64_t exchange;
    };

    void look() {
        std::array<epoll_event, kEventsAtOnce> events{};
        const int count = epoll_wait(poll_.get(), events.data(), kEventsAtOnce, 0);
        for (int i = 0; i < count; ++i)
            receive(events[static_cast<std::size_t>(i)].data.u64);
    }

    void receive(std::uint64_t exchange) {
        // A listener may have ended this one when another came in.
        const auto found = sockets_.find(exchange);
        if (found == sockets_.end()) return;
        const auto size = recv(found->second.socket.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
        if (size >= 0) {
            if (listener_.received(exchange, std::span{buffer_}.first(static_cast<std::size_t>(size))))
                sockets_.erase(exchange);
            return;
        }
        if (errno == EAGAIN || errno == EINTR) return;
        const auto error = base::fail_errno(errno, "UDP to " + found->second.server.to_string());
        sockets_.erase(found);
        listener_.failed(exchange, error.error());
    }

    /// Ends are in order of time, for all live equally long.
    void set_timer() {
        timer_set_ = !ends_.empty();
        if (!timer_set_) return;
        timer_ = loop_.after(ends_.front().at - loop_.now(), [this] {
            const auto now = loop_.now();
            for (; !ends_.empty() && ends_.front().at <= now; ends_.pop_front()) {
                const auto found = sockets_.find(ends_.front().exchange);
                if (found != sockets_.end() && found->second.closes <= now) sockets_.erase(found);
            }
            set_timer();
        });
    }

    EventLoop& loop_;
    Options options_;
    Listener listener_;
    Descriptor poll_;
    Subscription watch_;
    Subscription timer_;
    bool timer_set_ = false;
    std::unordered_map<std::uint64_t, Question> sockets_;
    std::deque<End> ends_;
    std::vector<std::uint8_t> buffer_;
};

std::uint32_t interface_index(const std::string& name) {
    return if_nametoindex(name.c_str());
}

QuerySockets::QuerySockets(std::unique_ptr<State> state) : state_(std::move(state)) {}
QuerySockets::~QuerySockets() = default;

Result<std::unique_ptr<QuerySockets>> QuerySockets::open(EventLoop& loop, const Options& options,
                                                         Listener listener) {
    auto state = std::make_unique<State>(loop, options, std::move(listener));
    FAIRLEAD_CHECK(state->open());
    return std::unique_ptr<QuerySockets>(new QuerySockets(std::move(state)));
}

Result<void> QuerySockets::ask(std::uint64_t exchange, const base::SocketAddress& server,
                               std::uint32_t interface, std::span<const std::uint8_t> bytes) {
    return state_->ask(exchange, server, interface, bytes);
}

void QuerySockets::forget(std::uint64_t exchange) {
    state_->forget(exchange);
}

std::size_t QuerySockets::open_sockets() const {
    return state_->open_sockets();
}

}  // namespace fairlead::net
