"""A kernel that lacks one expression: what it is for is done without it, and every Service has its connections.

The kernel is a real one; harness/lesser_kernel.c makes it refuse what the agent sends.
"""

import copy
import os
import shutil
import socket
import tempfile
import unittest

import test_service_types
from harness import netns, nft, world
from test_service_types import BALANCER, BOTH, NODE_PORT, OUTSIDE, PRIMARY, ManifestCase, on, service, slices

# What lacks, and what /status says of it.
EXPRESSIONS = {
    "numgen": "lacks numgen: the client's port decides",
    "hash": "lacks hash: consistent balancing is off (shop/consistent)",
    "dynset": "lacks dynset: clients keep their endpoint by their address, connections are not counted (shop/sticky)",
    "masq": "lacks masq: no client's address is hidden",
    "masq-fully-random": "lacks masq fully-random: source ports of hidden clients are not random",
    "counter": "lacks counter: refused packets and connections are not counted",
    "reject": "lacks reject: what would be refused is dropped",
    "fib": "lacks fib: connections of this node are told by their interface",
}
# The last octet of each Service's ClusterIP.
PLAIN, CONSISTENT, STICKY, GUARDED, EMPTY = 1, 2, 3, 4, 5


def setUpModule():
    test_service_types.setUpModule(pod_count=3)
    folder = tempfile.mkdtemp(prefix=f"{netns.PREFIX}-{os.getpid()}-")
    unittest.addModuleCleanup(shutil.rmtree, folder)
    global LIBRARY
    LIBRARY = os.path.join(folder, "lesser_kernel.so")
    netns.sh(["cc", "-shared", "-fPIC", "-O1", "-o", LIBRARY, os.path.join(os.path.dirname(nft.__file__), "lesser_kernel.c")])


def addresses(number):
    return f"10.96.1.{number}", f"fd00:96::1:{number}"


def named(name, number, endpoints=(), annotations=None, **spec):
    """A Service with its slices."""
    made = service(annotations, clusterIPs=list(addresses(number)), **spec)
    objects = [made, *copy.deepcopy(slices(*endpoints))]
    for each in objects:
        if each["kind"] == "EndpointSlice":
            each["metadata"] = {"name": f"{name}-{each['addressType'].lower()}", "namespace": "shop",
                                "labels": {"kubernetes.io/service-name": name}}
    made["metadata"]["name"] = name
    if spec.get("type") is None:
        for port in made["spec"]["ports"]:
            del port["nodePort"]
    return objects


def objects(with_consistent=True):
    guarded = named("guarded", GUARDED, [on(1), on(2, "n2")], type="LoadBalancer", externalTrafficPolicy="Local",
                    loadBalancerSourceRanges=["192.0.2.2/32", "2001:db8::2/128", *PRIMARY_RANGES])
    guarded[0]["status"] = {"loadBalancer": {"ingress": [{"ip": ip} for ip in BALANCER]}}
    return [*named("plain", PLAIN, [on(1), on(2)]),
            *(named("consistent", CONSISTENT, [on(1), on(2)], {"fairlead.io/balancing": "consistent"}) if with_consistent else []),
            *named("sticky", STICKY, [on(1), on(2)], sessionAffinity="ClientIP"),
            *guarded,
            *named("empty", EMPTY)]


PRIMARY_RANGES = [f"{PRIMARY[0]}/32", f"{PRIMARY[1]}/128"]


class LesserKernelTest(ManifestCase):
    def start_without(self, expression, objects):
        self.start(objects, ["--connection-counters", "true"],
                   wrapper=["env", f"LD_PRELOAD={LIBRARY}", f"WITHOUT_EXPRESSION={expression}"])

    def problems(self):
        return [problem for problem in self.agent.status()["problems"] if "this kernel" in problem]

    def assert_all_served(self, lacking):
        w = test_service_types.W
        for family in BOTH:
            pod = w.pods[2].namespace
            self.assertEqual(self.answers(pod, addresses(PLAIN)[family])[0], {"p1", "p2"})
            self.assertEqual(self.answers(pod, addresses(PLAIN)[family], kind="udp")[0], {"p1", "p2"})
            self.assertEqual(len(self.answers(pod, addresses(STICKY)[family])[0]), 1, "a client changed its endpoint")
            consistent = self.answers(pod, addresses(CONSISTENT)[family])[0]
            self.assertEqual(len(consistent), 2 if lacking == "hash" else 1, consistent)
            names, peers = self.answers(w.outside, PRIMARY[family], NODE_PORT)
            self.assertEqual((names, peers), ({"p1"}, {OUTSIDE[family]}), "externalTrafficPolicy: Local")
            self.assertEqual(self.answers(w.node, PRIMARY[family], NODE_PORT)[0], {"p1", "p2"}, "the node's short cut")
            self.assertEqual(self.answers(w.outside, BALANCER[family])[0], {"p1"})
            self.assert_silent(pod, BALANCER[family])
            # Who is no pod is hidden, if there is anything to hide by.
            peers = self.answers(w.outside, addresses(PLAIN)[family])[1]
            self.assertEqual(OUTSIDE[family] in peers, lacking == "masq", peers)
            (self.assert_silent if lacking == "reject" else self.assert_refused)(pod, addresses(EMPTY)[family])

    def test_what_one_expression_is_for_is_done_without_it(self):
        for expression, words in EXPRESSIONS.items():
            with self.subTest(expression=expression):
                self.start_without(expression, objects())
                try:
                    self.check_without(expression, words)
                finally:
                    self.agent.close()

    def check_without(self, expression, words):
        status = self.agent.status()
        self.assertTrue(status["ready"], status["notReady"])
        self.assertEqual(status["lastError"], "")
        self.assertEqual(len(self.problems()), 2, status["problems"])
        for problem in self.problems():
            self.assertIn(words, problem)
        self.assert_all_served(expression)
        # Who starts anew finds the same out, and changes nothing.
        watched = nft.Events(test_service_types.W.node)
        self.agent.kill()
        self.agent.start()
        self.assertNotRegex(watched.stop(), r"ip6? fairlead(?!-probe)")

    def test_a_service_that_needs_what_is_not_there_comes_later_and_costs_nobody(self):
        self.start_without("hash", objects(with_consistent=False))
        self.assertEqual(self.problems(), [])
        self.change(objects())
        self.assertEqual(len(self.problems()), 2)
        self.assert_all_served("hash")


if __name__ == "__main__":
    socket.setdefaulttimeout(10)
    unittest.main(verbosity=2)
