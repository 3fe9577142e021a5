#include "agent/api_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "net/http_server.h"

namespace fairlead::agent {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;
namespace fs = std::filesystem;

class ApiClientTest : public testing::Test {
  protected:
    void SetUp() override { fs::create_directories(folder_); }
    void TearDown() override { fs::remove_all(folder_); }

    [[nodiscard]] std::string write(const std::string& name, const std::string& text) const {
        std::ofstream(folder_ / name) << text;
        return folder_ / name;
    }
    std::string refusal(const kube::ApiAccess& access) {
        const auto client = ApiClient::make(loop_, access);
        return client ? "none" : client.error().message;
    }
    /// Why a request fails, or "ok".
    std::string outcome(ApiClient& client) {
        std::string text = "ok";
        net::HttpHandlers handlers;
        handlers.on_head = [](const net::HttpHead&) {};
        handlers.on_body = [](std::string_view) {};
        handlers.on_end = [&] { loop_.stop(); };
        handlers.on_error = [&](const base::Error& error) {
            text = error.message;
            loop_.stop();
        };
        const auto exchange = client.get("/", std::move(handlers));
        loop_.run();
        return text;
    }

    net::EventLoop loop_;
    fs::path folder_ = "/tmp/fairlead-client-test-" + std::to_string(getpid());
};

TEST_F(ApiClientTest, NamesTheFieldThatCannotWorkAtTheStart) {
    kube::ApiAccess access;
    access.server = "https://10.0.0.1:6443";
    auto wrong = access;
    wrong.certificate_authority.file = folder_ / "missing.pem";
    EXPECT_THAT(refusal(wrong), StartsWith("certificate-authority: " + (folder_ / "missing.pem").string()));
    wrong.certificate_authority.file = write("empty.pem", "");
    EXPECT_THAT(refusal(wrong),
                HasSubstr("certificate-authority: " + (folder_ / "empty.pem").string() + " is empty"));
    wrong.certificate_authority = {"no PEM", ""};
    EXPECT_THAT(refusal(wrong), StartsWith("certificate-authority: "));
    wrong = access;
    wrong.client_certificate = {"no PEM", ""};
    EXPECT_THAT(refusal(wrong), StartsWith("client-certificate: "));
    wrong = access;
    wrong.server = "https://jo:secret@10.0.0.1";
    EXPECT_EQ(refusal(wrong), "server: a user does not belong into the URL");
    wrong = access;
    wrong.proxy_url = "socks5://jo:secret@p";
    EXPECT_THAT(refusal(wrong), StartsWith("proxy-url: 'p' is not"));
}

TEST_F(ApiClientTest, EmptyTokenFileIsAnErrorAndNotAnonymous) {
    const auto server = net::HttpServer::listen(loop_, base::SocketAddress::parse("127.0.0.1:18081").value(),
                                                [](const auto&) { return net::HttpAnswer{}; });
    ASSERT_TRUE(server) << server.error().message;
    kube::ApiAccess access;
    access.server = "http://127.0.0.1:18081";
    access.token_file = write("token", " \n");
    const auto client = ApiClient::make(loop_, access);
    ASSERT_TRUE(client) << client.error().message;
    EXPECT_EQ(outcome(**client), "tokenFile: " + access.token_file + " is empty");
    static_cast<void>(write("token", "abc\n"));
    EXPECT_EQ(outcome(**client), "ok") << "written meanwhile";
}

TEST_F(ApiClientTest, ReadsTheKubeconfigAnewWhenItsCredentialsAreRefused) {
    const auto config = [](const std::string& user) {
        return R"({"current-context":"a","contexts":[{"name":"a","context":{"cluster":"c","user":"u"}}],)"
               R"("clusters":[{"name":"c","cluster":{"server":"http://127.0.0.1:9"}}],"users":[{"name":"u","user":)" +
               user + "}]}";
    };
    Config options;
    options.kubeconfig = write("config", config(R"({"tokenFile":"old"})"));
    const auto access = find_api_access(options);
    ASSERT_TRUE(access) << access.error().message;
    const auto client = ApiClient::make(loop_, *access);
    ASSERT_TRUE(client) << client.error().message;
    EXPECT_THAT(outcome(**client), StartsWith("tokenFile: " + (folder_ / "old").string()));
    static_cast<void>(write("config", config(R"({"tokenFile":"new"})")));
    EXPECT_THAT(outcome(**client), StartsWith("tokenFile: " + (folder_ / "old").string()));
    (*client)->credentials_refused();
    EXPECT_THAT(outcome(**client), StartsWith("tokenFile: " + (folder_ / "new").string()));
    static_cast<void>(write("config", "["));
    (*client)->credentials_refused();
    EXPECT_THAT(outcome(**client), StartsWith("tokenFile: " + (folder_ / "new").string())) << "broken: kept";
}

}  // namespace
}  // namespace fairlead::agent
