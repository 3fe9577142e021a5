#include "kube/store_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::kube {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Node node(const std::string& name, const std::string& zone = "") {
    Node node;
    node.key = {"", name};
    node.zone = zone;
    return node;
}

class StoreSinkTest : public testing::Test {
  protected:
    /// "n1 came", "n2 went", "n3 changed", sorted.
    std::vector<std::string> changes() {
        std::vector<std::string> texts;
        for (const auto& change : store_.take_changes())
            texts.push_back(change.key().name + (!change.before  ? " came"
                                                 : !change.after ? " went"
                                                                 : " changed"));
        std::ranges::sort(texts);
        return texts;
    }

    Store<Node> store_;
    std::vector<std::string> reports_;
    StoreSink<Node> sink_{store_, [this](const std::string& text) { reports_.push_back(text); }};
};

TEST_F(StoreSinkTest, ReplacesTheContentAndChangesOnlyWhatDiffers) {
    sink_.replace({node("n1"), node("n2"), node("n3", "a")}, {});
    EXPECT_THAT(changes(), ElementsAre("n1 came", "n2 came", "n3 came"));
    sink_.replace({node("n1"), node("n3", "b"), node("n4")}, {});
    EXPECT_THAT(changes(), ElementsAre("n2 went", "n3 changed", "n4 came"));
    sink_.replace({}, {});
    EXPECT_THAT(changes(), SizeIs(3));
    EXPECT_EQ(store_.size(), 0U);
}

TEST_F(StoreSinkTest, KeepsWhatItKnewOfUnreadableObjects) {
    sink_.replace({node("n1"), node("n2", "a")}, {{"", "n9"}});
    EXPECT_EQ(store_.find({"", "n9"}), nullptr) << "nothing was known of it";
    changes();
    sink_.replace({node("n1")}, {{"", "n2"}});
    EXPECT_THAT(changes(), IsEmpty());
    EXPECT_EQ(store_.find({"", "n2"})->zone, "a");
}

TEST_F(StoreSinkTest, TakesNoObjectsOfOtherKinds) {
    sink_.replace({node("n1"), Namespace{{"", "shop"}, {}}}, {});
    sink_.put(Namespace{{"", "shop"}, {}});
    EXPECT_EQ(store_.size(), 1U);
}

TEST_F(StoreSinkTest, PutsRemovesAndReports) {
    sink_.put(node("n1"));
    sink_.remove({"", "n2"});
    EXPECT_THAT(changes(), ElementsAre("n1 came"));
    sink_.remove({"", "n1"});
    EXPECT_THAT(changes(), ElementsAre("n1 went"));
    sink_.report("trouble");
    EXPECT_THAT(reports_, ElementsAre("trouble"));
}

Pod running_pod(const std::string& name, std::vector<std::string> addresses) {
    Pod pod;
    pod.key = {"shop", name};
    pod.labels = {{"app", "cart"}};
    for (const auto& address : addresses)
        pod.pod_ips.push_back(base::IpAddress::parse(address).value());
    return pod;
}

TEST(PodAddressesSink, KeepsTheAddressesOfPodsThatHaveSomeAndHaveNotFinished) {
    Store<PodAddresses> store;
    StoreSink<PodAddresses> sink{store, [](const std::string&) {}};
    auto finished = running_pod("done", {"10.64.0.3"});
    finished.finished = true;
    AnyObject trimmed = running_pod("cart", {"10.64.0.1"});
    sink.trim(trimmed);
    EXPECT_TRUE(std::get<Pod>(trimmed).labels.empty());
    EXPECT_EQ(PodAddresses::of(std::get<Pod>(trimmed)), PodAddresses::of(running_pod("cart", {"10.64.0.1"})));
    sink.replace({running_pod("cart", {"10.64.0.1", "fd00::1"}), running_pod("waits", {}), finished}, {});
    ASSERT_EQ(store.size(), 1U);
    EXPECT_THAT(store.find({"shop", "cart"})->addresses, SizeIs(2));

    sink.put(running_pod("waits", {"10.64.0.2"}));
    EXPECT_THAT(store.take_changes(), SizeIs(2));
    auto other_labels = running_pod("waits", {"10.64.0.2"});
    other_labels.labels.clear();
    sink.put(std::move(other_labels));
    EXPECT_FALSE(store.has_changes()) << "what is not kept is no change";

    auto ended = running_pod("waits", {"10.64.0.2"});
    ended.finished = true;
    sink.put(std::move(ended));
    EXPECT_EQ(store.find({"shop", "waits"}), nullptr);
    sink.remove({"shop", "cart"});
    EXPECT_EQ(store.size(), 0U);
}

}  // namespace
}  // namespace fairlead::kube
