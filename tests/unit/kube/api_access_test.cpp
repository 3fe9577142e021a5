#include "kube/api_access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::kube {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kConfig = R"(apiVersion: v1
kind: Config
current-context: prod
contexts:
- name: prod
  context: {cluster: c1, user: u1}
- name: test
  context: {cluster: c2, user: u2}
clusters:
- name: c1
  cluster: {server: "https://10.0.0.1:6443", certificate-authority-data: Q0E=, tls-server-name: api, proxy-url: "http://p:3128"}
- name: c2
  cluster: {server: "https://10.0.0.2:6443", insecure-skip-tls-verify: true}
users:
- name: u1
  user: {client-certificate: certs/u1.crt, client-key: /abs/u1.key}
- name: u2
  user:
    tokenFile: token
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: login
      args: [--a, b]
      env: [{name: X, value: "1"}]
)";

std::string replaced(std::string text, std::string_view what, std::string_view by) {
    const auto at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return text.replace(at, what.size(), by);
}

TEST(ParseKubeconfig, ReadsTheCurrentContextWithPathsFromTheFilesFolder) {
    const auto access = parse_kubeconfig("/etc/kube/config", kConfig, "");
    ASSERT_TRUE(access) << access.error().message;
    EXPECT_EQ(access->server, "https://10.0.0.1:6443");
    EXPECT_EQ(access->certificate_authority.text, "CA");
    EXPECT_EQ(access->tls_server_name, "api");
    EXPECT_EQ(access->proxy_url, "http://p:3128");
    EXPECT_EQ(access->client_certificate.file, "/etc/kube/certs/u1.crt");
    EXPECT_EQ(access->client_key.file, "/abs/u1.key");
}

TEST(ParseKubeconfig, ReadsAnotherContextWithItsPlugin) {
    const auto access = parse_kubeconfig("config", kConfig, "test");
    ASSERT_TRUE(access) << access.error().message;
    EXPECT_TRUE(access->insecure_skip_tls_verify);
    EXPECT_EQ(access->token_file, "token");
    ASSERT_TRUE(access->exec);
    EXPECT_EQ(access->exec->command, "login");
    EXPECT_THAT(access->exec->arguments, ElementsAre("--a", "b"));
    EXPECT_EQ(access->exec->environment.at("X"), "1");
}

TEST(ParseKubeconfig, NamesFileLineAndFieldOfWhatIsWrong) {
    struct Case {
        std::string text;
        std::string wanted;
    };
    const std::vector<Case> cases = {
        {replaced(kConfig, "current-context: prod", "current-context: nope"),
         "config:5: contexts: has no 'nope'"},
        {replaced(kConfig, "current-context: prod\n", ""), "current-context: is not set"},
        {replaced(kConfig, "Q0E=", "Q0"), "config:11: clusters.c1.certificate-authority-data: is no base64"},
        {replaced(kConfig, "server: \"https://10.0.0.1:6443\", ", ""),
         "config:11: clusters.c1.server: is missing"},
        {replaced(kConfig, ", client-key: /abs/u1.key", ""),
         "config:16: users.u1.client-key: client-certificate and client-key go together"},
        {replaced(kConfig, "user: u1}", "user: nobody}"), "users: has no 'nobody'"},
        {replaced(kConfig, "tls-server-name: api", "tls-server-name: [api]"),
         "config:11: clusters.c1.tls-server-name: wants text"},
        {replaced(kConfig, "client-key: /abs/u1.key", "client-key: /abs/u1.key, exec: login"),
         "config:16: users.u1.exec: wants a map"},
        {replaced(kConfig, "client-key: /abs/u1.key", "client-key: /abs/u1.key, as-groups: [a]"),
         "config:16: users.u1.as: is missing beside as-uid or as-groups"},
        {replaced(kConfig, "client-key: /abs/u1.key", "client-key: /abs/u1.key, as: a, as-groups: a"),
         "users.u1.as-groups: wants a list"},
        {replaced(kConfig, "client-key: /abs/u1.key",
                  "client-key: /abs/u1.key, as: a, as-user-extra: {a: [b]}"),
         "users.u1.as-user-extra: is not supported"},
        {"- a", "config:1: kind: is no kubeconfig"},
        {"a: [", "config:"},
    };
    for (const auto& [text, wanted] : cases) {
        const auto access = parse_kubeconfig("config", text, "");
        ASSERT_FALSE(access) << text;
        EXPECT_THAT(access.error().message, HasSubstr(wanted));
    }
}

TEST(ParseKubeconfig, ReadsWhomToActAs) {
    const auto access =
        parse_kubeconfig("config",
                         replaced(kConfig, "client-key: /abs/u1.key",
                                  "client-key: /abs/u1.key, as: jo, as-uid: u-1, as-groups: [a, b]"),
                         "");
    ASSERT_TRUE(access) << access.error().message;
    EXPECT_EQ(access->impersonated_user, "jo");
    EXPECT_EQ(access->impersonated_uid, "u-1");
    EXPECT_THAT(access->impersonated_groups, ElementsAre("a", "b"));
    EXPECT_EQ(access->kubeconfig, "config");
    EXPECT_EQ(access->context, "prod");
}

TEST(ParseKubeconfig, RefusesArgumentsAndVariablesThatAreNone) {
    const std::pair<std::pair<const char*, const char*>, const char*> cases[] = {
        {{"args: [--a, b]", "args: --a"}, "users.u2.exec.args: wants a list"},
        {{"args: [--a, b]", "args: [--a, {b: c}]"}, "users.u2.exec.args[1]: wants text"},
        {{"env: [{name: X, value: \"1\"}]", "env: {X: \"1\"}"}, "users.u2.exec.env: wants a list"},
        {{"env: [{name: X, value: \"1\"}]", "env: [X=1]"}, "users.u2.exec.env[0]: wants a name and a value"},
        {{"env: [{name: X, value: \"1\"}]", "env: [{value: \"1\"}]"},
         "users.u2.exec.env[0].name: is missing"},
    };
    for (const auto& [change, wanted] : cases) {
        const auto access =
            parse_kubeconfig("config", replaced(kConfig, change.first, change.second), "test");
        ASSERT_FALSE(access) << change.second;
        EXPECT_THAT(access.error().message, HasSubstr(wanted));
    }
}

TEST(ParseKubeconfig, ReadsHowAPluginWantsToBeCalled) {
    const auto exec = [](const std::string& rest) {
        const auto text = replaced(kConfig, "command: login", "command: login\n      " + rest);
        return parse_kubeconfig("/etc/kube/config", text, "test");
    };
    const auto informed =
        exec("provideClusterInfo: true\n      interactiveMode: IfAvailable\n      installHint: get it");
    ASSERT_TRUE(informed) << informed.error().message;
    EXPECT_TRUE(informed->exec->provide_cluster_info);
    EXPECT_EQ(informed->exec->install_hint, "get it");
    const auto interactive = exec("interactiveMode: Always");
    ASSERT_FALSE(interactive);
    EXPECT_THAT(interactive.error().message, HasSubstr("users.u2.exec.interactiveMode: is Always"));
    const auto old =
        parse_kubeconfig("config", replaced(kConfig, "k8s.io/v1\n", "k8s.io/v1alpha1\n"), "test");
    ASSERT_FALSE(old);
    EXPECT_THAT(old.error().message,
                HasSubstr("users.u2.exec.apiVersion: 'client.authentication.k8s.io/v1alpha1'"));
}

TEST(ParseKubeconfig, FindsAPluginInThePathOrFromTheFilesFolder) {
    for (const auto& [command, wanted] : {std::pair{"login", "login"},
                                          {"./bin/login", "/etc/kube/./bin/login"},
                                          {"/usr/bin/login", "/usr/bin/login"}}) {
        const auto text = replaced(kConfig, "command: login", "command: " + std::string(command));
        const auto access = parse_kubeconfig("/etc/kube/config", text, "test");
        ASSERT_TRUE(access) << access.error().message;
        EXPECT_EQ(access->exec->command, wanted);
    }
}

TEST(ParseKubeconfig, TakesJsonToo) {
    const auto access = parse_kubeconfig(
        "config",
        R"({"current-context":"a","contexts":[{"name":"a","context":{"cluster":"c","user":"u"}}],)"
        R"("clusters":[{"name":"c","cluster":{"server":"https://h:1"}}],"users":[{"name":"u","user":{"token":"t"}}]})",
        "");
    ASSERT_TRUE(access) << access.error().message;
    EXPECT_EQ(access->server, "https://h:1");
    EXPECT_EQ(access->token, "t");
}

TEST(MakeExecInfo, TellsTheClusterOnlyToPluginsThatAskForIt) {
    ApiAccess access;
    access.server = "https://h:1";
    access.tls_server_name = "api";
    access.exec = ExecPlugin{};
    access.exec->api_version = "client.authentication.k8s.io/v1";
    EXPECT_EQ(
        make_exec_info(access, "CA"),
        R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":false}})");
    access.exec->provide_cluster_info = true;
    EXPECT_EQ(
        make_exec_info(access, "CA"),
        R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":false,)"
        R"("cluster":{"server":"https://h:1","tls-server-name":"api","certificate-authority-data":"Q0E="}}})");
    access.insecure_skip_tls_verify = true;
    EXPECT_THAT(make_exec_info(access, ""), HasSubstr(R"("insecure-skip-tls-verify":true)"));
}

TEST(InClusterAccess, NamesTheServiceAccountFilesAndSaysWhenThisIsNoPod) {
    const auto access = in_cluster_access("fd00::1", "443");
    ASSERT_TRUE(access);
    EXPECT_EQ(access->server, "https://[fd00::1]:443");
    EXPECT_THAT(access->token_file, HasSubstr("serviceaccount/token"));
    const auto outside = in_cluster_access("", "");
    ASSERT_FALSE(outside);
    EXPECT_THAT(outside.error().message, HasSubstr("--kubeconfig"));
}

TEST(ParseExecCredential, ReadsTokenCertificateAndExpiry) {
    const auto credential = parse_exec_credential(
        R"({"kind":"ExecCredential","status":{"token":"t","expirationTimestamp":"1970-01-01T00:00:01Z"}})");
    ASSERT_TRUE(credential) << credential.error().message;
    EXPECT_EQ(credential->token, "t");
    EXPECT_EQ(credential->expiration_ns, 1'000'000'000);
}

TEST(ParseExecCredential, SaysWhatIsWrong) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"", "no JSON"},
        {R"({"kind":"Pod"})", "kind: is not ExecCredential"},
        {R"({"kind":"ExecCredential","status":{}})", "status: holds neither"},
        {R"({"kind":"ExecCredential","status":{"token":1}})", "status.token: wants text"},
        {R"({"kind":"ExecCredential","status":{"token":"t","expirationTimestamp":"soon"}})",
         "status.expirationTimestamp: is no time"},
        {R"({"kind":"ExecCredential","status":{"clientCertificateData":"c"}})",
         "status.clientKeyData: clientCertificateData and clientKeyData go together"},
    };
    for (const auto& [text, wanted] : cases) {
        const auto credential = parse_exec_credential(text);
        ASSERT_FALSE(credential) << text;
        EXPECT_THAT(credential.error().message, HasSubstr(wanted));
    }
}

TEST(ParseExecCredential, RefusesAnotherVersionThanTheKubeconfigNames) {
    constexpr const char* kOutput =
        R"({"kind":"ExecCredential","apiVersion":"x/v1beta1","status":{"token":"t"}})";
    EXPECT_TRUE(parse_exec_credential(kOutput, "x/v1beta1"));
    EXPECT_TRUE(parse_exec_credential(kOutput));
    const auto other = parse_exec_credential(kOutput, "x/v1");
    ASSERT_FALSE(other);
    EXPECT_THAT(other.error().message, HasSubstr("apiVersion: 'x/v1beta1' is not x/v1"));
}

TEST(Base64, TurnsAnyBytesThereAndBack) {
    for (const std::string text : {"", "f", "fo", "foo", "foob", "fooba", "foobar"})
        EXPECT_EQ(decode_base64(encode_base64(text)), text);
    EXPECT_EQ(encode_base64("foobar"), "Zm9vYmFy");
    EXPECT_EQ(decode_base64("Zm9v\nYg==\n"), "foob");
    for (const std::string text : {"Z", "Zm9", "Zm=v", "Z===", "Zm9*"})
        EXPECT_FALSE(decode_base64(text)) << text;
}

}  // namespace
}  // namespace fairlead::kube
