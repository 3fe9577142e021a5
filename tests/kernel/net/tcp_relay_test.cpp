#include "net/tcp_relay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "support/command.h"

namespace fairlead::net {
namespace {

using testing::HasSubstr;

base::SocketAddress socket_address(std::string_view text) {
    return base::SocketAddress::parse(text).value();
}

/// An event loop on a thread, and a relay on it to these targets.
class RelayTest : public testing::Test {
  protected:
    RelayTest() : thread_([this] { loop_.run(); }) {}
    ~RelayTest() override {
        loop_.post([this] {
            relay_.reset();
            loop_.stop();
        });
        thread_.join();
    }

    std::string relay(const std::string& at, std::vector<std::string> to) {
        std::promise<std::string> result;
        loop_.post([&] {
            RelayTargets targets;
            targets.choose = [to] {
                std::vector<base::SocketAddress> addresses;
                for (const auto& text : to)
                    addresses.push_back(socket_address(text));
                return addresses;
            };
            targets.connected = [this](const base::SocketAddress& target) {
                connected_.push_back(target.to_string());
                if (goes_after_first_) loop_.post([this] { relay_.reset(); });
            };
            targets.refused = [this] { connected_.emplace_back("none"); };
            auto opened = TcpRelay::listen(loop_, socket_address(at), std::move(targets));
            if (opened) relay_ = *std::move(opened);
            result.set_value(opened ? "" : opened.error().message);
        });
        return result.get_future().get();
    }

    /// The targets that took connections; "none" for a connection that none took.
    std::vector<std::string> connected() {
        std::promise<std::vector<std::string>> result;
        loop_.post([&] { result.set_value(connected_); });
        return result.get_future().get();
    }

    EventLoop loop_;
    std::unique_ptr<TcpRelay> relay_;
    std::vector<std::string> connected_;
    bool goes_after_first_ = false;
    std::thread thread_;
};

/// Runs a Python program that has `connect(address, port)`, `serve(address, port)` (a listening socket) and
/// `read_all`.
std::string python(const std::string& program) {
    return test::output_of(
        "timeout 20 python3 -c '\nimport socket, threading\n"
        "def family(a): return socket.AF_INET6 if \":\" in a else socket.AF_INET\n"
        "def connect(a, p): s = socket.socket(family(a)); s.settimeout(10); s.connect((a, p)); return s\n"
        "def serve(a, p): return socket.create_server((a, p), family=family(a))\n"
        "def read_all(s): return b\"\".join(iter(lambda: s.recv(65536), b\"\"))\n" +
        program + "' 2>&1");
}

TEST_F(RelayTest, CarriesBothDirectionsUntilBothEnd) {
    for (const std::string host : {"127.0.0.1", "::1"}) {
        const std::string text = host == "::1" ? "[::1]" : host;
        ASSERT_EQ(relay(text + ":7000", {text + ":7001"}), "");
        EXPECT_EQ(python("server = serve(\"" + host + "\", 7001); client = connect(\"" + host + R"(", 7000)
peer, _ = server.accept()
data = bytes(range(256)) * 20000
sender = threading.Thread(target=lambda: (client.sendall(data), client.shutdown(socket.SHUT_WR)))
sender.start()
print(read_all(peer) == data)
peer.sendall(data[::-1]); peer.close()
print(read_all(client) == data[::-1])
)"),
                  "True\nTrue\n");
    }
}

TEST_F(RelayTest, PassesOverTargetsThatRefuse) {
    ASSERT_EQ(relay("127.0.0.1:7000", {"127.0.0.1:7002", "127.0.0.1:7001"}), "");
    EXPECT_EQ(python("server = serve(\"127.0.0.1\", 7001); client = connect(\"127.0.0.1\", 7000)\n"
                     "peer, _ = server.accept(); peer.sendall(b\"hello\"); print(client.recv(5))\n"),
              "b'hello'\n");
    EXPECT_THAT(connected(), testing::ElementsAre("127.0.0.1:7001"));
}

TEST_F(RelayTest, ResetsConnectionsThatNobodyTakes) {
    ASSERT_EQ(relay("127.0.0.1:7000", {}), "");
    EXPECT_THAT(python("print(connect(\"127.0.0.1\", 7000).recv(5))\n"), HasSubstr("ConnectionResetError"));
    ASSERT_EQ(relay("127.0.0.1:7003", {"127.0.0.1:7002"}), "");
    EXPECT_THAT(python("print(connect(\"127.0.0.1\", 7003).recv(5))\n"), HasSubstr("ConnectionResetError"));
    EXPECT_THAT(connected(), testing::ElementsAre("none", "none"));
}

TEST_F(RelayTest, TellsBothSidesOfAFailure) {
    ASSERT_EQ(relay("127.0.0.1:7000", {"127.0.0.1:7001"}), "");
    EXPECT_THAT(python(R"(server = serve("127.0.0.1", 7001); client = connect("127.0.0.1", 7000)
peer, _ = server.accept()
import struct; peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)); peer.close()
print(client.recv(5))
)"),
                HasSubstr("ConnectionResetError"));
}

TEST_F(RelayTest, LetsConnectionsLiveOnWhenItGoes) {
    goes_after_first_ = true;
    ASSERT_EQ(relay("127.0.0.1:7000", {"127.0.0.1:7001"}), "");
    EXPECT_EQ(python(R"(server = serve("127.0.0.1", 7001); client = connect("127.0.0.1", 7000)
peer, _ = server.accept()
while True:
    try: connect("127.0.0.1", 7000).close()
    except ConnectionRefusedError: break
    except ConnectionResetError: pass
client.sendall(b"still"); print(peer.recv(5))
)"),
              "b'still'\n");
}

TEST_F(RelayTest, SaysWhyItCannotListen) {
    ASSERT_EQ(relay("127.0.0.1:7000", {}), "");
    EXPECT_THAT(relay("127.0.0.1:7000", {}), HasSubstr("listen on 127.0.0.1:7000: Address already in use"));
}

}  // namespace
}  // namespace fairlead::net
