#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <string>
#include <vector>

#include "net/http_server.h"

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t kPort = 8010;

/// A connected TCP socket, closed at its end.
class Client {
  public:
    Client() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in server{};
        server.sin_family = AF_INET;
        server.sin_port = htons(kPort);
        server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&server), sizeof server), 0);
    }
    Client(Client&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Client& operator=(Client&&) = delete;
    ~Client() {
        if (fd_ >= 0) close(fd_);
    }

    [[nodiscard]] int fd() const { return fd_; }
    void ask() const {
        const std::string request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        EXPECT_EQ(send(fd_, request.data(), request.size(), MSG_NOSIGNAL), std::ssize(request));
    }
    /// What has arrived by now; "closed" when the server ended the connection.
    [[nodiscard]] std::string received() const {
        std::array<char, 4096> buffer{};
        const auto size = recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (size < 0) return errno == EAGAIN ? "" : "closed";
        return size == 0 ? "closed" : std::string(buffer.data(), static_cast<std::size_t>(size));
    }

  private:
    int fd_;
};

class HttpServerLoadTest : public testing::Test {
  protected:
    void SetUp() override {
        auto server = HttpServer::listen(loop_, base::SocketAddress::parse("127.0.0.1:8010").value(),
                                         [](const HttpQuestion&) { return HttpAnswer{}; });
        ASSERT_TRUE(server) << server.error().message;
        server_ = *std::move(server);
    }

    /// Runs the loop until something arrives at `client`, at most 20 s.
    std::string wait_for(const Client& client) {
        const auto watch = loop_.watch_readable(client.fd(), [this] { loop_.stop(); });
        const auto limit = loop_.after(20s, [this] { loop_.stop(); });
        loop_.run();
        return client.received();
    }

    EventLoop loop_;
    std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerLoadTest, ClosesTheConnectionThatWaitsLongestForOneMore) {
    const std::vector<Client> idle(64);
    const Client late;
    late.ask();
    EXPECT_TRUE(wait_for(late).starts_with("HTTP/1.1 200"));
    EXPECT_EQ(idle[0].received(), "closed");
    EXPECT_EQ(idle[1].received(), "");
    EXPECT_EQ(idle[63].received(), "");
}

TEST_F(HttpServerLoadTest, RestsWhileItHasNoDescriptorsAndServesAgainAfterwards) {
    const Client client;
    client.ask();
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    const int lowest_free = dup(client.fd());
    close(lowest_free);
    const rlimit none{static_cast<rlim_t>(lowest_free), before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    const auto run = loop_.after(500ms, [this] { loop_.stop(); });
    const auto start = std::clock();
    loop_.run();
    const auto spent = std::clock() - start;
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(client.received(), "");
    EXPECT_LT(spent, CLOCKS_PER_SEC / 4) << "processor time of half a second: it must not spin";
    EXPECT_TRUE(wait_for(client).starts_with("HTTP/1.1 200"));
}

}  // namespace
}  // namespace fairlead::net
