#include "net/frame_tls.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>

namespace fairlead::net {

namespace {

using base::Result;
using boost::system::error_code;
namespace ssl = boost::asio::ssl;

/// SHA-256 of a certificate's SubjectPublicKeyInfo; empty if it has none that can be encoded.
std::vector<std::uint8_t> key_digest(X509* certificate) {
    unsigned char* encoded = nullptr;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &encoded);
    if (size <= 0) return {};
    std::vector<std::uint8_t> digest(EVP_MAX_MD_SIZE);
    unsigned length = 0;
    const int done =
        EVP_Digest(encoded, static_cast<std::size_t>(size), digest.data(), &length, EVP_sha256(), nullptr);
    OPENSSL_free(encoded);
    digest.resize(done == 1 ? length : 0);
    return digest;
}

/// Where a connection keeps its context; place 0 is Asio's.
int context_index() {
    static const int kIndex = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return kIndex;
}

}  // namespace

Result<std::unique_ptr<FrameTlsContext>> FrameTlsContext::make(const FrameTls& options,
                                                               std::string server_name) {
    std::unique_ptr<FrameTlsContext> tls{new FrameTlsContext};
    tls->server_name_ = std::move(server_name);
    tls->server_name_is_address_ = base::IpAddress::parse(tls->server_name_).has_value();
    tls->pins_ = options.key_pins;
    FAIRLEAD_CHECK(tls->configure(options));
    return tls;
}

Result<void> FrameTlsContext::configure(const FrameTls& options) {
    context_.set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 |
                         ssl::context::no_tlsv1_1);
    error_code failure;
    if (options.ca_pem.empty())
        context_.set_default_verify_paths(failure);
    else
        context_.add_certificate_authority(boost::asio::buffer(options.ca_pem), failure);
    if (failure)
        return base::fail(base::ErrorCode::kInvalid,
                          "certificate authorities of " + server_name_ + ": " + failure.message());
    context_.set_verify_mode(ssl::verify_peer);
    if (pins_.empty())
        context_.set_verify_callback(ssl::host_name_verification(server_name_));
    else
        // Called for each certificate of the chain, the server's own last.
        context_.set_verify_callback([this](bool, ssl::verify_context& verified) {
            auto* store = verified.native_handle();
            if (X509_STORE_CTX_get_error_depth(store) > 0) return true;
            const bool pinned = is_pinned(X509_STORE_CTX_get_current_cert(store));
            X509_STORE_CTX_set_error(store, pinned ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
            return pinned;
        });
    SSL_CTX_set_session_cache_mode(context_.native_handle(),
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context_.native_handle(), keep_session);
    return {};
}

bool FrameTlsContext::is_pinned(X509* certificate) const {
    return certificate != nullptr && std::ranges::find(pins_, key_digest(certificate)) != pins_.end();
}

void FrameTlsContext::prepare(SSL* connection) {
    SSL_set_ex_data(connection, context_index(), this);
    if (session_) SSL_set_session(connection, session_.get());
    // What SSL_set_tlsext_host_name expands to, without its C cast.
    if (!server_name_is_address_)
        SSL_ctrl(connection, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, server_name_.data());
}

int FrameTlsContext::keep_session(SSL* connection, SSL_SESSION* session) {
    auto* self = static_cast<FrameTlsContext*>(SSL_get_ex_data(connection, context_index()));
    self->session_.reset(session);
    return 1;  // the session is ours now
}

void FrameTlsContext::finish(SSL* connection) {
    SSL_set_shutdown(connection, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

std::string FrameTlsContext::certificate_problem(SSL* connection) {
    const auto verdict = SSL_get_verify_result(connection);
    return verdict == X509_V_OK ? "" : std::string("certificate: ") + X509_verify_cert_error_string(verdict);
}

}  // namespace fairlead::net
