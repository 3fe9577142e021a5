#include "cli/agent_client.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <thread>

namespace fairlead::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Answers one request after the other with fixed texts, and keeps what it was asked.
class CannedAgent {
  public:
    explicit CannedAgent(std::vector<std::string> answers) : answers_(std::move(answers)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        EXPECT_EQ(bind(listener_, std::bit_cast<const sockaddr*>(&address), size), 0);
        EXPECT_EQ(listen(listener_, 1), 0);
        EXPECT_EQ(getsockname(listener_, std::bit_cast<sockaddr*>(&address), &size), 0);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    ~CannedAgent() {
        if (thread_.joinable()) thread_.join();
        close(listener_);
    }
    CannedAgent(const CannedAgent&) = delete;
    CannedAgent& operator=(const CannedAgent&) = delete;

    [[nodiscard]] base::SocketAddress address() const {
        return base::SocketAddress::parse("127.0.0.1:" + std::to_string(port_)).value();
    }
    /// Once all answers were fetched.
    const std::vector<std::string>& requests() {
        thread_.join();
        return requests_;
    }

  private:
    void serve() {
        for (const auto& answer : answers_) {
            const int connection = accept(listener_, nullptr, nullptr);
            std::string request;
            std::array<char, 4096> chunk{};
            while (!request.contains("\r\n\r\n")) {
                const auto size = recv(connection, chunk.data(), chunk.size(), 0);
                if (size <= 0) break;
                request.append(chunk.data(), static_cast<std::size_t>(size));
            }
            requests_.push_back(request);
            EXPECT_EQ(send(connection, answer.data(), answer.size(), MSG_NOSIGNAL), ssize_t(answer.size()));
            close(connection);
        }
    }

    int listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    std::uint16_t port_ = 0;
    std::vector<std::string> answers_;
    std::vector<std::string> requests_;
    std::thread thread_;
};

TEST(FetchPage, SendsTheTagOfThePageItKnowsAndTakesThatItIsStillTheSame) {
    CannedAgent agent{{"HTTP/1.1 200 OK\r\netag: \"7\"\r\nContent-Length: 4\r\n\r\npage",
                       "HTTP/1.1 304 Not Modified\r\nETag: \"7\"\r\n\r\n"}};
    const auto first = fetch_page(agent.address(), "/services?namespace=shop").value();
    EXPECT_EQ(first.body, "page");
    EXPECT_EQ(first.etag, "\"7\"");
    const auto second = fetch_page(agent.address(), "/services", first.etag).value();
    EXPECT_TRUE(second.unchanged);
    EXPECT_EQ(second.etag, "\"7\"");
    const auto& requests = agent.requests();
    EXPECT_THAT(requests[0], HasSubstr("GET /services?namespace=shop HTTP/1.1\r\n"));
    EXPECT_THAT(requests[0], Not(HasSubstr("If-None-Match")));
    EXPECT_THAT(requests[1], HasSubstr("If-None-Match: \"7\"\r\n"));
}

TEST(FetchPage, SaysWhatAnAgentThatRefusesSaid) {
    CannedAgent agent{{"HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\nno page"}};
    EXPECT_THAT(fetch_page(agent.address(), "/x").error().message, HasSubstr("status 404: no page"));
}

TEST(AgentIsReady, IsWhatThePageStatusSays) {
    const struct {
        std::string body;
        std::optional<bool> ready;
    } cases[] = {{R"({"ready":true})", true}, {R"({"ready":false})", false}, {"[]", {}}, {"", {}}};
    for (const auto& [body, ready] : cases) {
        CannedAgent agent{
            {"HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body}};
        const auto answered = agent_is_ready(agent.address());
        EXPECT_EQ(answered ? std::optional(*answered) : std::nullopt, ready) << body;
        EXPECT_THAT(agent.requests()[0], HasSubstr("GET /status HTTP/1.1"));
    }
}

}  // namespace
}  // namespace fairlead::cli
