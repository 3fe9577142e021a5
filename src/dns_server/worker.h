#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "dns_server/pending_clients.h"
#include "dns_server/query_handler.h"
#include "dns_server/upstream_links.h"
#include "net/event_loop.h"
#include "net/frame_server.h"
#include "net/udp_batch_socket.h"

namespace fairlead::dns_server {

/// Where a server answers.
struct ListenAddress {
    base::SocketAddress address;
    bool transparent = false;  ///< see net::BindOptions
};

struct WorkerOptions {
    std::vector<ListenAddress> listen;
    std::vector<dns::UpstreamServer> upstreams;
    net::FrameLimits tcp;
    int udp_receive_buffer_bytes = 4 << 20;
    std::size_t pending_clients = 16'384;
};

/// What a worker did since it was started. UDP and TCP of all its addresses together.
struct WorkerCounts {
    net::UdpCounts udp;
    net::FrameCounts tcp;
    std::uint64_t late_replies = 0;
    std::uint64_t forgotten_clients = 0;  ///< a late reply came too late
};

/// One thread that answers queries: sockets of its own on addresses that all workers share, and a handler.
class Worker {
  public:
    /// Binds sockets, so that the error names the address, and starts the thread. `problem` is called on it.
    static base::Result<std::unique_ptr<Worker>> start(const WorkerOptions& options,
                                                       std::unique_ptr<QueryHandler> handler,
                                                       std::function<void(const std::string&)> problem);
    /// Stops at once if drain() and finish() were not called.
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    // For any thread.

    /// As of its last turn.
    [[nodiscard]] WorkerCounts counts() const;
    /// With the port that the kernel chose where 0 was asked for.
    [[nodiscard]] const std::vector<base::SocketAddress>& addresses() const { return addresses_; }
    /// Whether it came to what the last call asked it to do. Due every second.
    bool responds();
    /// Forwards to these upstreams from now on, in the way that the handler is told of; nobody who waits is
    /// forgotten. Returns when it has happened. After an error, which says what cannot be used, all is as it
    /// was; kBusy: the worker does not respond, and may do it later.
    base::Result<void> reconfigure(std::vector<dns::UpstreamServer> upstreams, dns::Forwarding forwarding);
    /// Takes no TCP connection any more and closes those that are there once their queries are answered.
    void drain();
    /// Waits until drain() has closed all, for `grace` at most.
    void await_drained(base::Duration grace);
    /// Answers what has come and what waits for upstreams, for `grace` at most, and ends the thread.
    void finish(base::Duration grace);

  private:
    struct Published;

    Worker(const WorkerOptions& options, std::unique_ptr<QueryHandler> handler,
           std::function<void(const std::string&)> problem);
    base::Result<void> open(const WorkerOptions& options);
    base::Result<void> listen(const WorkerOptions& options, const ListenAddress& at);
    base::Result<std::unique_ptr<UpstreamLinks>> open_links(std::vector<dns::UpstreamServer> upstreams);
    base::Result<void> forward(std::vector<dns::UpstreamServer> upstreams, dns::Forwarding forwarding);
    void run();

    void serve_datagrams(std::size_t index);
    std::size_t serve_batch(std::size_t index);
    bool serve_frame(std::size_t index, const net::FrameServer::Client& client, Bytes frame);
    void end_turn();
    void send_output();
    void note_upstream_message();
    void send_late(const dns::LateReply& reply);
    void set_timer();
    void publish();
    void stop_when_done(base::TimePoint limit);
    [[nodiscard]] std::size_t open_connections() const;

    net::EventLoop loop_;
    std::unique_ptr<QueryHandler> handler_;
    std::function<void(const std::string&)> problem_;
    PendingClients pending_;
    std::vector<net::UdpBatchSocket> sockets_;
    std::vector<net::Subscription> watches_;
    std::vector<std::unique_ptr<net::FrameServer>> servers_;
    std::unique_ptr<UpstreamLinks> upstreams_;
    std::vector<base::SocketAddress> addresses_;
    std::vector<std::uint8_t> frame_reply_;
    dns::EngineOutput output_;
    net::Subscription timer_;
    std::optional<base::TimePoint> timer_at_;
    bool in_turn_ = false;
    bool turn_again_ = false;
    unsigned upstream_messages_ = 0;  // since the clients were looked after
    unsigned looks_ = 0;              // after the clients, in this turn
    net::Subscription stopping_;
    WorkerCounts counts_;
    std::unique_ptr<Published> published_;
    std::atomic<std::uint64_t> asked_to_respond_{0};
    std::atomic<std::uint64_t> responded_{0};
    std::thread thread_;
};

}  // namespace fairlead::dns_server
