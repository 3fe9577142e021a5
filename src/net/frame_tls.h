#pragma once

// For .cpp files of net/ only.

#include <openssl/ssl.h>

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <memory>

#include "net/frame_client.h"

namespace fairlead::net {

/// The TLS side of one server: what is verified, and the session to take up again.
class FrameTlsContext {
  public:
    static base::Result<std::unique_ptr<FrameTlsContext>> make(const FrameTls& options,
                                                               std::string server_name);

    [[nodiscard]] boost::asio::ssl::context& context() { return context_; }
    /// Before the handshake of a connection.
    void prepare(SSL* connection);
    /// After its last use: the session stays good though nobody said goodbye. Frames have lengths, so that a
    /// cut is noticed without.
    static void finish(SSL* connection);
    /// Why a handshake failed, in words; empty if certificates had nothing to do with it.
    static std::string certificate_problem(SSL* connection);

  private:
    struct FreeSession {
        void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
    };

    FrameTlsContext() : context_(boost::asio::ssl::context::tls_client) {}
    base::Result<void> configure(const FrameTls& options);
    static int keep_session(SSL* connection, SSL_SESSION* session);
    [[nodiscard]] bool is_pinned(X509* certificate) const;

    boost::asio::ssl::context context_;
    std::string server_name_;
    bool server_name_is_address_ = false;
    std::vector<std::vector<std::uint8_t>> pins_;
    std::unique_ptr<SSL_SESSION, FreeSession> session_;
};

}  // namespace fairlead::net
