"""Names of Pods in the mode `verified`, from a real API server and from manifests, with CoreDNS beside it: ADDRESS.NAMESPACE.pod.Z is
there as long as a Pod of the namespace has the address, on whichever node."""

import os
import shutil
import tempfile
import unittest

import dns.message
import dns.rcode
import dns.rdatatype
import yaml

from harness import coredns, netns, world
from harness.cluster import ApiError, wait_for

ADDRESS, LISTEN = "192.0.2.1", "127.0.0.2"
ZONE = "cluster.local"
NAMES = ["10-64-0-1.shop", "10-64-0-1.other", "10-64-0-1.none", "fd00-64--1.shop", "FD00-64--1.Shop", "10-64-0-2.other", "10-64-0-2.shop",
         "10-64-0-3.shop", "192-0-2-1.shop", "10-64-0-9.shop", "x.shop", "1-2-3.shop", "shop", "none"]
RUNNING, HOST, FINISHED = {"phase": "Running"}, {"phase": "Running", "hostIP": ADDRESS, "hostIPs": [{"ip": ADDRESS}]}, {"phase": "Succeeded"}


def pod(name, node, status, *addresses, **spec):
    """A manifest of a Pod; an API server wants its status in a request of its own."""
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"nodeName": node, "containers": [{"name": "main", "image": "none"}], **spec},
            "status": {**status, "podIP": addresses[0], "podIPs": [{"ip": address} for address in addresses]} if addresses else status}


PODS = {
    "shop": [pod("cart", "n1", RUNNING, "10.64.0.1", "fd00:64::1"), pod("done", "n1", FINISHED, "10.64.0.3"), pod("waits", "n2", {}),
             pod("host", "n1", HOST, ADDRESS, hostNetwork=True)],
    "other": [pod("far", "n2", RUNNING, "10.64.0.2")],
}


def said(reply):
    """"NOERROR 10.64.0.1"."""
    message = dns.message.from_wire(reply)
    return " ".join([dns.rcode.to_text(message.rcode()), *sorted(item.address for rrset in message.answer for item in rrset)])


class Agent(world.Agent):
    def __init__(self, namespace, source, folder):
        with open(os.path.join(folder, "resolv.conf"), "w") as file:
            file.write("nameserver 192.0.2.9\n")
        super().__init__(namespace, source, ["--dns-mode", "bind", "--dns-listen", f"{LISTEN}:53", "--dns-pod-names", "verified",
                                             "--dns-resolv-conf", file.name])


class PodNamesTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix=f"{netns.PREFIX}-{os.getpid()}-")
        self.addCleanup(shutil.rmtree, self.folder)

    def start(self, namespace, source):
        self.agent = Agent(namespace, source, self.folder).start()
        self.addCleanup(self.agent.close)
        self.server = coredns.Asker(namespace, LISTEN)
        self.addCleanup(self.server.close)

    def ours(self, name, kind="A"):
        return said(self.server.ask(f"{name}.pod.{ZONE}", dns.rdatatype.from_text(kind)))


class ApiServerTest(PodNamesTest):
    @classmethod
    def setUpClass(cls):
        cls.control = coredns.start_control_plane(cls, ADDRESS)
        for space in PODS:
            cls.control.create("/api/v1/namespaces", {"metadata": {"name": space}})
        cls.coredns = coredns.CoreDns(cls.control, "verified")
        cls.addClassCleanup(cls.coredns.close)

    def setUp(self):
        super().setUp()
        for space, pods in PODS.items():
            for each in pods:
                self.create(space, each)
        self.start(self.control.namespace, ["--kubeconfig", self.control.kubeconfig])
        self.wait_for_both("10-64-0-2.other", "NOERROR 10.64.0.2")

    def create(self, space, manifest):
        path = f"/api/v1/namespaces/{space}/pods"
        self.control.create(path, manifest)
        self.addCleanup(self.delete, space, manifest["metadata"]["name"])
        if manifest["status"]:
            self.control.patch(f"{path}/{manifest['metadata']['name']}/status", {"status": manifest["status"]})

    def delete(self, space, name):
        try:
            self.control.delete(f"/api/v1/namespaces/{space}/pods/{name}")
        except ApiError as error:
            if error.status != 404:
                raise

    def theirs(self, name, kind="A"):
        return said(self.coredns.ask(f"{name}.pod.{ZONE}", dns.rdatatype.from_text(kind)))

    def wait_for_both(self, name, expected):
        for who, ask in (("the agent", self.ours), ("CoreDNS", self.theirs)):
            wait_for(f"{name} at {who}: {expected}", lambda ask=ask: ask(name) == expected, timeout=60)

    def test_every_name_has_the_answer_of_coredns(self):
        for name in NAMES:
            for kind in ("A", "AAAA"):
                with self.subTest(name, kind=kind):
                    self.assertEqual(self.ours(name, kind), self.theirs(name, kind))
        self.assertEqual(self.ours("fd00-64--1.shop", "AAAA"), "NOERROR fd00:64::1")

    def test_a_name_comes_and_goes_with_the_pods_that_have_the_address(self):
        self.create("other", pod("second", "n1", RUNNING, "10.64.0.7"))
        self.wait_for_both("10-64-0-7.other", "NOERROR 10.64.0.7")
        self.delete("other", "second")
        self.wait_for_both("10-64-0-7.other", "NXDOMAIN")
        self.control.patch("/api/v1/namespaces/other/pods/far/status", {"status": {"phase": "Failed"}})
        self.wait_for_both("10-64-0-2.other", "NXDOMAIN")

    def test_a_pod_that_is_being_deleted_keeps_its_name_until_it_is_gone(self):
        self.control.request("DELETE", "/api/v1/namespaces/other/pods/far?gracePeriodSeconds=60")
        self.create("other", pod("later", "n1", RUNNING, "10.64.0.7"))
        self.wait_for_both("10-64-0-7.other", "NOERROR 10.64.0.7")
        self.assertEqual((self.ours("10-64-0-2.other"), self.theirs("10-64-0-2.other")), ("NOERROR 10.64.0.2",) * 2)
        self.delete("other", "far")
        self.wait_for_both("10-64-0-2.other", "NXDOMAIN")

    def test_names_stay_while_the_api_server_is_away(self):
        self.control.kill("kube-apiserver")
        try:
            self.assertEqual(self.ours("10-64-0-2.other"), "NOERROR 10.64.0.2")
            self.assertEqual(self.ours("10-64-0-2.shop"), "NXDOMAIN")
        finally:
            self.control.start_apiserver()


class ManifestsTest(PodNamesTest):
    def test_pods_of_all_nodes_in_manifests_have_names(self):
        namespace = netns.Namespace("dns")
        self.addCleanup(namespace.delete)
        objects = os.path.join(self.folder, "objects")
        os.mkdir(objects)

        def write(pods):
            documents = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}} for space in PODS]
            documents += [{**each, "metadata": {**each["metadata"], "namespace": space}} for space, named in pods.items() for each in named]
            with open(os.path.join(objects, ".new"), "w") as file:
                yaml.safe_dump_all(documents, file)
            os.rename(file.name, os.path.join(objects, "pods.yaml"))

        write(PODS)
        self.start(namespace, ["--manifests", objects])
        expected = {"10-64-0-1.shop": "NOERROR 10.64.0.1", "10-64-0-2.other": "NOERROR 10.64.0.2", "10-64-0-2.shop": "NXDOMAIN",
                    "10-64-0-3.shop": "NXDOMAIN", "192-0-2-1.shop": "NOERROR 192.0.2.1", "10-64-0-9.shop": "NXDOMAIN"}
        self.assertEqual({name: self.ours(name) for name in expected}, expected)
        write({"other": PODS["shop"][:1]})
        wait_for("the change", lambda: self.ours("10-64-0-1.other") == "NOERROR 10.64.0.1" and self.ours("10-64-0-1.shop") == "NXDOMAIN")


if __name__ == "__main__":
    unittest.main()
