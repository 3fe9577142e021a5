"""What becomes of connections to endpoints that terminate and that are gone, with real packets."""

import socket
import time
import unittest

import test_service_types
from harness.cluster import wait_for
from harness.world import connect_to
from test_service_types import BALANCER, BOTH, CLUSTER_IPS, NODE_PORT, PRIMARY, ManifestCase, on, service, setUpModule, slices

# What the agent needs; without CAP_NET_RAW nobody hears of an end before he sends something.
ONLY_NET_ADMIN = ["setpriv", "--bounding-set", "-all,+net_admin", "--inh-caps", "-all,+net_admin"]
RESET = {"fairlead.io/reset-connections": "endpoint-removed"}
TERMINATING = {"conditions": {"ready": False, "serving": True, "terminating": True}}


class RemovedEndpointsTest(ManifestCase):
    def connect(self, client, address, port=80, **options):
        """{name of a pod: a connection to it} for the first two pods."""
        sockets = {}
        while len(sockets) < 2:
            sock, words = connect_to(client, address, port, **options)
            self.addCleanup(sock.close)
            sockets.setdefault(words[0], sock)
        return sockets

    def wait_until_gone(self, pod):
        """Until no connection from now on reaches the pod: neither endpoint elements nor stale flows name it."""
        for family, name in ((0, "ip"), (1, "ip6")):
            wait_for("the endpoint to go", lambda name=name, family=family: test_service_types.W.pods[pod - 1].addresses[family]
                     not in test_service_types.W.node.sh(["nft", "list", "map", name, "fairlead", "endpoints"]))

    def assert_echoes(self, sock, message=b"still there\n"):
        sock.send(message)
        self.assertEqual(sock.recv(100), message)

    def assert_reset(self, sock):
        """Its next packet is answered by a reset; it had been told nothing before."""
        sock.settimeout(5)
        start = time.monotonic()
        with self.assertRaises((ConnectionResetError, BrokenPipeError)):
            sock.send(b"anybody there?\n")
            sock.recv(100)
        print(f"reset {1000 * (time.monotonic() - start):.1f} ms after the packet")

    def clients(self):
        w = test_service_types.W
        return w.outside, w.node, w.pods[2].namespace

    def connect_everybody(self):
        return [self.connect(client, address, port) for client in self.clients() for family in BOTH
                for address, port in ((CLUSTER_IPS[family], 80), (PRIMARY[family], NODE_PORT), (BALANCER[family], 80))]

    def established(self, pod):
        """The peers of the connections that the pod has."""
        lines = test_service_types.W.pods[pod - 1].namespace.sh("ss -Htn state established").splitlines()
        return {line.split()[-1] for line in lines}

    def test_idle_connections_to_an_endpoint_that_is_removed_are_reset_at_once_at_both_ends(self):
        wanted = service(RESET, type="NodePort", externalIPs=list(BALANCER))
        before = self.established(1)
        self.start([wanted, *slices(on(1), on(2))])
        connections = self.connect_everybody()
        self.assertGreaterEqual(len(self.established(1) - before), len(connections))
        self.change([wanted, *slices(on(2))])
        for sockets in connections:
            sockets["p1"].settimeout(5)
            with self.assertRaises(ConnectionResetError):
                sockets["p1"].recv(100)
            self.assert_echoes(sockets["p2"])
        wait_for("the endpoint's side to hear of it", lambda: not self.established(1) - before)

    def test_idle_connections_under_policy_local_are_reset_at_once_at_both_ends(self):
        wanted = service(RESET, type="NodePort", externalTrafficPolicy="Local")
        before = self.established(1)
        self.start([wanted, *slices(on(1), on(2))])
        connections = [self.connect(test_service_types.W.outside, PRIMARY[family], NODE_PORT) for family in BOTH]
        self.change([wanted, *slices(on(2))])
        for sockets in connections:
            sockets["p1"].settimeout(5)
            with self.assertRaises(ConnectionResetError):
                sockets["p1"].recv(100)
            self.assert_echoes(sockets["p2"])
        wait_for("the endpoint's side to hear of it", lambda: not self.established(1) - before)

    def test_connections_to_an_endpoint_that_is_removed_are_reset_where_the_service_wants_it(self):
        wanted = service(RESET, type="NodePort", externalIPs=list(BALANCER))
        self.start([wanted, *slices(on(1), on(2))], wrapper=ONLY_NET_ADMIN)
        connections = self.connect_everybody()
        self.change([wanted, *slices(on(1, **TERMINATING), on(2))])
        for sockets in connections:
            self.assert_echoes(sockets["p1"])
        self.change([wanted, *slices(on(2))])
        self.wait_until_gone(1)
        wait_for("the flows to go", lambda: self.agent.log().count("deleted stale flows") >= 2)
        for sockets in connections:
            self.assert_reset(sockets["p1"])
            self.assert_echoes(sockets["p2"])

    def test_connections_are_reset_also_when_the_last_endpoint_goes_and_under_policy_local(self):
        for spec in ({}, {"externalTrafficPolicy": "Local"}):
            wanted = service(RESET, type="NodePort", **spec)
            self.start([wanted, *slices(on(1))], wrapper=ONLY_NET_ADMIN)
            sockets = [connect_to(test_service_types.W.outside, PRIMARY[family], NODE_PORT)[0] for family in BOTH]
            self.change([wanted, *slices()])
            self.wait_until_gone(1)
            wait_for("the flows to go", lambda: self.agent.log().count("deleted stale flows") >= 2)
            for sock in sockets:
                self.addCleanup(sock.close)
                self.assert_reset(sock)
            self.agent.close()

    def test_a_client_that_only_waits_is_reset_by_its_keepalive(self):
        self.start([service(RESET), *slices(on(1))], wrapper=ONLY_NET_ADMIN)
        sock, _ = connect_to(test_service_types.W.pods[2].namespace, CLUSTER_IPS[0], 80)
        self.addCleanup(sock.close)
        self.change([service(RESET), *slices()])
        wait_for("the flow to go", lambda: "deleted stale flows" in self.agent.log())
        self.assertIn("raw socket: Operation not permitted", self.agent.log())
        for option, value in ((socket.TCP_KEEPIDLE, 1), (socket.TCP_KEEPINTVL, 1)):
            sock.setsockopt(socket.IPPROTO_TCP, option, value)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.settimeout(10)
        with self.assertRaises(ConnectionResetError):
            sock.recv(100)

    def test_connections_to_an_endpoint_that_is_removed_live_on_by_default(self):
        self.start([service(type="NodePort"), *slices(on(1), on(2))])
        sockets = self.connect(test_service_types.W.outside, CLUSTER_IPS[0])
        self.change([service(type="NodePort"), *slices(on(2))])
        self.wait_until_gone(1)
        time.sleep(0.5)
        self.assert_echoes(sockets["p1"])
        self.assert_echoes(sockets["p2"])

    def test_an_endpoint_that_terminates_gets_no_new_connection_and_keeps_those_it_has(self):
        self.start([service(), *slices(on(1), on(2))])
        sockets = [self.connect(client, CLUSTER_IPS[family]) for client in self.clients() for family in BOTH]
        start = time.monotonic()
        self.write([service(), *slices(on(1, **TERMINATING), on(2))])
        self.wait_until_gone(1)
        print(f"no new connections {1000 * (time.monotonic() - start):.0f} ms after the file was written")
        for client in self.clients():
            for family in BOTH:
                self.assertEqual(self.answers(client, CLUSTER_IPS[family], count=30)[0], {"p2"})
        for pair in sockets:
            self.assert_echoes(pair["p1"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
