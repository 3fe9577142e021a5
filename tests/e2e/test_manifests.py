"""The agent fed by a directory of manifests: edited, broken, mended, while connections flow."""

import http.client
import json
import os
import shutil
import signal
import tempfile
import unittest

from harness import netns, world
from harness.cluster import wait_for
from harness.world import ask

W = None

SERVICE = """apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec:
  clusterIPs: [10.96.0.10, "fd00:96::10"]
  ipFamilies: [IPv4, IPv6]
  selector: {app: cart}
  ports: [{name: tcp, port: 80, targetPort: web}]
"""


def setUpModule():
    global W
    W = world.World(pod_count=3)
    unittest.addModuleCleanup(W.close)


def pod_manifest(pod, ready=True):
    return f"""apiVersion: v1
kind: Pod
metadata: {{name: {pod.name}, namespace: shop, labels: {{app: cart}}}}
spec:
  nodeName: n1
  containers: [{{name: c, ports: [{{name: web, containerPort: {world.PORT}}}]}}]
status:
  podIPs: [{{ip: {pod.addresses[0]}}}, {{ip: "{pod.addresses[1]}"}}]
  conditions: [{{type: Ready, status: "{ready}"}}]
"""


class ManifestsTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix=f"{netns.PREFIX}-{os.getpid()}-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.write("service.yaml", SERVICE)
        for pod in W.pods[:2]:
            self.write(f"pods/{pod.name}.yaml", pod_manifest(pod))
        self.agent = world.Agent(W.node, ["--manifests", self.folder]).start()
        self.addCleanup(self.agent.close)

    def write(self, name, text):
        """Atomically, as good editors and mounted ConfigMaps do."""
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".new", "w") as file:
            file.write(text)
        os.rename(path + ".new", path)

    def answering(self, address="10.96.0.10"):
        return {ask(W.outside, address, 80)[0] for _ in range(30)}

    def wait_for_pods(self, *names):
        wait_for(f"answers of {names}", lambda: self.answering() == set(names), timeout=10)

    def test_a_service_is_reached_and_follows_its_pods(self):
        self.assertEqual(self.answering(), {"p1", "p2"})
        self.assertEqual(self.answering("fd00:96::10"), {"p1", "p2"})
        self.write("pods/p3.yaml", pod_manifest(W.pods[2]))
        self.wait_for_pods("p1", "p2", "p3")
        self.write("pods/p1.yaml", pod_manifest(W.pods[0], ready=False))
        self.wait_for_pods("p2", "p3")
        os.unlink(os.path.join(self.folder, "pods/p2.yaml"))
        self.wait_for_pods("p3")

    def test_a_broken_file_costs_nothing_and_is_named_until_it_is_mended(self):
        self.write("service.yaml", SERVICE.replace("port: 80", "port: eighty"))
        wait_for("the problem", lambda: self.agent.status()["problems"])
        self.assertEqual(len(self.agent.status()["problems"]), 1)
        self.assertIn("service.yaml:8: Service shop/cart: spec.ports[0].port: ", self.agent.status()["problems"][0])
        self.assertEqual(self.answering(), {"p1", "p2"})
        self.write("service.yaml", SERVICE[: len(SERVICE) // 2] + "{")
        wait_for("another problem", lambda: "spec.ports" not in str(self.agent.status()["problems"]))
        self.assertEqual(self.answering(), {"p1", "p2"})
        self.write("service.yaml", SERVICE)
        wait_for("no problem", lambda: self.agent.status()["problems"] == [])

    def test_a_half_written_file_is_read_when_it_is_whole(self):
        path = os.path.join(self.folder, "pods/p3.yaml")
        text = pod_manifest(W.pods[2])
        with open(path, "w") as file:
            file.write(text[:60])
            file.flush()
            self.write("broken.yaml", "kind: [")
            problems = wait_for("a look at the folder", lambda: self.agent.status()["problems"])
            self.assertEqual(len(problems), 1, problems)
            self.assertIn("broken.yaml:", problems[0])
            os.unlink(os.path.join(self.folder, "broken.yaml"))
            file.write(text[60:])
        self.wait_for_pods("p1", "p2", "p3")
        self.assertEqual(self.agent.status()["problems"], [])

    def test_a_killed_agent_leaves_the_network_and_finds_what_changed_meanwhile(self):
        self.agent.kill(signal.SIGKILL)
        self.assertEqual(self.answering(), {"p1", "p2"})
        self.write("pods/p3.yaml", pod_manifest(W.pods[2]))
        self.agent.start()
        self.wait_for_pods("p1", "p2", "p3")

    def test_cluster_ips_are_assigned_and_stay_after_a_restart(self):
        self.write("service.yaml", SERVICE.replace('  clusterIPs: [10.96.0.10, "fd00:96::10"]\n', ""))

        def assigned():
            services = json.loads(self.agent.get("/services"))["services"]
            addresses = services[0]["clusterIPs"]
            return addresses if addresses and "10.96.0.10" not in addresses else None

        first = wait_for("assigned addresses", assigned)
        self.assertEqual(len(first), 2)
        self.agent.kill()
        self.agent.start()
        self.assertEqual(wait_for("assigned addresses", assigned), first)
        self.assertIn(ask(W.outside, first[0], 80)[0], ("p1", "p2"))

    def test_the_services_page_is_sent_again_only_when_it_has_changed(self):
        def get(entity_tag=""):
            with W.node.inside():
                connection = http.client.HTTPConnection("127.0.0.1", 10249, timeout=5)
                connection.connect()
            self.addCleanup(connection.close)
            connection.request("GET", "/services?namespace=shop&name=cart", headers={"If-None-Match": entity_tag})
            answer = connection.getresponse()
            return answer.status, answer.getheader("ETag"), answer.read().decode()

        status, entity_tag, body = get()
        self.assertEqual(status, 200)
        self.assertIn(W.pods[1].addresses[0], body)
        self.assertEqual(get(entity_tag), (304, entity_tag, ""))
        os.unlink(os.path.join(self.folder, "pods/p2.yaml"))
        wait_for("another page", lambda: get(entity_tag)[0] == 200)
        wait_for("p2 gone from it", lambda: W.pods[1].addresses[0] not in get(entity_tag)[2])


if __name__ == "__main__":
    unittest.main(verbosity=2)
