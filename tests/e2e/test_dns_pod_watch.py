"""What the collapse of search walks rests on, the watch of the node's Pods: an address that passes to another Pod, a watch that is away."""

import os
import shutil
import tempfile
import unittest

import dns.message
import dns.rcode
import dns.rdatatype

from harness import coredns, dns_server, netns, world
from harness.cluster import wait_for
from harness.dns_server import NOERROR, NXDOMAIN, A, address_record, soa_record

ADDRESS, LISTEN, UPSTREAM, POD = "192.0.2.1", "127.0.0.2", "127.0.0.3", "10.64.0.1"
NAME, OWN_SUFFIX = "www.example.com", "own.example"
FIRST_QUERY = f"{NAME}.shop.svc.cluster.local"
PODS = "/api/v1/namespaces/shop/pods"


def answer_as_upstream(name, kind):
    """The name is there, and a wildcard in the domain that one of the Pods searches."""
    if name != NAME and not name.endswith("." + OWN_SUFFIX):
        return NXDOMAIN, [], [soa_record("example")]
    return NOERROR, [address_record(name, "203.0.113.80")] if kind == A else [], [] if kind == A else [soa_record("example")]


class PodWatchTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.control = coredns.start_control_plane(cls, ADDRESS)
        cls.control.create("/api/v1/namespaces", {"metadata": {"name": "shop"}})
        cls.control.namespace.ip("address", "add", f"{POD}/32", "dev", "lo")
        cls.upstream = dns_server.DnsServer(cls.control.namespace, UPSTREAM, answer_as_upstream)
        cls.addClassCleanup(cls.upstream.close)

    def setUp(self):
        folder = tempfile.mkdtemp(prefix=f"{netns.PREFIX}-{os.getpid()}-")
        self.addCleanup(shutil.rmtree, folder)
        with open(os.path.join(folder, "resolv.conf"), "w") as file:
            file.write(f"nameserver {UPSTREAM}\n")
        self.bind_pod("old")
        self.give_address("old")
        self.agent = world.Agent(self.control.namespace, ["--kubeconfig", self.control.kubeconfig],
                                 ["--dns-mode", "bind", "--dns-listen", f"{LISTEN}:53", "--dns-resolv-conf", file.name]).start()
        self.addCleanup(self.agent.close)
        self.client = coredns.Asker(self.control.namespace, LISTEN, POD)
        self.addCleanup(self.client.close)
        wait_for("the walk to be collapsed", self.collapses)

    def bind_pod(self, name, **spec):
        self.control.create(PODS, {"metadata": {"name": name}, "spec": {"nodeName": "n1", "containers": [{"name": "main", "image": "none"}], **spec}})
        self.addCleanup(self.control.delete, f"{PODS}/{name}")

    def give_address(self, name):
        self.control.patch(f"{PODS}/{name}/status", {"status": {"phase": "Running", "podIP": POD, "podIPs": [{"ip": POD}]}})

    def collapses(self):
        reply = dns.message.from_wire(self.client.ask(FIRST_QUERY, dns.rdatatype.A))
        self.assertEqual(bool(reply.answer), reply.rcode() == dns.rcode.NOERROR)
        return bool(reply.answer)

    def test_a_pod_with_another_walk_never_gets_the_end_of_the_walk_of_the_pod_that_had_its_address(self):
        """The new one is bound to the node before it has an address; from then on what it searches is looked at for the old one too."""
        self.bind_pod("new", dnsConfig={"searches": [OWN_SUFFIX]})
        wait_for("the new Pod to be heard of", lambda: not self.collapses())
        for step in (lambda: self.give_address("new"), lambda: self.control.patch(f"{PODS}/old/status", {"status": {"phase": "Failed"}}),
                     lambda: self.agent.kill(), lambda: self.agent.start()):
            step()
            if self.agent.process:
                self.assertFalse(any(self.collapses() for _ in range(200)))

    def test_nothing_is_collapsed_while_the_watch_is_away_for_long(self):
        self.control.kill("kube-apiserver")
        try:
            wait_for("the first query to get its own answer", lambda: not self.collapses(), timeout=30)
            self.assertIn("dns: no search walk is collapsed: nothing is heard of this node's Pods", self.agent.status()["problems"])
        finally:
            self.control.start_apiserver()
        wait_for("the walk to be collapsed again", self.collapses, timeout=60)
        self.assertNotIn("search walk", str(self.agent.status()["problems"]))


if __name__ == "__main__":
    unittest.main()
