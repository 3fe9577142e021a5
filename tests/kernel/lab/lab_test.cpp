#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <thread>

#include "kernel/netns/namespaces.h"
#include "lab/demo.h"
#include "lab/layout.h"
#include "lab/state.h"
#include "lab/tour.h"
#include "support/command.h"

namespace fairlead::lab {
namespace {

namespace fs = std::filesystem;
namespace netns = kernel::netns;
using test::output_of;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kLabProgram = FAIRLEAD_PROGRAM_PATH;

template <class Done>
bool eventually(Done done) {
    for (int tries = 0; tries < 1000; ++tries) {
        if (done()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
}

class LabTest : public testing::Test {
  protected:
    void SetUp() override {
        prctl(PR_SET_CHILD_SUBREAPER, 1);
        fs::create_directories(manifests_);
        write("services.yaml", demo_services());
        write("pods.yaml", demo_pods(2));
    }
    void TearDown() override {
        output_of(kLabProgram + " lab down --name " + lab_);
        fs::remove_all(manifests_);
        while (waitpid(-1, nullptr, WNOHANG) > 0) {
        }
        expect_nothing_left(lab_);
    }

    static void expect_nothing_left(const std::string& lab) {
        EXPECT_THAT(netns::list(namespace_prefix(lab)).value(), IsEmpty());
        EXPECT_FALSE(fs::exists(StatePaths{lab}.directory));
        EXPECT_FALSE(fs::exists(StatePaths{lab}.scratch));
    }

    void write(const std::string& file, const std::string& text) const {
        std::ofstream(manifests_ + "/" + file) << text;
    }
    [[nodiscard]] std::string up() const {
        return output_of(kLabProgram + " lab up --detach --name " + lab_ + " -f " + manifests_ + " 2>&1");
    }
    [[nodiscard]] std::string exec(const std::string& place, const std::string& command) const {
        return output_of(kLabProgram + " lab exec --name " + lab_ + " " + place + " -- " + command + " 2>&1");
    }
    [[nodiscard]] std::string ask(const std::string& place, const std::string& url) const {
        return exec(place, "curl -gs --max-time 5 " + url);
    }
    [[nodiscard]] bool pods_are(const std::string& count) const {
        return exec("visitor",
                    "curl -s --max-time 5 'http://cart/[1-40]' -H 'Connection: close' | "
                    "cut -d' ' -f2 | sort -u | wc -l") == count + "\n";
    }
    [[nodiscard]] std::size_t processes() const {
        return netns::processes_in(netns::list(namespace_prefix(lab_)).value()).size();
    }

    std::string lab_ = "test" + std::to_string(getpid());
    std::string manifests_ = testing::TempDir() + lab_;
};

TEST_F(LabTest, EveryoneReachesTheServiceInBothFamilies) {
    EXPECT_THAT(up(), HasSubstr("is up: 2 nodes, 3 pods, 1 Service"));
    for (const auto* place : {"visitor", "shop/cart-1", "node-1", "node-2", "client"})
        for (const auto* family : {"-4", "-6"})
            EXPECT_THAT(ask(place, std::string(family) + " http://cart.shop"), HasSubstr("pod shop/cart-"))
                << place << family;
    EXPECT_THAT(exec("client", "ip -4 route"), HasSubstr("10.96.0.0/12 via 172.18.0.11"));
}

TEST_F(LabTest, WorkloadsNameThemselvesAndEcho) {
    EXPECT_THAT(up(), HasSubstr("is up"));
    const std::string identity = "pod shop/cart-1 on node-1 (10.64.1.2) answered 10.64.";
    EXPECT_THAT(ask("visitor", "http://10.64.1.2:8080"), testing::StartsWith(identity));
    for (const auto* port : {"udp/10.64.1.2/7000", "tcp/10.64.1.2/8080"}) {
        const auto echoed = exec("visitor", std::string("timeout 5 bash -c 'exec 3<>/dev/") + port +
                                                "; echo hi >&3; head -n 2 <&3'");
        EXPECT_THAT(echoed, testing::StartsWith(identity)) << port;
        EXPECT_THAT(echoed, testing::EndsWith("\nhi\n")) << port;
    }
}

std::string demo_on_host_network() {
    return "apiVersion: v1\nkind: Pod\nmetadata: {name: host, namespace: shop}\n"
           "spec: {nodeName: node-1, hostNetwork: true, containers: "
           "[{name: c, ports: [{containerPort: 7000, protocol: UDP}]}]}\n";
}

TEST_F(LabTest, EchoOfAHostNetworkPodComesFromTheAddressThatWasAsked) {
    write("host.yaml", demo_on_host_network());
    EXPECT_THAT(up(), HasSubstr("is up"));
    for (const auto* address : {"172.18.0.11", "fd00:172:18::11"}) {
        const auto echoed = exec("shop/cart-1", std::string("timeout 5 bash -c 'exec 3<>/dev/udp/") +
                                                    address + "/7000; echo hi >&3; head -n 2 <&3'");
        EXPECT_THAT(echoed, testing::EndsWith("\nhi\n")) << address;
    }
}

TEST_F(LabTest, StaysUpWithoutAPodThatCannotStartAndSaysWhich) {
    write("twice.yaml",
          "apiVersion: v1\nkind: Pod\nmetadata: {name: twice, namespace: shop}\n"
          "spec: {nodeName: node-1, containers: [{name: a, ports: [{containerPort: 80}]}, "
          "{name: b, ports: [{containerPort: 80}]}]}\n");
    for (const auto* name : {"first", "second"})  // both want one port of one node
        write(name + std::string(".yaml"),
              "apiVersion: v1\nkind: Pod\nmetadata: {name: taken-" + std::string(name) +
                  ", namespace: shop}\nspec: {nodeName: node-1, hostNetwork: true, "
                  "containers: [{name: a, ports: [{containerPort: 7070}]}]}\n");
    const auto said = up();
    EXPECT_THAT(said, HasSubstr("not ready: pod shop/taken-"));
    EXPECT_THAT(said, HasSubstr("is up"));
    EXPECT_THAT(ask("visitor", "http://cart"), HasSubstr("pod shop/cart-"));
}

TEST_F(LabTest, NodeCannotBeCalledAsTheLabsOwnMachines) {
    write("node.yaml", "apiVersion: v1\nkind: Node\nmetadata: {name: client}\n");
    EXPECT_THAT(up(), HasSubstr("Node client: a lab has a client of its own"));
}

/// `lab up` with these arguments as a child of ours.
pid_t start_up(const std::string& lab, const std::string& manifests, const char* mode) {
    const pid_t child = fork();
    if (child != 0) return child;
    const int quiet = open("/dev/null", O_WRONLY);
    dup2(quiet, STDOUT_FILENO);
    dup2(quiet, STDERR_FILENO);
    execl(kLabProgram.c_str(), "fairlead", "lab", "up", "--name", lab.c_str(), "-f", manifests.c_str(), mode,
          nullptr);
    _exit(EXIT_FAILURE);
}

TEST_F(LabTest, SignalsEndALabInTheForegroundAndOneMoreHurriesNothing) {
    for (const int signal : {SIGINT, SIGHUP}) {
        const pid_t run = start_up(lab_, manifests_, nullptr);
        EXPECT_TRUE(eventually([&] { return fs::exists(StatePaths{lab_}.up); }));
        kill(run, signal);
        int status = 0;
        while (waitpid(run, &status, WNOHANG) == 0)
            kill(run, signal);
        EXPECT_TRUE(WIFEXITED(status)) << "ended by signal " << WTERMSIG(status);
        expect_nothing_left(lab_);
    }
}

TEST_F(LabTest, InterruptedDetachLeavesNothing) {
    const pid_t run = start_up(lab_, manifests_, "--detach");
    EXPECT_TRUE(eventually([&] { return processes() > 0; }));
    kill(run, SIGINT);
    int status = 0;
    waitpid(run, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 1);
    expect_nothing_left(lab_);
}

TEST_F(LabTest, KillNineWhileTheNetworkIsMadeLeavesNothingThatDownDoesNotRemove) {
    const pid_t run = start_up(lab_, manifests_, nullptr);
    EXPECT_TRUE(eventually([&] { return !netns::list(namespace_prefix(lab_)).value().empty(); }));
    kill(run, SIGKILL);
    waitpid(run, nullptr, 0);
    output_of(kLabProgram + " lab down --name " + lab_);
    expect_nothing_left(lab_);
}

TEST_F(LabTest, LockWithThePidOfAFormerHolderIsNobodysWord) {
    fs::create_directories(StatePaths{lab_}.directory);
    std::optional<Claim> claim = *Claim::take(lab_);
    EXPECT_EQ(claim_holder(lab_), getpid());
    std::ofstream(StatePaths{lab_}.lock) << "1234567\n";  // what a crashed one left, before we signed
    EXPECT_TRUE(is_claimed(lab_));
    EXPECT_EQ(claim_holder(lab_), std::nullopt);
    claim.reset();
    EXPECT_FALSE(is_claimed(lab_));
}

TEST_F(LabTest, FollowsItsManifests) {
    EXPECT_THAT(up(), HasSubstr("is up"));
    EXPECT_TRUE(eventually([&] { return pods_are("2"); }));
    write("pods.yaml", demo_pods(4));
    EXPECT_TRUE(eventually([&] { return pods_are("4"); }));
    write("pods.yaml", demo_pods(1));
    EXPECT_TRUE(eventually([&] { return pods_are("1"); }));
    write("pods.yaml", "no: [manifest");
    write("more.yaml",
          "apiVersion: v1\nkind: Pod\nmetadata: {name: cart-9, namespace: shop, labels: {app: cart}}\n"
          "spec: {containers: [{name: c, ports: [{name: http, containerPort: 9000}]}]}\n");
    EXPECT_TRUE(eventually([&] { return pods_are("2"); })) << "the broken file costs nothing";
    // The namespace of a removed Pod goes after its grace.
    EXPECT_TRUE(
        eventually([&] { return netns::list(namespace_prefix(lab_) + "shop_").value().size() == 3; }));
}

TEST_F(LabTest, AnUnreadyPodGetsNothing) {
    auto pods = demo_pods(2);
    const std::string label = "labels: {app: cart";
    pods.insert(pods.find(label) + label.size(), ", lab.fairlead/ready: \"false\"");
    EXPECT_THAT(up(), HasSubstr("is up"));
    write("pods.yaml", pods);
    EXPECT_TRUE(eventually([&] { return pods_are("1"); }));
    EXPECT_THAT(output_of(kLabProgram + " lab status --name " + lab_), HasSubstr("not ready"));
}

TEST_F(LabTest, AKilledAgentComesBackAndLosesNothing) {
    EXPECT_THAT(up(), HasSubstr("is up"));
    const auto agents = netns::processes_in({machine_namespace(lab_, "node-1")});
    ASSERT_EQ(agents.size(), 1U);
    kill(agents.front(), SIGKILL);
    EXPECT_THAT(ask("node-1", "http://cart.shop"), HasSubstr("pod shop/cart-"));
    EXPECT_TRUE(eventually([&] {
        return output_of(kLabProgram + " lab status -o json --name " + lab_)
                   .find(R"("name":"node-1","agent":"ready")") != std::string::npos;
    }));
    EXPECT_NE(netns::processes_in({machine_namespace(lab_, "node-1")}), agents);
}

TEST_F(LabTest, StatusHasEveryForm) {
    EXPECT_THAT(up(), HasSubstr("is up"));
    const auto status = [&](const std::string& options) {
        return output_of(kLabProgram + " lab status " + options);
    };
    const auto name = " --name " + lab_;
    EXPECT_THAT(status("-o wide" + name), HasSubstr("fl-" + lab_ + "-shop_cart-1"));
    EXPECT_THAT(status("-o yaml" + name), HasSubstr("lab: \"" + lab_ + "\"\nup: true\n"));
    EXPECT_THAT(status("-o json" + name), HasSubstr(R"("netns":"fl-)" + lab_ + R"(-shop_cart-1")"));
    EXPECT_THAT(status("-A -o json"), HasSubstr(R"({"lab":")" + lab_ + R"(","up":true,)"));
    EXPECT_THAT(status("-A -o yaml"), HasSubstr("labs:\n  - lab: \""));
}

TEST_F(LabTest, AfterKillNineTheNextUpBeginsAnew) {
    EXPECT_THAT(up(), HasSubstr("is up"));
    EXPECT_EQ(processes(), 5U);  // 2 agents, 3 workloads
    const auto holder = claim_holder(lab_);
    ASSERT_TRUE(holder);
    kill(*holder, SIGKILL);
    EXPECT_TRUE(eventually([&] { return processes() == 0; })) << "everything dies with the supervisor";
    EXPECT_THAT(output_of(kLabProgram + " lab status -A"), HasSubstr("left behind"));
    EXPECT_THAT(up(), HasSubstr("is up"));
    EXPECT_THAT(ask("visitor", "http://cart"), HasSubstr("pod shop/cart-"));
}

TEST_F(LabTest, DownAfterKillNineLeavesNothing) {
    EXPECT_THAT(up(), HasSubstr("is up"));
    kill(claim_holder(lab_).value(), SIGKILL);
    output_of(kLabProgram + " lab down --name " + lab_);
    expect_nothing_left(lab_);
}

TEST_F(LabTest, DownEndsProgramsInTheLabToo) {
    EXPECT_THAT(up(), HasSubstr("is up"));
    const pid_t shell = fork();
    if (shell == 0) {
        execl(kLabProgram.c_str(), "fairlead", "lab", "exec", "--name", lab_.c_str(), "visitor", "--",
              "sleep", "600", nullptr);
        _exit(EXIT_FAILURE);
    }
    EXPECT_TRUE(eventually(
        [&] { return netns::processes_in({namespace_prefix(lab_) + "shop_visitor"}).size() == 2; }));
    output_of(kLabProgram + " lab down --name " + lab_);
    int status = 0;
    waitpid(shell, &status, 0);
    EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

TEST_F(LabTest, TwoLabsDoNotCollide) {
    EXPECT_THAT(up(), HasSubstr("is up"));
    const auto other = "other" + std::to_string(getpid());
    EXPECT_THAT(output_of(kLabProgram + " lab up --detach --name " + other), HasSubstr("is up"));
    EXPECT_THAT(ask("visitor", "http://cart"), HasSubstr("pod shop/cart-"));
    EXPECT_THAT(
        output_of(kLabProgram + " lab exec --name " + other + " visitor -- curl -s --max-time 5 http://cart"),
        HasSubstr("pod shop/cart-"));
    output_of(kLabProgram + " lab down --name " + other);
    expect_nothing_left(other);
    EXPECT_THAT(ask("visitor", "http://cart"), HasSubstr("pod shop/cart-"));
    EXPECT_THAT(output_of(kLabProgram + " lab up --name " + lab_ + " 2>&1 || true"),
                HasSubstr("is up already"));
}

TEST_F(LabTest, CtrlCRemovesACaseInTheMiddle) {
    const pid_t run = fork();
    if (run == 0) {
        const int quiet = open("/dev/null", O_WRONLY);
        dup2(quiet, STDOUT_FILENO);
        dup2(quiet, STDERR_FILENO);
        execl(kLabProgram.c_str(), "fairlead", "lab", "run", "services", nullptr);
        _exit(EXIT_FAILURE);
    }
    EXPECT_TRUE(eventually([&] { return !netns::processes_in({"fl-case-iptables"}).empty(); }));
    kill(run, SIGINT);
    int status = 0;
    waitpid(run, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 1);
    expect_nothing_left("case");
}

TEST(OldTours, AreRemovedAndOtherLabsAreLeftAlone) {
    const pid_t ended = fork();
    if (ended == 0) _exit(0);
    waitpid(ended, nullptr, 0);
    const auto old_tour = "tour" + std::to_string(ended);
    const std::vector<std::string> others = {"tour", "tourist", "tour12x", "tour99999999999",
                                             "tour" + std::to_string(getpid())};
    for (const auto& lab : others)
        fs::create_directories(StatePaths{lab}.directory);
    fs::create_directories(StatePaths{old_tour}.directory);
    const auto held = "tour" + std::to_string(ended + 1'000'000'000);
    {
        const auto claim = Claim::take(held);
        ASSERT_TRUE(claim) << claim.error().message;
        const auto removed = remove_old_tours();
        EXPECT_TRUE(removed) << removed.error().message;
        EXPECT_TRUE(fs::exists(StatePaths{held}.directory)) << "somebody runs it";
    }
    EXPECT_FALSE(fs::exists(StatePaths{old_tour}.directory));
    for (const auto& lab : others)
        EXPECT_TRUE(fs::exists(StatePaths{lab}.directory)) << lab;
    for (const auto& lab : others)
        EXPECT_TRUE(remove_lab(lab));
    EXPECT_TRUE(remove_old_tours());
    EXPECT_FALSE(fs::exists(StatePaths{held}.directory)) << "nobody runs it any more";
}

TEST_F(LabTest, TheCaseShowsEveryComparisonInFavourOfFairlead) {
    const auto said = output_of(kLabProgram + " lab run services 2>&1");
    std::istringstream lines{said};
    int rows = 0;
    for (std::string line; std::getline(lines, line);) {
        if (!line.ends_with(" x") || line.find("connect ") != 0) continue;
        ++rows;
        const auto ratio = line.substr(0, line.size() - 2);
        EXPECT_GT(std::stod(ratio.substr(ratio.rfind(' '))), 1) << line;
    }
    EXPECT_EQ(rows, 4) << said;
    EXPECT_THAT(said, HasSubstr("Time of a new connection (p50) by number of Services"));
    EXPECT_THAT(said, HasSubstr("all of it is removed again"));
    expect_nothing_left("case");
}

TEST(LabRun, ListsItsCasesAndRefusesOthers) {
    EXPECT_THAT(output_of(kLabProgram + " lab run"),
                testing::AllOf(HasSubstr("services   connections and updates slow down"),
                               HasSubstr("conntrack  connections through a Service that end"),
                               HasSubstr("dns        lookups that take ten queries")));
    EXPECT_THAT(output_of(kLabProgram + " lab run nope 2>&1; echo status $?"),
                testing::AllOf(HasSubstr("no case 'nope'"), HasSubstr("status 1")));
}

/// The tour's lab, once its Pods are up.
pid_t start_tour() {
    const pid_t tour = fork();
    if (tour == 0) {
        const int quiet = open("/dev/null", O_WRONLY);
        dup2(quiet, STDOUT_FILENO);
        dup2(quiet, STDERR_FILENO);
        execl(kLabProgram.c_str(), "fairlead", "lab", "tour", nullptr);
        _exit(EXIT_FAILURE);
    }
    const StatePaths paths{"tour" + std::to_string(tour)};
    EXPECT_TRUE(eventually([&] { return fs::exists(paths.up); }));
    return tour;
}

TEST_F(LabTest, InterruptedTourLeavesNothing) {
    const auto tour = start_tour();
    kill(tour, SIGINT);
    int status = 0;
    waitpid(tour, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 1);
    expect_nothing_left("tour" + std::to_string(tour));
}

TEST_F(LabTest, TourAfterKillNineIsRemovedByTheNext) {
    const auto tour = start_tour();
    kill(tour, SIGKILL);
    waitpid(tour, nullptr, 0);
    const auto lab = "tour" + std::to_string(tour);
    EXPECT_TRUE(
        eventually([&] { return netns::processes_in(netns::list(namespace_prefix(lab)).value()).empty(); }));
    EXPECT_TRUE(eventually([&] {
        while (waitpid(-1, nullptr, WNOHANG) > 0) {
        }
        return !is_claimed(lab);
    }));
    EXPECT_TRUE(remove_old_tours());
    expect_nothing_left(lab);
}

TEST_F(LabTest, TheTourEndsWell) {
    const auto tour = output_of(kLabProgram + " lab tour 2>&1");
    EXPECT_THAT(tour, HasSubstr("What to try next"));
    EXPECT_THAT(tour, Not(HasSubstr("fairlead: ")));
    const auto labs = labs_on_this_machine().value();
    for (const auto& lab : labs)
        EXPECT_FALSE(lab.starts_with("tour")) << lab;
}

}  // namespace
}  // namespace fairlead::lab
