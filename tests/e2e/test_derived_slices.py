"""Slices that are derived from manifests against those that kube-controller-manager makes of the same Services and Pods."""

import json
import os
import random
import shutil
import tempfile
import unittest

from harness import world
from harness.cluster import ControlPlane, wait_for

SPACE = "/api/v1/namespaces/oracle"
SEED = int(os.environ.get("FAIRLEAD_TEST_SEED", "20261124"))


def named_port(name, number, protocol="TCP"):
    return {"name": name, "containerPort": number, "protocol": protocol}


# What the random Pods are made of.
CONTAINERS = [
    [{"name": "c", "image": "i", "ports": [named_port("web", 8080), named_port("dns", 5353, "UDP")]}],
    [{"name": "c", "image": "i", "ports": [named_port("web", 9090)]}, {"name": "d", "image": "i", "ports": [named_port("dns", 53, "UDP")]}],
    [{"name": "c", "image": "i", "ports": [named_port("dns", 5353)]}],
    [{"name": "c", "image": "i"}],
]
SIDECARS = [[], [{"name": "s", "image": "i", "restartPolicy": "Always", "ports": [named_port("web", 7070)]}],
            [{"name": "s", "image": "i", "ports": [named_port("web", 6060)]}]]
PORTS = [
    [{"port": 80, "targetPort": 8080}],
    [{"port": 80, "targetPort": "web"}],
    [{"port": 80}],
    [{"name": "web", "port": 80, "targetPort": "web"}, {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": "dns"}],
    [{"name": "a", "port": 81, "targetPort": "web"}, {"name": "b", "port": 82, "targetPort": "web"}, {"name": "c", "port": 83, "targetPort": "none"}],
]
POLICIES = [{}, {}, {"trafficDistribution": "PreferClose"}, {"trafficDistribution": "PreferSameZone"},
            {"trafficDistribution": "PreferSameNode"}, {"publishNotReadyAddresses": True}, {"internalTrafficPolicy": "Local"}]
FAMILIES = [{"ipFamilyPolicy": "PreferDualStack"}, {"ipFamilyPolicy": "SingleStack"}, {"ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv6"]}]


class DerivedSlicesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = world.World(pod_count=1, remote_pod_count=1)
        cls.addClassCleanup(cls.world.close)
        cls.control = ControlPlane(cls.world.control, "198.18.0.1")
        cls.addClassCleanup(cls.control.stop)
        cls.control.start()
        cls.folder = tempfile.mkdtemp(prefix="fairlead-oracle-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        for name, zone in (("n1", "a"), ("n2", "a"), ("n3", "b")):
            cls.control.create("/api/v1/nodes", {"metadata": {"name": name, "labels": {"topology.kubernetes.io/zone": zone}}})
        cls.control.create("/api/v1/namespaces", {"metadata": {"name": "oracle"}})

    def make_service(self, number, random_):
        selector = random_.choice([{"app": "a"}, {"app": "b"}, {"app": "a", "tier": "x"}, {"tier": "y"}, {"app": "nobody"}])
        self.control.create(f"{SPACE}/services", {"metadata": {"name": f"s{number}"}, "spec": {
            "selector": selector, "ports": random_.choice(PORTS), **random_.choice(POLICIES), **random_.choice(FAMILIES)}})

    def make_pod(self, number, random_):
        name = f"p{number}"
        self.control.create(f"{SPACE}/pods", {
            "metadata": {"name": name, "finalizers": ["fairlead.example/keep"],
                         "labels": {"app": random_.choice("ab"), "tier": random_.choice("xyz")}},
            "spec": {"nodeName": random_.choice(["n1", "n2", "n3"]), "terminationGracePeriodSeconds": 600,
                     "containers": random_.choice(CONTAINERS), "initContainers": random_.choice(SIDECARS)}})
        addresses = [f"10.70.{number // 250}.{number % 250 + 1}", f"fd00:70::{number + 1:x}"]
        addresses = random_.choice([addresses, addresses, addresses, addresses[:1], []])
        status = {"phase": random_.choice(["Running"] * 6 + ["Pending", "Succeeded", "Failed"]),
                  "conditions": [{"type": "Ready", "status": random_.choice(["True", "True", "True", "False"])}]}
        if addresses:
            status |= {"podIP": addresses[0], "podIPs": [{"ip": address} for address in addresses]}
        self.control.patch(f"{SPACE}/pods/{name}/status", {"status": status})
        if random_.random() < 0.15:
            self.control.request("DELETE", f"{SPACE}/pods/{name}?gracePeriodSeconds=600")

    def write_manifests(self):
        for kind, api_kind, path in (("services", "Service", f"{SPACE}/services"), ("pods", "Pod", f"{SPACE}/pods"), ("nodes", "Node", "/api/v1/nodes")):
            items = self.control.request("GET", path)["items"]
            for item in items:
                item |= {"apiVersion": "v1", "kind": api_kind}
            with open(f"{self.folder}/.{kind}", "w") as file:
                json.dump({"apiVersion": "v1", "kind": "List", "items": items}, file)
            os.rename(f"{self.folder}/.{kind}", f"{self.folder}/{kind}.json")

    @staticmethod
    def endpoints(agent):
        """Frontend to its sorted endpoints, of every Service of the test."""
        return {(service["name"], port["protocol"], frontend["address"], frontend["port"]): (frontend["state"], sorted(frontend["endpoints"]))
                for service in json.loads(agent.get("/services?namespace=oracle"))["services"]
                for port in service["ports"] for frontend in port["frontends"]}

    def test_they_send_traffic_to_the_same_endpoints(self):
        random_ = random.Random(SEED)
        for number in range(40):
            self.make_service(number, random_)
        for number in range(150):
            self.make_pod(number, random_)
        self.write_manifests()
        agents = [world.Agent(self.world.node, ["--kubeconfig", self.control.kubeconfig]),
                  world.Agent(self.world.remote_node, ["--manifests", self.folder])]
        for agent in agents:
            self.addCleanup(agent.close)
            agent.start()
        self.assertEqual(agents[1].status()["problems"], [])
        derived = self.endpoints(agents[1])
        self.assertGreater(sum(len(endpoints) for _, endpoints in derived.values()), 300)
        self.assertGreater(len(derived), 60)

        def differences():
            made = self.endpoints(agents[0])
            return {key: (made.get(key), derived.get(key)) for key in made.keys() | derived.keys() if made.get(key) != derived.get(key)}

        try:
            wait_for("the controller", lambda: not differences(), timeout=30)
        except AssertionError:
            self.fail(f"seed {SEED}: the controller's and ours: {differences()}")


if __name__ == "__main__":
    unittest.main()
