#include "kube/manifest_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/cluster_ip_allocator.h"
#include "support/kube_fixture.h"

namespace fairlead::kube {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::string_view kCartManifest = R"(apiVersion: v1
kind: Service
metadata:
  name: cart
  namespace: shop
spec:
  clusterIP: 10.96.0.1
  selector: {app: cart}
  ports:
  - name: http
    port: 80
    targetPort: web
)";

std::string replaced(std::string_view text, std::string_view what, std::string_view by) {
    std::string result{text};
    const auto at = result.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return result.replace(at, what.size(), by);
}

std::vector<std::string> problem_texts(const ManifestFiles& files) {
    std::vector<std::string> texts;
    for (const auto& problem : files.problems())
        texts.push_back(problem.to_string());
    return texts;
}

TEST(ManifestFiles, ReadsAServiceWithTheFieldsThatCount) {
    ManifestFiles files;
    files.put("a.yaml", kCartManifest);
    EXPECT_THAT(files.problems(), IsEmpty());
    const auto objects = files.objects();
    ASSERT_THAT(objects.services, SizeIs(1));
    const auto& service = objects.services.front();
    EXPECT_EQ(service.key.to_string(), "shop/cart");
    EXPECT_EQ(service.cluster_ips.at(0).to_string(), "10.96.0.1");
    EXPECT_EQ(service.selector.at("app"), "cart");
    EXPECT_EQ(service.ports.at(0).port, 80);
    EXPECT_EQ(std::get<std::string>(service.ports.at(0).target_port), "web");
}

TEST(ManifestFiles, ReadsSeveralDocumentsListsJsonAndPassesOverOtherKinds) {
    ManifestFiles files;
    files.put("many.yaml", std::string(kCartManifest) +
                               "---\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n---\n" +
                               "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Namespace\n  "
                               "metadata: {name: shop}\n");
    files.put("pod.json",
              R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"status":{"podIP":"10.64.0.1"}})");
    EXPECT_THAT(problem_texts(files), IsEmpty());
    const auto objects = files.objects();
    EXPECT_THAT(objects.services, SizeIs(1));
    EXPECT_THAT(objects.namespaces, SizeIs(1));
    ASSERT_THAT(objects.pods, SizeIs(1));
    EXPECT_EQ(objects.pods.front().key.to_string(), "default/p");
}

TEST(ManifestFiles, NamesFileLineObjectAndFieldOfWhatIsWrong) {
    struct Case {
        std::string text;
        std::string wanted;
    };
    const std::vector<Case> cases = {
        {replaced(kCartManifest, "port: 80", "port: 80000"),
         "f.yaml:11: Service shop/cart: spec.ports[0].port: wants a number from 0 to 65535"},
        {replaced(kCartManifest, "port: 80", "port: '80'"),
         "f.yaml:11: Service shop/cart: spec.ports[0].port: wants a number"},
        {replaced(kCartManifest, "port: 80", "protocol: ICMP"),
         "f.yaml:11: Service shop/cart: spec.ports[0].protocol: "},
        {replaced(kCartManifest, "10.96.0.1", "10.96.0.300"),
         "f.yaml:7: Service shop/cart: spec.clusterIP: '10.96.0.300'"},
        {replaced(kCartManifest, "  name: cart\n", ""), "metadata.name: is missing"},
        {replaced(kCartManifest, "selector: {app: cart}", "selector: [app]"),
         "f.yaml:8: Service shop/cart: spec.selector: wants an object"},
        {replaced(kCartManifest, "kind: Service\n", ""), "kind: is missing"},
        {replaced(kCartManifest, "kind: Service", "kind: Service\nkind: Service"),
         "f.yaml:3: Service shop/cart: field 'kind' is there twice, first in line 2"},
        {replaced(kCartManifest, "spec:", "spec: ["), "f.yaml:"},
        {"just text", "f.yaml:1: object: no JSON object"},
    };
    for (const auto& [text, wanted] : cases) {
        ManifestFiles files;
        files.put("f.yaml", text);
        ASSERT_THAT(problem_texts(files), ElementsAre(HasSubstr(wanted))) << text;
        EXPECT_THAT(files.objects().services, IsEmpty());
    }
}

TEST(ManifestFiles, SharesWithTheStoresWhatIsTheSame) {
    ManifestFiles files;
    files.put("f.yaml",
              std::string(kCartManifest) + "---\n" + replaced(kCartManifest, "name: cart", "name: other"));
    Stores stores;
    auto services = files.objects().services;
    ASSERT_THAT(services, SizeIs(2));
    services[1].cluster_ips.clear();
    stores.services.replace_all(test::shared_each(services));
    const auto owners = [&](const char* name) {
        return stores.services.find({"shop", name}).use_count() - 1;
    };
    const auto changes = stores.take_changes().services;
    ASSERT_THAT(changes, SizeIs(2));
    const auto before = owners("cart");
    files.share_with(stores);
    EXPECT_EQ(owners("cart"), before + 1);
    EXPECT_EQ(owners("other"), before) << "the store has another one";
    EXPECT_EQ(files.objects().services.at(1).cluster_ips.size(), 1U);
}

TEST(ManifestFiles, SharesServicesWithTheStoresThatWereGivenAddresses) {
    ManifestFiles files;
    files.put("f.yaml",
              "apiVersion: v1\nkind: Service\nmetadata: {name: bare}\nspec: {ports: [{port: 1}]}\n");
    ClusterIpAllocator allocator{{base::Prefix::parse("10.96.0.0/24").value()}};
    Stores stores;
    const auto fill_stores = [&] {
        auto services = files.shared_objects().services;
        EXPECT_THAT(allocator.assign(services), IsEmpty());
        stores.services.replace_all(services);
        files.share_with(stores);
    };
    fill_stores();
    const auto held = stores.services.find({"default", "bare"});
    EXPECT_EQ(held->cluster_ips.size(), 1U);
    EXPECT_THAT(files.shared_objects().services, ElementsAre(held));
    fill_stores();
    EXPECT_EQ(stores.services.find({"default", "bare"}), held);
}

TEST(ManifestFiles, FindsThePodThatIsUsed) {
    const auto pod = [](std::string_view address) {
        return "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: shop}\nstatus: {podIP: " +
               std::string(address) + "}\n";
    };
    ManifestFiles files;
    files.put("b.yaml", pod("10.0.0.2"));
    files.put("a.yaml", pod("10.0.0.1"));
    const auto found = files.find_pod({"shop", "p"});
    ASSERT_TRUE(found);
    EXPECT_EQ(found->pod_ips.at(0).to_string(), "10.0.0.1");
    EXPECT_FALSE(files.find_pod({"shop", "q"}));
}

TEST(ManifestFiles, KeepsWhatABrokenDocumentOrFileHeldBefore) {
    ManifestFiles files;
    const std::string second = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n";
    files.put("f.yaml", std::string(kCartManifest) + second);
    files.put("f.yaml", replaced(kCartManifest, "port: 80", "port: x") + second);
    EXPECT_THAT(files.problems(), SizeIs(1));
    EXPECT_EQ(files.objects().services.at(0).ports.at(0).port, 80) << "a broken document";
    EXPECT_THAT(files.objects().namespaces, SizeIs(1));

    files.put("f.yaml", "{");
    EXPECT_THAT(files.problems(), SizeIs(1));
    EXPECT_THAT(files.objects().services, SizeIs(1)) << "a file that is no YAML";

    files.put("f.yaml", kCartManifest);
    EXPECT_THAT(files.problems(), IsEmpty()) << "mended";
    EXPECT_THAT(files.objects().namespaces, IsEmpty());
    files.remove("f.yaml");
    EXPECT_THAT(files.objects().services, IsEmpty());
}

TEST(ManifestFiles, SyntaxErrorInOneDocumentLosesNoneOfItsNeighbours) {
    ManifestFiles files;
    files.put("f.yaml", "spec: [\n---\n" + std::string(kCartManifest) +
                            "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n");
    EXPECT_THAT(problem_texts(files), ElementsAre(HasSubstr("f.yaml:2: ")));
    EXPECT_THAT(files.objects().services, SizeIs(1));
    EXPECT_THAT(files.objects().namespaces, SizeIs(1));
}

TEST(ManifestFiles, RefusesWhatAnApiServerWould) {
    const std::string long_label(64, 'a');
    const std::string long_name(254, 'a');
    const auto object = [](const std::string& kind, const std::string& metadata,
                           const std::string& spec = "") {
        return "apiVersion: v1\nkind: " + kind + "\nmetadata: {" + metadata + "}\nspec: {" + spec + "}\n";
    };
    const std::pair<std::string, const char*> cases[] = {
        {object("Service", "name: ../etc"), "Service default/../etc: metadata.name: '../etc' is no name"},
        {object("Service", "name: a.b"), "metadata.name: 'a.b' is no name"},
        {object("Service", "name: " + long_label), "metadata.name: "},
        {object("Service", "name: a, namespace: ../.."), "metadata.namespace: '../..' is no name"},
        {object("Service", "name: a, namespace: a.b"), "metadata.namespace: "},
        {object("Pod", "name: a/b"), "metadata.name: 'a/b' is no name"},
        {object("Pod", "name: a..b"), "metadata.name: "},
        {object("Pod", "name: -a"), "metadata.name: "},
        {object("Pod", "name: Aa"), "metadata.name: "},
        {object("Pod", "name: " + long_name), "metadata.name: "},
        {object("Pod", "name: a", "nodeName: ../x"), "spec.nodeName: '../x' is no name"},
        {object("Node", "name: ."), "metadata.name: "},
        {object("Namespace", "name: a_b"), "metadata.name: "},
        {object("Service", "name: a", "ports: [{port: 80, name: x}, {port: 81}]"),
         "spec.ports[1].name: is missing"},
        {object("Service", "name: a", "ports: [{port: 80, name: x}, {port: 81, name: x}]"),
         "spec.ports[1].name: x is that of spec.ports[0] too"},
        {object("Service", "name: a", "ports: [{port: 80, name: x}, {port: 80, name: z}]"),
         "spec.ports[1].port: 80/TCP is that of spec.ports[0] too"},
        {object("Service", "name: a",
                "ports: [{port: 80, name: x, nodePort: 30000}, {port: 81, name: z, nodePort: 30000}]"),
         "spec.ports[1].nodePort: 30000/TCP is that of spec.ports[0] too"},
        {object("Service", "name: a", "ports: [{port: 80, name: Web}]"), "spec.ports[0].name: 'Web'"},
    };
    for (const auto& [text, problem] : cases) {
        ManifestFiles files;
        files.put("f.yaml", text);
        EXPECT_THAT(problem_texts(files), ElementsAre(HasSubstr(problem))) << text;
    }
    ManifestFiles files;
    files.put("f.yaml", object("Service", "name: dns",
                               "ports: [{port: 53, name: tcp, nodePort: 30053}, "
                               "{port: 53, name: udp, protocol: UDP, nodePort: 30053}]") +
                            "---\n" + object("Pod", "name: a.b-c.0", "nodeName: ip-10-0-0-1.example") +
                            "---\n" + object("Node", "name: n1, namespace: ignored"));
    EXPECT_THAT(problem_texts(files), IsEmpty());
    EXPECT_EQ(files.objects().nodes.at(0).key.to_string(), "n1");
}

TEST(ManifestFiles, KeepsWhatADocumentHeldUntilItSaysWhatItIsAgain) {
    struct Case {
        std::string text;
        unsigned services;
        unsigned namespaces;
    };
    const std::string space = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n";
    const std::vector<Case> cases = {
        {replaced(kCartManifest, "kind: Service\n", "") + space, 1, 1},
        {replaced(kCartManifest, "  name: cart\n", "") + space, 1, 1},
        {replaced(kCartManifest, "port: 80", "port: 80\n    port: 81") + space, 1, 1},
        {"just text\n", 1, 1},
        {"apiVersion: v1\nkind: List\nitems: 5\n", 1, 1},
        {"apiVersion: v1\nkind: List\nitems: [5]\n", 1, 1},
        {"apiVersion: v1\nkind: Service\nmetadata: {name: new, namespace: shop}\nspec: {ports: [{}]}\n", 0,
         0},
        {"", 0, 0},
    };
    for (const auto& one : cases) {
        ManifestFiles files;
        files.put("f.yaml", std::string(kCartManifest) + space);
        files.put("f.yaml", one.text);
        EXPECT_THAT(files.problems(), SizeIs(one.text.empty() ? 0 : 1)) << one.text;
        EXPECT_THAT(files.objects().services, SizeIs(one.services)) << one.text;
        EXPECT_THAT(files.objects().namespaces, SizeIs(one.namespaces)) << one.text;
    }
}

TEST(ManifestFiles, NamesTheLineOfAFieldInAJsonList) {
    ManifestFiles files;
    files.put("f.json", R"({"kind": "ServiceList", "apiVersion": "v1", "items": [
  {"metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}]}},
  {"metadata": {"name": "b"}, "spec": {"ports": [
    {"port": "80"}]}},
  7
]})");
    EXPECT_THAT(
        problem_texts(files),
        ElementsAre(HasSubstr("f.json:4: Service default/b: items[1].spec.ports[0].port: wants a number"),
                    HasSubstr("f.json:5: object: items[2]: no JSON object")));
    EXPECT_THAT(files.objects().services, SizeIs(1));
}

TEST(ManifestFiles, MentionsKindsThatItPassesOverWithoutCallingThemWrong) {
    ManifestFiles files;
    files.put("f.yaml", std::string(kCartManifest) +
                            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n");
    EXPECT_THAT(files.problems(), IsEmpty());
    ASSERT_THAT(files.notices(), SizeIs(1));
    EXPECT_THAT(files.notices().front().to_string(),
                HasSubstr("f.yaml:15: apps/v1 Deployment is no kind that fairlead uses"));
}

TEST(ManifestFiles, TakesAPodThatNoKubeletSawAsReady) {
    const std::vector<std::pair<std::string, bool>> cases = {
        {"", true},
        {"status: {podIPs: [{ip: 10.64.0.1}]}", true},
        {"status: {phase: Pending}", false},
        {"status: {conditions: [{type: Initialized, status: 'True'}]}", false},
        {"status: {phase: Running, conditions: [{type: Ready, status: 'True'}]}", true},
        {"status: {conditions: [{type: Ready, status: 'False'}]}", false},
    };
    for (const auto& [status, ready] : cases) {
        ManifestFiles files;
        files.put("p.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n" + status + "\n");
        ASSERT_THAT(files.objects().pods, SizeIs(1)) << status;
        EXPECT_EQ(files.objects().pods.front().ready, ready) << status;
    }
}

TEST(ManifestFiles, TakesPortsOfContainersThenOfSidecars) {
    ManifestFiles files;
    files.put("p.yaml", R"(apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  initContainers:
  - {name: once, ports: [{name: web, containerPort: 1}]}
  - {name: sidecar, restartPolicy: Always, ports: [{name: web, containerPort: 2}]}
  containers:
  - {name: main, ports: [{name: web, containerPort: 3}]}
)");
    const auto objects = files.objects();
    ASSERT_THAT(objects.pods, SizeIs(1));
    std::vector<unsigned> ports;
    for (const auto& port : objects.pods.front().ports)
        ports.push_back(port.port);
    EXPECT_THAT(ports, ElementsAre(3, 2));
}

TEST(ManifestFiles, TakesAnObjectThatTwoFilesHaveFromTheFirstAndSaysSo) {
    ManifestFiles files;
    files.put("b.yaml", replaced(kCartManifest, "10.96.0.1", "10.96.0.2"));
    files.put("a.yaml", kCartManifest);
    EXPECT_EQ(files.objects().services.at(0).cluster_ips.at(0).to_string(), "10.96.0.1");
    EXPECT_THAT(problem_texts(files),
                ElementsAre(HasSubstr("b.yaml:1: Service shop/cart: is in a.yaml too")));
    files.put("a.yaml", std::string(kCartManifest) + "---\n" + std::string(kCartManifest));
    EXPECT_THAT(problem_texts(files),
                testing::Contains(HasSubstr("a.yaml:14: Service shop/cart: is in this file twice")));
}

}  // namespace
}  // namespace fairlead::kube
