#include "net/frame_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "support/command.h"

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
using test::output_of;
using testing::HasSubstr;

std::vector<std::uint8_t> bytes_of(std::string_view text) {
    return {text.begin(), text.end()};
}

/// A DNS-over-TLS server of five lines that sends each frame back and closes after as many as it is told.
constexpr const char* kServer = R"(
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1] + '/cert.pem', sys.argv[1] + '/key.pem')
listener = socket.create_server(('127.0.0.1', 8853))
print('ready', flush=True)
while True:
    plain, _ = listener.accept()
    try:
        with context.wrap_socket(plain, server_side=True) as connection:
            for _ in range(int(sys.argv[2])):
                size = connection.recv(2)
                if len(size) < 2: break
                connection.sendall(size + connection.recv(size[0] << 8 | size[1]))
    except OSError as error:
        pass
)";

class FrameClientTest : public testing::Test {
  protected:
    void SetUp() override {
        std::filesystem::create_directories(folder_);
        std::ofstream(folder_ + "/server.py") << kServer;
        output_of(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=dns.test "
            "-addext subjectAltName=DNS:dns.test -keyout " +
            folder_ + "/key.pem -out " + folder_ + "/cert.pem 2>/dev/null");
    }
    void TearDown() override {
        if (server_ > 0) {
            kill(server_, SIGKILL);
            waitpid(server_, nullptr, 0);
        }
        std::filesystem::remove_all(folder_);
    }

    void start_server(int frames) {
        server_ = fork();
        if (server_ == 0) {
            const auto script = folder_ + "/server.py";
            const auto count = std::to_string(frames);
            if (freopen((folder_ + "/out").c_str(), "w", stdout) == nullptr) _exit(1);
            execlp("python3", "python3", script.c_str(), folder_.c_str(), count.c_str(), nullptr);
            _exit(1);
        }
        while (output_of("cat " + folder_ + "/out 2>/dev/null || true") != "ready\n")
            usleep(10'000);
    }
    [[nodiscard]] std::string certificate() const { return output_of("cat " + folder_ + "/cert.pem"); }
    [[nodiscard]] std::vector<std::uint8_t> key_pin() const {
        return bytes_of(output_of("openssl x509 -in " + folder_ +
                                  "/cert.pem -pubkey -noout | openssl pkey -pubin "
                                  "-outform der | openssl dgst -sha256 -binary"));
    }

    /// Sends `count` frames, each after the answer to the one before; what came back, or why it ended.
    std::string talk(const FrameTls& tls, int count = 1) {
        std::string result;
        FrameClient::Options options;
        options.server = {base::IpAddress::parse("127.0.0.1").value(), 8853};
        options.tls = true;
        options.tls_options = tls;
        int left = count;
        auto again = [&] { EXPECT_TRUE(client_->send(bytes_of("hello"))); };
        FrameClient::Listener listener;
        listener.received = [&](std::span<const std::uint8_t> frame) {
            result.append(frame.begin(), frame.end());
            if (--left == 0) return loop_.stop();
            pause_ = loop_.after(20ms, again);  // for the server may close now
        };
        listener.closed = [&](const base::Error& why) {
            if (why.message.empty()) return;
            result = why.message;
            loop_.stop();
        };
        auto made = FrameClient::make(loop_, options, std::move(listener));
        if (!made) return made.error().message;
        client_ = *std::move(made);
        again();
        const auto limit = loop_.after(8s, [this] { loop_.stop(); });
        loop_.run();
        counts_ = client_->counts();
        client_.reset();
        return result;
    }

    std::string folder_ = "/tmp/fairlead-frame-client-" + std::to_string(getpid());
    pid_t server_ = -1;
    EventLoop loop_;
    Subscription pause_;
    std::unique_ptr<FrameClient> client_;
    FrameClient::Counts counts_;
};

TEST_F(FrameClientTest, TakesACertificateThatHasTheNameOrTheKeyAndNoOther) {
    start_server(1);
    const auto right = key_pin();
    auto wrong = right;
    wrong.front() ^= 1U;
    struct Case {
        const char* what;
        FrameTls tls;
        const char* result;
    };
    const Case cases[] = {
        {"name and authority", {"dns.test", {}, certificate()}, "hello"},
        {"another name", {"other.test", {}, certificate()}, "TLS to 127.0.0.1:8853: certificate: "},
        {"an unknown authority", {"dns.test", {}, ""}, "certificate: self-signed certificate"},
        {"the key, whatever else", {"other.test", {wrong, right}, ""}, "hello"},
        {"another key", {"dns.test", {wrong}, certificate()}, "certificate: certificate rejected"},
        {"no certificates", {"dns.test", {}, "nonsense"}, "certificate authorities of dns.test"},
    };
    for (const auto& [what, tls, result] : cases)
        EXPECT_THAT(talk(tls), HasSubstr(result)) << what;
}

TEST_F(FrameClientTest, TakesUpTheSessionWhenTheServerHasClosedTheConnection) {
    start_server(1);
    EXPECT_EQ(talk({"dns.test", {}, certificate()}, 3), "hellohellohello");
    EXPECT_EQ(counts_.connections, 3U);
    EXPECT_EQ(counts_.resumed_sessions, 2U);
}

TEST_F(FrameClientTest, KeepsAConnectionForManyFrames) {
    start_server(100);
    EXPECT_EQ(talk({"dns.test", {}, certificate()}, 3), "hellohellohello");
    EXPECT_EQ(counts_.connections, 1U);
}

TEST_F(FrameClientTest, SaysThatNobodyIsThere) {
    EXPECT_EQ(talk({"dns.test", {}, certificate()}), "TLS to 127.0.0.1:8853: connect: Connection refused");
}

}  // namespace
}  // namespace fairlead::net
