"""Packets that conntrack calls INVALID, with real ones: what the guard saves, and what it must not break."""

import os
import re
import shutil
import signal
import socket
import tempfile
import unittest

import yaml

from harness import forged, load, netns, nft, world
from harness.cluster import wait_for

W = None
BOTH = (0, 1)
TABLES = ("ip", "ip6")
FAMILIES = (socket.AF_INET, socket.AF_INET6)
PORT = 9000  # of endpoints whose sockets this test has itself
CLUSTER_IPS = ("10.96.0.10", "fd00:96::10")
HOST_IPS = ("10.96.0.20", "fd00:96::20")
ECHO_IPS = ("10.96.0.30", "fd00:96::30")
BALANCER = ("203.0.113.10", "2001:db8:113::10")
NODE_ADDRESSES = ("198.18.0.2", "2001:db8:18::2")
OUTSIDE = ("192.0.2.2", "2001:db8::2")
BYPASS = (("172.31.0.1", "172.31.0.2"), ("fd00:31::1", "fd00:31::2"))
LIBERAL = "/proc/sys/net/netfilter/nf_conntrack_tcp_be_liberal"
ESTABLISHED = 1  # TCP_ESTABLISHED of net/tcp_states.h


def setUpModule():
    global W
    W = world.World(pod_count=4)
    unittest.addModuleCleanup(W.close)
    connect_bypass()


def connect_bypass():
    """A way from the client outside to pod 4 past the node; answers go by the node."""
    pod = W.pods[3].namespace
    netns.connect(W.outside, "bypass", [f"{BYPASS[0][0]}/30", f"{BYPASS[1][0]}/64"],
                  pod, "bypass", [f"{BYPASS[0][1]}/30", f"{BYPASS[1][1]}/64"])
    for name in ("all", "bypass"):
        pod.sysctl(f"net.ipv4.conf.{name}.rp_filter", 0)
    for family, length in ((0, 32), (1, 128)):
        pod.ip("address", "add", f"{BALANCER[family]}/{length}", "dev", "lo", *(["nodad"] if family else []))
        for address in (W.pods[3].addresses[family], BALANCER[family]):
            W.outside.ip("route", "add", f"{address}/{length}", "via", BYPASS[family][1], "src", OUTSIDE[family])


def service(name, addresses, balancer=()):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "shop"},
            "spec": {"type": "LoadBalancer", "clusterIPs": list(addresses), "ipFamilies": ["IPv4", "IPv6"],
                     "ports": [{"name": "tcp", "protocol": "TCP", "port": 80}]},
            "status": {"loadBalancer": {"ingress": [{"ip": address} for address in balancer]}}}


def slices(name, addresses, port=PORT):
    return [{"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": ("IPv4", "IPv6")[family],
             "metadata": {"name": f"{name}-{family}", "namespace": "shop", "labels": {"kubernetes.io/service-name": name}},
             "ports": [{"name": "tcp", "protocol": "TCP", "port": port}],
             "endpoints": [{"addresses": [addresses[family]], "nodeName": "n1", "conditions": {"ready": True}}]} for family in BOTH]


def objects():
    return [{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"},
             "status": {"addresses": [{"type": "InternalIP", "address": address} for address in NODE_ADDRESSES]}},
            service("cart", CLUSTER_IPS, BALANCER), *slices("cart", W.pods[0].addresses),
            service("host", HOST_IPS), *slices("host", NODE_ADDRESSES),
            service("echo", ECHO_IPS), *slices("echo", W.pods[2].addresses, world.PORT)]


class Connection:
    """A TCP connection through a Service, both ends of it in this process."""

    def __init__(self, test, family, place):
        endpoint = W.node if place == "output" else W.pods[0].namespace
        client = W.node if place == "input" else W.pods[1].namespace
        address = (NODE_ADDRESSES if place == "output" else W.pods[0].addresses)[family]
        self.family, self.place, self.endpoint = family, place, endpoint
        with endpoint.inside():
            listener = socket.create_server((address, PORT), family=FAMILIES[family])
        with listener:
            with client.inside():
                self.client = socket.socket(FAMILIES[family])
            test.addCleanup(self.client.close)
            self.client.settimeout(5)
            self.client.connect(((HOST_IPS if place == "output" else CLUSTER_IPS)[family], 80))
            listener.settimeout(5)
            self.server = listener.accept()[0]
        test.addCleanup(self.server.close)
        self.server.settimeout(5)

    def forge(self, **how):
        forged.send_as(self.endpoint, self.server, **how)

    def is_established(self):
        return all(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == ESTABLISHED for sock in (self.client, self.server))

    def transfer(self, size=1_000_000):
        """Sends so many bytes to the client; fails if they do not all come."""
        data = os.urandom(size)
        sending = netns.Background(lambda: self.server.sendall(data))
        got = b""
        while len(got) < size:
            got += self.client.recv(1 << 16)
        sending.join()
        assert got == data
        self.client.sendall(b"thanks")
        assert self.server.recv(100) == b"thanks"


PLACES = ("forward", "input", "output")


class ConntrackGuardTest(unittest.TestCase):
    def start(self, mode=None, **conntrack):
        self.folder = tempfile.mkdtemp(prefix=f"{netns.PREFIX}-{os.getpid()}-")
        self.addCleanup(shutil.rmtree, self.folder)
        os.mkdir(os.path.join(self.folder, "objects"))
        self.configure(mode, **conntrack)
        with open(os.path.join(self.folder, "objects", "objects.yaml"), "w") as file:
            yaml.safe_dump_all(objects(), file)
        W.node.sh(f"echo 0 > {LIBERAL}", check=False)
        self.agent = world.Agent(W.node, ["--manifests", os.path.join(self.folder, "objects")],
                                 ["--config", os.path.join(self.folder, "config.yaml")]).start()
        self.addCleanup(self.agent.close)

    def configure(self, mode=None, **conntrack):
        if mode:
            conntrack["guard"] = mode
        with open(os.path.join(self.folder, "config.yaml"), "w") as file:
            yaml.safe_dump({"apiVersion": "fairlead.config/v1alpha1", "kind": "AgentConfiguration", "conntrack": conntrack}, file)

    def switch(self, mode, words):
        """By SIGHUP; `words` of the rule that is then there."""
        self.configure(mode)
        self.agent.process.send_signal(signal.SIGHUP)
        for family in BOTH:
            wait_for("the switch", lambda family=family: words in self.guard(family, "forward"))
        self.assertEqual(self.agent.status()["conntrackGuard"]["mode"], mode)

    def guard(self, family, hook):
        return W.node.sh(["nft", "list", "chain", TABLES[family], "fairlead", f"guard-{hook}"])

    def dropped(self, family, hook):
        found = re.search(r"counter packets (\d+)", self.guard(family, hook))
        return int(found.group(1)) if found else 0

    def metric(self, family, hook):
        return self.agent.metric(
            f'fairlead_conntrack_invalid_dropped_packets_total{{ip_family="{("IPv4", "IPv6")[family]}",hook="{hook}"}}')

    def liberal(self):
        return W.node.sh(["cat", LIBERAL]).strip()

    def assert_saved(self, connection):
        """A segment above the window is dropped by the guard, and the connection lives."""
        before = self.dropped(connection.family, connection.place)
        connection.forge()
        wait_for("the drop", lambda: self.dropped(connection.family, connection.place) == before + 1)
        connection.transfer()

    def assert_killed(self, connection):
        connection.transfer(1000)
        connection.forge()
        wait_for("the reset", lambda: not connection.is_established())
        with self.assertRaises(ConnectionResetError, msg="the client's reset ended it"):
            connection.server.recv(1)
        connection.server.close()
        connection.client.sendall(b"anybody there?")
        with self.assertRaises(ConnectionResetError):
            connection.client.recv(1)

    def places(self):
        return [(family, place) for family in BOTH for place in PLACES]

    def test_a_segment_above_the_window_costs_no_connection(self):
        self.start()
        self.assertEqual(self.agent.status()["conntrackGuard"]["mode"], "endpoints")
        for family, place in self.places():
            with self.subTest(family=family, place=place):
                self.assert_saved(Connection(self, family, place))

    def test_without_the_guard_the_client_resets_its_connection(self):
        self.start("off")
        for family, place in self.places():
            with self.subTest(family=family, place=place):
                self.assert_killed(Connection(self, family, place))

    def test_mode_all_saves_the_same_connections(self):
        self.start("all")
        for family, place in self.places():
            with self.subTest(family=family, place=place):
                self.assert_saved(Connection(self, family, place))

    def test_mode_liberal_has_the_kernel_translate_such_segments(self):
        self.start("liberal")
        self.assertEqual(self.liberal(), "1")
        for family, place in self.places():
            with self.subTest(family=family, place=place):
                connection = Connection(self, family, place)
                connection.forge()
                connection.transfer()
                self.assertEqual(self.dropped(family, place), 0)

    def test_tcp_be_liberal_alone_means_liberal_and_beside_a_guard_means_both(self):
        self.start(tcpBeLiberal=True)
        self.assertEqual((self.agent.status()["conntrackGuard"]["mode"], self.liberal()), ("liberal", "1"))
        self.agent.close()
        self.start("endpoints", tcpBeLiberal=True)
        self.assertEqual((self.agent.status()["conntrackGuard"]["mode"], self.liberal()), ("endpoints", "1"))
        connection = Connection(self, 0, "forward")
        before = self.dropped(0, "forward")
        connection.forge(offset=-100_000, flags=forged.RESET, payload=b"")
        wait_for("the drop of what is INVALID in liberal mode, too", lambda: self.dropped(0, "forward") == before + 1)
        connection.transfer()

    def test_the_guard_works_while_the_agent_is_dead(self):
        self.start()
        connections = [Connection(self, family, place) for family, place in self.places()]
        self.agent.kill()
        for connection in connections:
            self.assert_saved(connection)
        for family, place in self.places():
            self.assert_saved(Connection(self, family, place))

    def test_modes_switch_under_running_connections(self):
        self.start()
        before = [nft.contents(W.node, family) for family in TABLES]
        running = load.Load(W.outside, [(address, "tcp") for address in ECHO_IPS])
        self.addCleanup(running.stop)
        connections = [Connection(self, family, place) for family, place in self.places()]
        events = nft.Events(W.node)
        for mode, words in (("all", "whoever sent it"), ("liberal", "conntrack.guard"), ("endpoints", "@service_endpoints")):
            self.switch(mode, words)
            self.assertEqual(self.liberal(), "1" if mode == "liberal" else "0")
            for connection in connections:
                if mode == "liberal":
                    connection.forge()
                    connection.transfer()
                else:
                    self.assert_saved(connection)
            running.wait_for_more()
        self.switch("off", "conntrack.guard")
        self.assert_killed(connections[0])
        running.wait_for_more()
        self.switch("endpoints", "@service_endpoints")
        self.assert_saved(connections[1])
        self.assertEqual([nft.contents(W.node, family) for family in TABLES], before)
        self.assertNotRegex(events.stop(), "(add|delete) (table|chain|set|element)")

    def test_an_administrators_liberal_mode_stays(self):
        self.start("off")
        W.node.sh(f"echo 1 > {LIBERAL}")
        self.addCleanup(W.node.sh, f"echo 0 > {LIBERAL}")
        for mode, words in (("liberal", "conntrack.guard"), ("endpoints", "@service_endpoints")):
            self.switch(mode, words)
            self.assertEqual(self.liberal(), "1")

    def test_counts_are_shown_and_never_go_back(self):
        self.start()
        for family, place in self.places():
            self.assert_saved(Connection(self, family, place))
        wait_for("the metrics", lambda: all(self.metric(family, place) == 1 for family, place in self.places()))
        self.assertEqual(self.agent.status()["conntrackGuard"]["droppedPackets"], 6)
        self.assertEqual(self.agent.metric("kubeproxy_iptables_ct_state_invalid_dropped_packets_total"), 2)
        W.node.sh("nft flush ruleset")
        wait_for("the repair", lambda: "@service_endpoints" in self.guard(0, "forward"))
        wait_for("its end", lambda: W.pods[0].addresses[0] in W.node.sh("nft list set ip fairlead service_endpoints"))
        self.assert_saved(Connection(self, 0, "forward"))
        self.assert_saved(Connection(self, 0, "forward"))
        wait_for("the next reading", lambda: self.metric(0, "forward") == 3)
        self.assertEqual(self.agent.status()["conntrackGuard"]["droppedPackets"], 8)

    def asymmetric_works(self, address, family):
        """Whether a connection whose answers alone pass the node can be made and used."""
        with W.pods[3].namespace.inside():
            listener = socket.create_server((address, 80), family=FAMILIES[family])
        with W.outside.inside():
            client = socket.socket(FAMILIES[family])
        with listener, client:
            client.settimeout(1.5)
            try:
                client.connect((address, 80))
            except TimeoutError:
                return False
            listener.settimeout(5)
            server = listener.accept()[0]
            with server:
                server.settimeout(5)
                data = os.urandom(100_000)
                sending = netns.Background(lambda: server.sendall(data))
                got = b""
                while len(got) < len(data):
                    got += client.recv(1 << 16)
                sending.join()
                return got == data

    def assert_left_alone_and_broken_by_blanket_drops(self, addresses):
        self.start()
        for family in BOTH:
            self.assertTrue(self.asymmetric_works(addresses[family], family), "mode endpoints")
        self.switch("all", "whoever sent it")
        for family in BOTH:
            self.assertFalse(self.asymmetric_works(addresses[family], family), "mode all")
        self.switch("off", "conntrack.guard")
        for family, program in enumerate(("iptables", "ip6tables")):
            rule = ["FORWARD", "-m", "conntrack", "--ctstate", "INVALID", "-j", "DROP"]
            self.assertTrue(self.asymmetric_works(addresses[family], family), "mode off")
            W.node.sh([program, "-A", *rule])
            try:
                self.assertFalse(self.asymmetric_works(addresses[family], family), "the rule of kube-proxy's iptables mode")
            finally:
                W.node.sh([program, "-D", *rule])

    def test_asymmetric_routes_are_left_alone(self):
        """Only the answers of a flow that is no Service's pass the node: to conntrack they are INVALID."""
        self.assert_left_alone_and_broken_by_blanket_drops(W.pods[3].addresses)

    def test_direct_server_return_is_left_alone(self):
        """The server answers as the load balancer's address, which is also one of a Service here."""
        self.assert_left_alone_and_broken_by_blanket_drops(BALANCER)


if __name__ == "__main__":
    unittest.main(verbosity=2)
