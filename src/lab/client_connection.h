#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "lab/conntrack_stage.h"

namespace fairlead::lab {

/// How a transfer went, as the client saw it.
struct Transfer {
    enum class End {
        kComplete,
        kReset,        ///< ECONNRESET
        kSilence,      ///< nothing came any more, and nobody said why
        kNoConnection  ///< it never began: connect timed out
    };
    std::size_t received_bytes = 0;
    std::size_t wanted_bytes = 0;
    End end = End::kComplete;
    bool server_was_reset = false;  ///< the server's side ended by ECONNRESET or EPIPE

    friend bool operator==(const Transfer&, const Transfer&) = default;
};

/// "complete, 1,024 KiB", "reset after 512 of 1,024 KiB", "silence after ...", "no connection".
std::string describe(const Transfer& transfer);

/// A TCP connection from a stage's client through its Service, both ends of which are held here.
class ClientConnection {
  public:
    /// kUnavailable when the server does not answer within 2 s.
    static base::Result<ClientConnection> open(const ConntrackStage& stage, base::Family family);
    ClientConnection(ClientConnection&& other) noexcept;
    ClientConnection& operator=(ClientConnection&&) = delete;
    ~ClientConnection();

    [[nodiscard]] const base::SocketAddress& client() const { return client_; }

    /// The client asks, and the server answers with `bytes` (at most kMostChunkBytes): what came is added to
    /// `transfer`, which ends if that was not all of it.
    void ask(std::size_t bytes, Transfer& transfer);
    static constexpr std::size_t kMostChunkBytes = std::size_t{16} << 10U;

    /// The client says that it has asked everything, and goes on reading (a half-closed connection).
    base::Result<void> close_clients_half();
    /// The server sends `bytes` (at most kMostChunkBytes) without being asked.
    void send_unasked(std::size_t bytes, Transfer& transfer);

  private:
    ClientConnection(int client_fd, int server_fd, const base::SocketAddress& client)
        : client_fd_(client_fd), server_fd_(server_fd), client_(client) {}
    void receive(std::size_t bytes, Transfer& transfer) const;

    int client_fd_;
    int server_fd_;
    base::SocketAddress client_;
};

}  // namespace fairlead::lab
