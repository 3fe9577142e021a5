"""Consistent hashing with real packets: two nodes that know nothing of each other send a client to the same endpoint."""

import os
import shutil
import tempfile
import unittest

import test_service_types
import yaml
from harness import netns, world
from test_service_types import BOTH, BALANCER, CLUSTER_IPS, NODE, NODE_PORT, PRIMARY, ManifestCase, on, service, slices

CLIENTS = 200
CONSISTENT = {"fairlead.io/balancing": "consistent"}
# Addresses of clients outside, and of the second node on the link to them.
SOURCES = ([f"192.0.2.{20 + i}" for i in range(CLIENTS)], [f"2001:db8::{0x1000 + i:x}" for i in range(CLIENTS)])
LINK = (("192.0.3.1", "192.0.3.2"), ("2001:db8:3::1", "2001:db8:3::2"))
NODES = ("192.0.2.1", "2001:db8::1"), (LINK[0][0], LINK[1][0])


def setUpModule():
    test_service_types.setUpModule(pod_count=4, remote_pod_count=1)
    w = test_service_types.W
    for family in BOTH:
        for source in SOURCES[family]:
            w.outside.ip("address", "add", f"{source}/{(24, 64)[family]}", "dev", "eth0", *(["nodad"] if family else []))
    netns.connect(w.remote_node, "outside2", [f"{LINK[0][0]}/24", f"{LINK[1][0]}/64"],
                  w.outside, "eth1", [f"{LINK[0][1]}/24", f"{LINK[1][1]}/64"])
    w.remote_node.ip("route", "add", "192.0.2.0/24", "via", LINK[0][1])
    w.remote_node.ip("-6", "route", "add", "2001:db8::/64", "via", LINK[1][1])


def owners(family, address=None, port=80, node=0, kind="tcp", count=CLIENTS):
    """The pod that each client reaches through one of the nodes."""
    outside = test_service_types.W.outside
    outside.ip(*(["-6"] if family else []), "route", "replace", "default", "via", NODES[node][family])
    return {source: world.ask(outside, address or CLUSTER_IPS[family], port, kind, source=source)[0]
            for source in SOURCES[family][:count]}


class ConsistentBalancingTest(ManifestCase):
    def start_second_node(self, objects):
        """An agent that sees only the end, and in another order."""
        folder = tempfile.mkdtemp(prefix=f"{netns.PREFIX}-{os.getpid()}-")
        self.addCleanup(shutil.rmtree, folder)
        with open(os.path.join(folder, "objects.yaml"), "w") as file:
            yaml.safe_dump_all([NODE, *objects], file)
        agent = world.Agent(test_service_types.W.remote_node, ["--manifests", folder], name="n2").start()
        self.addCleanup(agent.close)

    def test_every_node_sends_a_client_to_the_same_endpoint_and_only_those_of_a_removed_one_move(self):
        cart = service(CONSISTENT)
        self.start([cart, *slices(on(4))])
        self.change([cart, *slices(on(2), on(4))])
        self.change([cart, *slices(on(1), on(2), on(3), on(4))])
        self.start_second_node([*slices(on(3), on(2), on(4), on(1)), cart])
        before = [owners(family) for family in BOTH]
        for family in BOTH:
            self.assertEqual(set(before[family].values()), {"p1", "p2", "p3", "p4"})
            self.assertEqual(owners(family, node=1), before[family])
            _, peer = world.ask(test_service_types.W.outside, CLUSTER_IPS[family], 80)
            self.assertEqual(peer, ("198.19.0.2", "2001:db8:19::2")[family], "the second node translated")
        self.change([cart, *slices(on(1), on(3), on(4))])
        for family in BOTH:
            after = owners(family)
            moved = {source for source in after if after[source] != before[family][source]}
            self.assertEqual(moved, {source for source, pod in before[family].items() if pod == "p2"})
        self.change([cart, *slices(on(1), on(2), on(3), on(4))])
        for family in BOTH:
            self.assertEqual(owners(family), before[family], "those that left come back, nobody else moves")

    def test_a_client_reaches_one_endpoint_through_every_address_port_and_protocol(self):
        self.start([service(CONSISTENT, type="NodePort", externalIPs=list(BALANCER)), *slices(on(1), on(2), on(3))])
        for family in BOTH:
            expected = owners(family, count=20)
            self.assertGreater(len(set(expected.values())), 1)
            for kind in ("tcp", "udp"):
                for address, port in ((CLUSTER_IPS[family], 80), (PRIMARY[family], NODE_PORT), (BALANCER[family], 80)):
                    self.assertEqual(owners(family, address, port, kind=kind, count=20), expected, f"{address} {kind}")

    def test_policy_local_chooses_among_the_endpoints_of_the_node(self):
        self.start([service(CONSISTENT, type="NodePort", externalTrafficPolicy="Local"), *slices(on(1), on(2), on(3, "n2"))])
        for family in BOTH:
            first = owners(family, PRIMARY[family], NODE_PORT, count=40)
            self.assertEqual(set(first.values()), {"p1", "p2"})
            self.assertEqual(owners(family, PRIMARY[family], NODE_PORT, count=40), first)

    def test_with_affinity_a_client_that_is_known_stays_and_a_new_one_goes_by_its_hash(self):
        def sticky(*endpoints):
            return [service(CONSISTENT, sessionAffinity="ClientIP",
                            sessionAffinityConfig={"clientIP": {"timeoutSeconds": 100}}), *slices(*endpoints)]

        self.start(sticky(on(1)))
        for family in BOTH:
            self.assertEqual(set(owners(family, count=40).values()), {"p1"})
        self.change(sticky(on(1), on(2)))
        for family in BOTH:
            everybody = owners(family)
            known, new = SOURCES[family][:40], SOURCES[family][40:]
            self.assertEqual({everybody[source] for source in known}, {"p1"})
            self.assertEqual({everybody[source] for source in new}, {"p1", "p2"})
            self.assertEqual(owners(family), everybody)

    def test_a_value_that_is_not_known_is_named_and_costs_nothing(self):
        self.start([service({"fairlead.io/balancing": "sometimes"}), *slices(on(1), on(2))])
        self.assertEqual(self.agent.status()["problems"],
                         ["annotation fairlead.io/balancing of Service shop/cart: 'sometimes' is neither random nor consistent"])
        self.assertEqual(self.answers(test_service_types.W.outside, CLUSTER_IPS[0])[0], {"p1", "p2"})


if __name__ == "__main__":
    unittest.main(verbosity=2)
