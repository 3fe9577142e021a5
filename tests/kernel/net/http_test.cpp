#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "net/files.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/process.h"
#include "support/command.h"

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
using test::output_of;
using testing::HasSubstr;
using testing::StartsWith;

base::SocketAddress address(std::string_view text) {
    return base::SocketAddress::parse(text).value();
}

/// What came of one request.
struct Outcome {
    unsigned status = 0;
    std::string body;
    std::string error;
    int ends = 0;
};

/// Runs the loop until the request is done, at most 20 s.
Outcome fetch(EventLoop& loop, const HttpServerAddress& server, const HttpRequest& request = {}) {
    Outcome outcome;
    const auto done = [&] {
        ++outcome.ends;
        loop.stop();
    };
    HttpHandlers handlers;
    handlers.on_head = [&](const HttpHead& head) { outcome.status = head.status; };
    handlers.on_body = [&](std::string_view bytes) { outcome.body += bytes; };
    handlers.on_end = done;
    handlers.on_error = [&](const base::Error& error) {
        outcome.error = error.message;
        done();
    };
    const auto exchange = send_http(loop, server, request, std::move(handlers));
    const auto limit = loop.after(20s, [&] { loop.stop(); });
    loop.run();
    return outcome;
}

HttpServer::Handler echo() {
    return [](const HttpQuestion& question) {
        return HttpAnswer{200, "text/plain", question.path + "|" + question.query};
    };
}

TEST(HttpServer, AnswersItsOwnClientInBothFamilies) {
    EventLoop loop;
    for (const std::string text : {"127.0.0.1:8000", "[::1]:8000"}) {
        const auto server = HttpServer::listen(loop, address(text), echo());
        ASSERT_TRUE(server) << server.error().message;
        const auto outcome =
            fetch(loop, {false, text.starts_with('[') ? "::1" : "127.0.0.1", 8000, {}, "", 0},
                  {"GET", "/a?b=c", {}, ""});
        EXPECT_EQ(outcome.status, 200U) << outcome.error;
        EXPECT_EQ(outcome.body, "/a|b=c");
        EXPECT_EQ(outcome.ends, 1);
    }
}

/// The output of curl while `loop` serves.
std::string curl(EventLoop& loop, const std::string& arguments) {
    std::string output;
    const auto run = run_program(loop, {"sh", {"-c", "curl -s -m 5 " + arguments}, {}}, 10s,
                                 [&](base::Result<std::string> result) {
                                     output = result ? *result : result.error().message;
                                     loop.stop();
                                 });
    loop.run();
    return output;
}

TEST(HttpServer, TreatsCurlAsHttpSays) {
    EventLoop loop;
    const auto server = HttpServer::listen(loop, address("127.0.0.1:8001"), echo());
    ASSERT_TRUE(server);
    EXPECT_EQ(curl(loop, "http://127.0.0.1:8001/x http://127.0.0.1:8001/y -w '%{num_connects}'"), "/x|1/y|0")
        << "keep-alive";
    EXPECT_THAT(curl(loop, "-i -X POST -d a http://127.0.0.1:8001/"), StartsWith("HTTP/1.1 405"));
    EXPECT_THAT(curl(loop, "-I http://127.0.0.1:8001/x"), HasSubstr("Content-Length: 3"));
    EXPECT_THAT(curl(loop, "-i -H \"X: $(printf %020000d 0)\" http://127.0.0.1:8001/"),
                StartsWith("HTTP/1.1 400"));
}

TEST(HttpServer, PassesEntityTagsBothWays) {
    EventLoop loop;
    const auto server = HttpServer::listen(loop, address("127.0.0.1:8004"), [](const HttpQuestion& question) {
        if (question.if_none_match == "\"v1\"") return HttpAnswer{304, "text/plain", "", "\"v1\""};
        return HttpAnswer{200, "text/plain", "body", "\"v1\""};
    });
    ASSERT_TRUE(server);
    const auto first = curl(loop, "-i http://127.0.0.1:8004/");
    EXPECT_THAT(first, testing::AllOf(HasSubstr("ETag: \"v1\""), HasSubstr("body")));
    const auto second = curl(loop, "-i -H 'If-None-Match: \"v1\"' http://127.0.0.1:8004/");
    EXPECT_THAT(second, testing::AllOf(StartsWith("HTTP/1.1 304"), HasSubstr("ETag: \"v1\""),
                                       testing::Not(HasSubstr("body"))));
}

TEST(HttpServer, NamesTheAddressThatItCannotHave) {
    EventLoop loop;
    const auto first = HttpServer::listen(loop, address("127.0.0.1:8002"), echo());
    ASSERT_TRUE(first);
    const auto second = HttpServer::listen(loop, address("127.0.0.1:8002"), echo());
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().message, HasSubstr("listen on 127.0.0.1:8002: Address already in use"));
}

TEST(HttpClient, NamesServerAndStepOfWhatFails) {
    EventLoop loop;
    EXPECT_EQ(fetch(loop, {false, "127.0.0.1", 9, {}, "", 0}).error,
              "127.0.0.1:9: connect: Connection refused");
    EXPECT_THAT(fetch(loop, {false, "no-such-host.invalid", 80, {}, "", 0}).error,
                StartsWith("no-such-host.invalid:80: resolve: "));
}

TEST(HttpClient, FindsAServerThatIsCutOffWithoutAWord) {
    // Whoever connects waits in the backlog: the server's kernel is there, and no program answers.
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in server{AF_INET, htons(8006), {htonl(INADDR_LOOPBACK)}, {}};
    ASSERT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&server), sizeof server), 0);
    ASSERT_EQ(::listen(listener, 1), 0);
    EventLoop loop;
    bool cut = false;
    const auto cutting = loop.after(4s, [&] {
        cut = true;
        output_of(
            "nft 'add table ip cut; add chain ip cut in { type filter hook input priority 0; };"
            "add rule ip cut in tcp sport 8006 drop; add rule ip cut in tcp dport 8006 drop'");
    });
    const auto outcome =
        fetch(loop, {false, "127.0.0.1", 8006, {}, "", 0}, {"GET", "/", {}, "", std::chrono::seconds(4)});
    EXPECT_TRUE(cut) << "a server that only takes its time is not gone";
    EXPECT_EQ(outcome.error, "127.0.0.1:8006: answer: Connection timed out");
    output_of("nft delete table ip cut");
    ::close(listener);
}

TEST(HttpClient, CallsNothingAfterItWasDropped) {
    EventLoop loop;
    const auto server = HttpServer::listen(loop, address("127.0.0.1:8003"), echo());
    ASSERT_TRUE(server);
    int calls = 0;
    HttpHandlers handlers;
    handlers.on_head = [&](const HttpHead&) { ++calls; };
    handlers.on_body = [&](std::string_view) { ++calls; };
    handlers.on_end = [&] { ++calls; };
    handlers.on_error = [&](const base::Error&) { ++calls; };
    {
        const auto dropped = send_http(loop, {false, "127.0.0.1", 8003, {}, "", 0}, {}, handlers);
    }
    const auto limit = loop.after(200ms, [&] { loop.stop(); });
    loop.run();
    EXPECT_EQ(calls, 0);
}

/// A Python server as independent peer: TLS with certificates of its own authority, and an odd server for
/// broken answers.
class HttpPeerTest : public testing::Test {
  protected:
    void SetUp() override {
        folder_ = "/tmp/fairlead-http-test-" + std::to_string(getpid());
        std::filesystem::create_directory(folder_);
        output_of("cd " + folder_ +
                  " && openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj "
                  "/CN=ca 2>/dev/null"
                  " && openssl req -newkey rsa:2048 -nodes -keyout s.key -out s.csr -subj /CN=s 2>/dev/null"
                  " && printf 'subjectAltName=DNS:localhost,IP:127.0.0.1' > san"
                  " && openssl x509 -req -in s.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile "
                  "san -out s.pem 2>/dev/null"
                  " && printf 'import "
                  "http.server,ssl\\ns=http.server.HTTPServer((\"127.0.0.1\",8443),http.server."
                  "SimpleHTTPRequestHandler)\\n"
                  "c=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)\\nc.load_cert_chain(\"s.pem\",\"s.key\")\\n"
                  "s.socket=c.wrap_socket(s.socket,server_side=True)\\ns.serve_forever()' > tls.py");
        server_ = output_of("cd " + folder_ + " && (python3 tls.py >/dev/null 2>&1 & echo $!)");
        output_of(
            "for i in $(seq 50); do curl -sk https://127.0.0.1:8443/ -o /dev/null && break; sleep 0.1; done");
    }
    void TearDown() override {
        output_of("kill " + server_);
        std::filesystem::remove_all(folder_);
    }

    Outcome fetch_with(const std::string& ca_file, const std::string& server_name, bool insecure = false) {
        TlsOptions tls;
        if (!ca_file.empty()) tls.ca_pem = read_file(folder_ + "/" + ca_file).value();
        tls.server_name = server_name;
        tls.insecure = insecure;
        return fetch(loop_, {true, "127.0.0.1", 8443, tls, "", 0}, {"GET", "/san", {}, ""});
    }

    EventLoop loop_;
    std::string folder_;
    std::string server_;
};

TEST_F(HttpPeerTest, VerifiesTheServerAndSaysInWordsWhatIsWrong) {
    EXPECT_EQ(fetch_with("ca.pem", "").body, "subjectAltName=DNS:localhost,IP:127.0.0.1");
    EXPECT_EQ(fetch_with("ca.pem", "localhost").status, 200U);
    EXPECT_THAT(fetch_with("ca.pem", "other.example").error, HasSubstr("127.0.0.1:8443: TLS: "));
    EXPECT_THAT(fetch_with("", "").error, HasSubstr("TLS: certificate: "));
    EXPECT_EQ(fetch_with("", "other.example", true).status, 200U) << "insecure";
}

TEST(HttpOddServer, BrokenAnswersEndInAnErrorNotInSilence) {
    const std::string path = "/tmp/fairlead-odd-server-" + std::to_string(getpid());
    for (const auto* answer :
         {"garbage\\r\\n\\r\\n", "HTTP/1.1 200 OK\\r\\nContent-Length: 100\\r\\n\\r\\nshort",
          "HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\nzz\\r\\n", ""}) {
        const std::string script =
            std::string(
                "import socket\ns=socket.socket()\ns.setsockopt(1,2,1)\ns.bind((\"127.0.0.1\",8444))\n") +
            "s.listen()\nprint(1,flush=True)\nc,_=s.accept()\nc.recv(4096)\nc.send(b\"" + answer +
            "\")\nc.close()";
        output_of("printf '%s' '" + script + "' > " + path);
        const auto started = output_of("mkfifo " + path + ".up; (python3 " + path + " > " + path +
                                       ".up &); head -1 " + path + ".up; rm " + path + ".up");
        ASSERT_EQ(started, "1\n");
        EventLoop loop;
        const auto outcome = fetch(loop, {false, "127.0.0.1", 8444, {}, "", 0});
        EXPECT_EQ(outcome.ends, 1) << answer;
        EXPECT_THAT(outcome.error, HasSubstr("127.0.0.1:8444: answer: ")) << answer;
        std::filesystem::remove(path);
    }
}

/// A Python server as independent peer that answers one connection and keeps what it was sent.
class OneShotPeerTest : public testing::Test {
  protected:
    void serve(const std::string& answer) const {
        const std::string script =
            "import socket\ns=socket.socket()\ns.setsockopt(1,2,1)\ns.bind((\"127.0.0.1\",8445))\n"
            "s.listen()\nprint(1,flush=True)\nc,_=s.accept()\nd=c.recv(4096)\n"
            "open(\"" +
            path_ + ".got\",\"wb\").write(d)\nc.send(b\"" + answer + "\")\nc.close()";
        output_of("printf '%s' '" + script + "' > " + path_);
        output_of("mkfifo " + path_ + ".up; (python3 " + path_ + " > " + path_ + ".up &); head -1 " + path_ +
                  ".up");
    }
    [[nodiscard]] std::string got() const { return read_file(path_ + ".got").value_or("nothing"); }
    void TearDown() override { output_of("rm -f " + path_ + " " + path_ + ".up " + path_ + ".got"); }

    EventLoop loop_;
    std::string path_ = "/tmp/fairlead-one-shot-" + std::to_string(getpid());
};

TEST_F(OneShotPeerTest, ProxyIsTheRightOneForIpv6ServersAndLearnsWhoWeAre) {
    serve("HTTP/1.1 407 Who\\r\\n\\r\\n");
    HttpServerAddress server{true, "fd00::1", 6443, {}, "127.0.0.1", 8445};
    server.proxy_authorization = "Basic am86cHc=";
    EXPECT_EQ(fetch(loop_, server).error, "[fd00::1]:6443: proxy CONNECT: the proxy answered 407");
    EXPECT_THAT(got(), StartsWith("CONNECT [fd00::1]:6443 HTTP/1.1\r\n"));
    EXPECT_THAT(got(), HasSubstr("Host: [fd00::1]:6443\r\n"));
    EXPECT_THAT(got(), HasSubstr("Proxy-Authorization: Basic am86cHc=\r\n"));
}

TEST_F(OneShotPeerTest, HeaderMayComeSeveralTimes) {
    serve("HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n");
    const auto outcome = fetch(loop_, {false, "127.0.0.1", 8445, {}, "", 0},
                               {"GET", "/", {{"Impersonate-Group", "a"}, {"Impersonate-Group", "b"}}, ""});
    EXPECT_EQ(outcome.status, 200U);
    EXPECT_THAT(got(), HasSubstr("Impersonate-Group: a\r\nImpersonate-Group: b\r\n"));
}

TEST(CheckTls, NamesTheTextThatIsNoPem) {
    EXPECT_TRUE(check_tls({}));
    const std::pair<TlsOptions, const char*> cases[] = {{{"x", "", "", "", false}, "certificate-authority: "},
                                                        {{"", "x", "", "", false}, "client-certificate: "},
                                                        {{"", "", "x", "", false}, "client-key: "}};
    for (const auto& [options, wanted] : cases) {
        const auto checked = check_tls(options);
        ASSERT_FALSE(checked) << wanted;
        EXPECT_THAT(checked.error().message, StartsWith(wanted));
    }
}

TEST(ParseUrl, TakesTheUserApartAndNeverShowsIt) {
    const auto url = parse_url("http://jo:p%40ss@proxy.example:3128/");
    ASSERT_TRUE(url) << url.error().message;
    EXPECT_EQ(url->user_info, "jo:p@ss");
    EXPECT_EQ(url->host, "proxy.example");
    EXPECT_EQ(url->port, 3128);
    EXPECT_EQ(parse_url("https://[fd00::1]")->host, "fd00::1");
    for (const auto* wrong :
         {"ftp://jo:secret@h", "http://jo:secret%4@h", "http://jo:secret@h:0", "http://"}) {
        const auto refused = parse_url(wrong);
        ASSERT_FALSE(refused) << wrong;
        EXPECT_THAT(refused.error().message, testing::Not(HasSubstr("secret"))) << wrong;
    }
}

TEST(RunProgram, GivesOutputAndNamesHowItFailed) {
    EventLoop loop;
    const auto run = [&](Program program, base::Duration timeout) {
        std::string text;
        const auto running = run_program(loop, program, timeout, [&](base::Result<std::string> result) {
            text = result ? *result : "error: " + result.error().message;
            loop.stop();
        });
        loop.run();
        return text;
    };
    EXPECT_EQ(run({"sh", {"-c", "echo $A"}, {{"A", "b"}}}, 5s), "b\n");
    EXPECT_EQ(run({"sh", {"-c", "echo why >&2; exit 3"}, {}}, 5s), "error: sh: ended with status 3: why\n");
    EXPECT_EQ(run({"no-such-program", {}, {}}, 5s), "error: no-such-program: No such file or directory");
    EXPECT_EQ(run({"sleep", {"60"}, {}}, 100ms), "error: sleep: took too long");
    EXPECT_EQ(run({"sh", {"-c", "yes"}, {}}, 10s), "error: sh: printed over 1 MiB");
    EXPECT_EQ(run({"sh", {"-c", "exec >/dev/null 2>&1; sleep 60"}, {}}, 100ms), "error: sh: took too long")
        << "closed its outputs and goes on";
    EXPECT_EQ(run({"sh", {"-c", "sleep 3 & echo token"}, {}}, 2s), "token\n") << "a daemon has its outputs";
}

TEST(RunProgram, LetsProgramsDieOfABrokenPipeThoughWeDoNot) {
    const auto before = std::signal(SIGPIPE, SIG_IGN);
    EventLoop loop;
    std::string text;
    // 141: 128 and SIGPIPE. With the signal ignored `yes` ends with an error of its own, status 1.
    const auto running =
        run_program(loop, {"bash", {"-c", "yes | head -n 1 > /dev/null; echo ${PIPESTATUS[0]}"}, {}}, 5s,
                    [&](base::Result<std::string> result) {
                        text = result ? *result : result.error().message;
                        loop.stop();
                    });
    loop.run();
    std::signal(SIGPIPE, before);
    EXPECT_EQ(text, "141\n");
}

}  // namespace
}  // namespace fairlead::net
