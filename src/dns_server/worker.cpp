#include "dns_server/worker.h"

#include <algorithm>
#include <array>
#include <bit>
#include <future>
#include <tuple>
#include <utility>

#include "base/counts.h"

namespace fairlead::dns_server {

namespace {

using base::Result;

// After so many batches of one socket the others have their turn.
constexpr int kBatchesInATurn = 4;
// A message to or from an upstream takes several times what an answer at hand does. After so many the clients
// are looked after, or one pod's lookups would hold up the answers to all others.
constexpr unsigned kUpstreamMessagesAtOnce = 8;
// As often in a turn, or clients that come faster than upstreams fail would keep all others waiting.
constexpr unsigned kLooksInATurn = 32;
constexpr std::size_t kLargestTcpReplyBytes = 65'535;
constexpr std::chrono::milliseconds kLookIfDone{5};
/// It is a matter of microseconds; the heartbeat must not be late for it.
constexpr std::chrono::seconds kMostReconfigureTime{1};

using Numbers = base::NumberedCounts<WorkerCounts>;
constexpr std::size_t kNumbers = std::tuple_size_v<Numbers>;

}  // namespace

/// Each count by itself is one that was; together they may be of two turns.
struct Worker::Published {
    std::array<std::atomic<std::uint64_t>, kNumbers> numbers{};
};

Worker::Worker(const WorkerOptions& options, std::unique_ptr<QueryHandler> handler,
               std::function<void(const std::string&)> problem)
    : handler_(std::move(handler)),
      problem_(std::move(problem)),
      pending_(options.pending_clients),
      frame_reply_(kLargestTcpReplyBytes),
      published_(std::make_unique<Published>()) {}

Result<std::unique_ptr<Worker>> Worker::start(const WorkerOptions& options,
                                              std::unique_ptr<QueryHandler> handler,
                                              std::function<void(const std::string&)> problem) {
    std::unique_ptr<Worker> worker{new Worker(options, std::move(handler), std::move(problem))};
    FAIRLEAD_CHECK(worker->open(options));
    worker->thread_ = std::thread([it = worker.get()] { it->run(); });
    return worker;
}

Result<void> Worker::open(const WorkerOptions& options) {
    sockets_.reserve(options.listen.size());
    for (const auto& at : options.listen)
        FAIRLEAD_CHECK(listen(options, at));
    FAIRLEAD_TRY(upstreams_, open_links(options.upstreams));
    return {};
}

Result<std::unique_ptr<UpstreamLinks>> Worker::open_links(std::vector<dns::UpstreamServer> upstreams) {
    UpstreamLinks::Listener listener;
    listener.received = [this](dns::ExchangeId exchange, Bytes packet) {
        handler_->received(loop_.now(), exchange, packet);
        note_upstream_message();
        end_turn();
    };
    listener.failed = [this](dns::ExchangeId exchange) {
        handler_->failed(loop_.now(), exchange);
        end_turn();
    };
    listener.problem = [this](const std::string& message) { problem_(message); };
    return UpstreamLinks::open(loop_, std::move(upstreams), std::move(listener));
}

Result<void> Worker::reconfigure(std::vector<dns::UpstreamServer> upstreams, dns::Forwarding forwarding) {
    // Shared, for the worker may come to it when nobody waits any more.
    const auto done = std::make_shared<std::promise<Result<void>>>();
    auto result = done->get_future();
    const auto shared = std::make_shared<dns::Forwarding>(std::move(forwarding));
    loop_.post([this, done, upstreams = std::move(upstreams), shared] {
        done->set_value(forward(upstreams, std::move(*shared)));
    });
    if (result.wait_for(kMostReconfigureTime) == std::future_status::ready) return result.get();
    return base::fail(base::ErrorCode::kBusy, "a worker does not respond");
}

Result<void> Worker::forward(std::vector<dns::UpstreamServer> upstreams, dns::Forwarding forwarding) {
    FAIRLEAD_TRY(upstreams_, open_links(std::move(upstreams)));
    handler_->reconfigure(loop_.now(), std::move(forwarding));
    end_turn();
    return {};
}

Result<void> Worker::listen(const WorkerOptions& options, const ListenAddress& at) {
    net::BindOptions bind{at.address, at.transparent, true, options.udp_receive_buffer_bytes};
    FAIRLEAD_TRY(auto socket, net::UdpBatchSocket::open(bind));
    const auto index = sockets_.size();
    FAIRLEAD_TRY(auto watch, loop_.watch_readable(socket.fd(), [this, index] { serve_datagrams(index); }));
    bind.address.port = socket.address().port;
    bind.receive_buffer_bytes = 0;
    FAIRLEAD_TRY(auto server,
                 net::FrameServer::listen(loop_, bind, options.tcp,
                                          [this, index](const net::FrameServer::Client& client, Bytes frame) {
                                              return serve_frame(index, client, frame);
                                          }));
    addresses_.push_back(socket.address());
    sockets_.push_back(std::move(socket));
    watches_.push_back(std::move(watch));
    servers_.push_back(std::move(server));
    return {};
}

Worker::~Worker() {
    if (!thread_.joinable()) return;
    loop_.post([this] { loop_.stop(); });
    thread_.join();
}

void Worker::run() {
    loop_.run();
    // Here, for they may call back; and who asks from now on shall not wait for an answer.
    watches_.clear();
    sockets_.clear();
    servers_.clear();
    upstreams_.reset();
}

void Worker::serve_datagrams(std::size_t index) {
    for (int i = 0; i < kBatchesInATurn; ++i)
        if (serve_batch(index) < net::UdpBatchSocket::kBatch) break;
    end_turn();
}

std::size_t Worker::serve_batch(std::size_t index) {
    auto& socket = sockets_[index];
    const auto batch = socket.receive();
    const auto now = loop_.now();
    for (const auto& datagram : batch) {
        const dns::Client client{datagram.peer.remote.address, dns::ClientTransport::kUdp,
                                 pending_.next_token()};
        const auto handled = handler_->handle(now, client, datagram.bytes, socket.space());
        if (handled.handling == dns::Handling::kReply)
            socket.commit(datagram.peer, handled.reply_bytes);
        else if (handled.handling == dns::Handling::kLater)
            pending_.hold({0, false, index, datagram.peer, 0});
    }
    socket.flush();
    return batch.size();
}

bool Worker::serve_frame(std::size_t index, const net::FrameServer::Client& from, Bytes frame) {
    const dns::Client client{from.remote.address, dns::ClientTransport::kTcp, pending_.next_token()};
    const auto handled = handler_->handle(loop_.now(), client, frame, frame_reply_);
    if (handled.handling == dns::Handling::kSilence) return false;
    if (handled.handling == dns::Handling::kLater)
        pending_.hold({0, true, index, {}, from.connection});
    else
        servers_[index]->answer(from.connection, std::span{frame_reply_}.first(handled.reply_bytes));
    end_turn();
    return true;
}

void Worker::end_turn() {
    // A question that cannot be sent is told to the handler at once, which thinks of another one.
    turn_again_ = in_turn_;
    if (std::exchange(in_turn_, true)) return;
    do {
        turn_again_ = false;
        send_output();
    } while (turn_again_);
    in_turn_ = false;
    looks_ = 0;
    handler_->end_of_turn();
    publish();
    set_timer();
}

void Worker::send_output() {
    output_.clear();
    handler_->take_output(output_);
    for (const auto& reply : output_.replies)
        send_late(reply);
    for (const auto exchange : output_.closed_exchanges)
        upstreams_->forget(exchange);
    for (const auto& query : output_.queries) {
        upstreams_->send(query);
        note_upstream_message();
    }
    for (auto& socket : sockets_)
        socket.flush();
}

void Worker::note_upstream_message() {
    if (++upstream_messages_ < kUpstreamMessagesAtOnce || looks_ == kLooksInATurn) return;
    upstream_messages_ = 0;
    ++looks_;
    for (std::size_t i = 0; i < sockets_.size(); ++i)
        serve_batch(i);
    turn_again_ = true;
}

void Worker::send_late(const dns::LateReply& reply) {
    const auto* client = pending_.take(reply.token);
    ++(client == nullptr ? counts_.forgotten_clients : counts_.late_replies);
    if (client == nullptr) return;
    if (client->over_tcp) return servers_[client->socket]->answer(client->connection, reply.bytes);
    auto& socket = sockets_[client->socket];
    const auto space = socket.space();
    const auto size = std::min(space.size(), reply.bytes.size());
    std::copy_n(reply.bytes.begin(), size, space.begin());
    socket.commit(client->peer, size);
}

void Worker::set_timer() {
    const auto next = handler_->next_deadline();
    if (!next || (timer_at_ && *timer_at_ <= *next)) return;
    timer_at_ = next;
    timer_ = loop_.after(std::max(*next - loop_.now(), base::Duration::zero()), [this] {
        timer_at_.reset();
        handler_->advance(loop_.now());
        end_turn();
    });
}

void Worker::publish() {
    auto counts = counts_;
    for (const auto& socket : sockets_)
        base::add_counts(counts.udp, socket.counts());
    for (const auto& server : servers_)
        base::add_counts(counts.tcp, server->counts());
    const auto numbers = std::bit_cast<Numbers>(counts);
    for (std::size_t i = 0; i < kNumbers; ++i)
        published_->numbers[i].store(numbers[i], std::memory_order_relaxed);
}

WorkerCounts Worker::counts() const {
    Numbers numbers{};
    for (std::size_t i = 0; i < kNumbers; ++i)
        numbers[i] = published_->numbers[i].load(std::memory_order_relaxed);
    return std::bit_cast<WorkerCounts>(numbers);
}

bool Worker::responds() {
    const auto asked = asked_to_respond_.load(std::memory_order_relaxed);
    const bool responded = responded_.load(std::memory_order_relaxed) == asked;
    if (responded) {
        asked_to_respond_.store(asked + 1, std::memory_order_relaxed);
        loop_.post([this, next = asked + 1] {
            end_turn();  // so that what a worker says of itself is at most a second old
            responded_.store(next, std::memory_order_relaxed);
        });
    }
    return responded;
}

void Worker::drain() {
    loop_.post([this] {
        for (const auto& server : servers_)
            server->drain();
    });
}

void Worker::await_drained(base::Duration grace) {
    const auto limit = loop_.now() + grace;
    while (loop_.now() < limit) {
        std::promise<std::size_t> open;
        loop_.post([&] { open.set_value(open_connections()); });
        if (open.get_future().get() == 0) return;
        std::this_thread::sleep_for(kLookIfDone);
    }
}

void Worker::finish(base::Duration grace) {
    drain();
    loop_.post([this, grace] { stop_when_done(loop_.now() + grace); });
    thread_.join();
}

std::size_t Worker::open_connections() const {
    std::size_t open = 0;
    for (const auto& server : servers_)
        open += server->open_connections();
    return open;
}

void Worker::stop_when_done(base::TimePoint limit) {
    bool received = false;
    for (std::size_t i = 0; i < sockets_.size(); ++i)
        received |= serve_batch(i) > 0;
    end_turn();
    const bool done = !received && pending_.size() == 0 && open_connections() == 0;
    if (done || loop_.now() >= limit) return loop_.stop();
    stopping_ = loop_.after(kLookIfDone, [this, limit] { stop_when_done(limit); });
}

}  // namespace fairlead::dns_server
