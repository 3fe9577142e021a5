"""Counters of new connections: every real connection exactly once, through restarts, changes and switches."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

import yaml

from harness import load, netns, world
from harness.cluster import wait_for
from harness.world import ask

W = None
NODE_PORT = 30080
NODE_ADDRESSES = ("198.18.0.2", "2001:db8:18::2")
CLUSTER_IPS = ("10.96.0.10", "fd00:96::10")
BOTH = (0, 1)


def setUpModule():
    global W
    W = world.World(pod_count=3)
    unittest.addModuleCleanup(W.close)


def service(name="cart", **spec):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "shop"},
            "spec": {"clusterIPs": list(CLUSTER_IPS), "ipFamilies": ["IPv4", "IPv6"],
                     "ports": [{"name": name, "protocol": name.upper(), "port": 80, "nodePort": NODE_PORT}
                               for name in ("tcp", "udp")], **spec}}


def slices(*endpoints_of_family):
    """One EndpointSlice per family, of pairs of addresses."""
    return [{"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
             "metadata": {"name": f"cart-{family}", "namespace": "shop",
                          "labels": {"kubernetes.io/service-name": "cart"}},
             "addressType": ("IPv4", "IPv6")[family],
             "ports": [{"name": name, "protocol": name.upper(), "port": world.PORT} for name in ("tcp", "udp")],
             "endpoints": [{"addresses": [pair[family]], "conditions": {"ready": True}} for pair in endpoints_of_family]}
            for family in BOTH]


NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"},
        "status": {"addresses": [{"type": "InternalIP", "address": address} for address in NODE_ADDRESSES]}}


class ConnectionCountersTest(unittest.TestCase):
    def start(self, objects, counting=True, **settings):
        self.folder = tempfile.mkdtemp(prefix=f"{netns.PREFIX}-{os.getpid()}-")
        self.addCleanup(shutil.rmtree, self.folder)
        os.mkdir(os.path.join(self.folder, "objects"))
        self.configure(counting, **settings)
        self.write(objects)
        self.agent = world.Agent(W.node, ["--manifests", os.path.join(self.folder, "objects")],
                                 ["--config", os.path.join(self.folder, "config.yaml")]).start()
        self.addCleanup(self.agent.close)

    def configure(self, counting, **more):
        with open(os.path.join(self.folder, "config.yaml"), "w") as file:
            yaml.safe_dump({"apiVersion": "fairlead.config/v1alpha1", "kind": "AgentConfiguration", "connectionCounters": counting, **more}, file)

    def denied(self, name="cart"):
        """By reason, but for those that there were none of."""
        services = {each["name"]: each["denied"] for each in self.page("?namespace=shop")["services"]}
        return {reason: count for reason, count in services.get(name, {}).items() if count}

    def switch(self, counting):
        self.configure(counting)
        self.agent.process.send_signal(signal.SIGHUP)
        wait_for("the switch", lambda: ("set connections" in self.table("ip")) == counting == ("set connections" in self.table("ip6")))

    def write(self, objects):
        path = os.path.join(self.folder, "objects", "objects.yaml")
        with open(path + ".new", "w") as file:
            yaml.safe_dump_all([NODE, *objects], file)
        os.rename(path + ".new", path)

    def table(self, family):
        return W.node.sh(["nft", "list", "table", family, "fairlead"])

    def page(self, query="?namespace=shop&name=cart"):
        return json.loads(self.agent.get("/connections" + query))

    def cart(self):
        services = self.page()["services"]
        return services[0] if services else {"connections": 0, "endpoints": [], "ports": []}

    def total(self):
        return self.cart()["connections"]

    def ports(self):
        return {port["port"]: port["connections"] for port in self.cart()["ports"]}

    def endpoints(self):
        return {each["endpoint"]: each["connections"] for each in self.cart()["endpoints"]}

    def settled(self, wanted):
        """The total is this, and stays it when the agent has looked once more."""
        wait_for(f"{wanted} connections", lambda: self.total() >= wanted)
        at = self.page()["readAtMilliseconds"]
        wait_for("another look", lambda: self.page()["readAtMilliseconds"] > at)
        self.assertEqual(self.total(), wanted)

    def fairlead(self, *arguments):
        return subprocess.run(["ip", "netns", "exec", W.node.name, world.FAIRLEAD, *arguments], capture_output=True, text=True, timeout=60)

    def test_every_connection_is_counted_once_wherever_it_comes_from_and_goes_to(self):
        self.start([service(type="NodePort"), *slices(W.pods[0].addresses, W.pods[1].addresses)])
        clients = (W.outside, W.node, W.pods[2].namespace, W.pods[0].namespace)
        for family in BOTH:
            for client in clients:
                for _ in range(10):
                    ask(client, CLUSTER_IPS[family], 80)
                    ask(client, CLUSTER_IPS[family], 80, "udp")
            for _ in range(15):
                ask(W.outside, NODE_ADDRESSES[family], NODE_PORT)
        self.settled(2 * (len(clients) * 20 + 15))
        self.assertEqual(self.ports(), {"tcp": 2 * (len(clients) * 10 + 15), "udp": 2 * len(clients) * 10})
        self.assertEqual(sum(self.endpoints().values()), self.total())
        self.assertEqual(len(self.endpoints()), 4)
        self.assertEqual(self.agent.metric('fairlead_service_connections_total{namespace="shop",service="cart",port="tcp"}'),
                         self.ports()["tcp"])

    def test_connections_to_the_node_itself_are_counted(self):
        self.start([service(type="NodePort"), *slices(NODE_ADDRESSES)])
        for family in BOTH:
            with W.node.inside():
                listener = socket.create_server((NODE_ADDRESSES[family], world.PORT), family=(socket.AF_INET, socket.AF_INET6)[family])
            self.addCleanup(listener.close)
            for client in (W.outside, W.node):
                for _ in range(5):
                    with client.inside():
                        sock = socket.socket((socket.AF_INET, socket.AF_INET6)[family])
                    with sock:
                        sock.settimeout(5)
                        sock.connect((CLUSTER_IPS[family], 80))
        self.settled(20)

    def test_an_endpoint_that_goes_and_comes_back_takes_nothing_from_the_total(self):
        both = slices(W.pods[0].addresses, W.pods[1].addresses)
        self.start([service(), *both])
        for _ in range(20):
            ask(W.outside, CLUSTER_IPS[0], 80)
        self.settled(20)
        self.write([service(), *slices(W.pods[0].addresses)])
        wait_for("one endpoint", lambda: W.pods[1].addresses[0] not in W.node.sh(["nft", "list", "map", "ip", "fairlead", "endpoints"]))
        for _ in range(10):
            ask(W.outside, CLUSTER_IPS[0], 80)
        self.settled(30)
        self.write([service(), *both])
        wait_for("two endpoints", lambda: W.pods[1].addresses[0] in W.node.sh(["nft", "list", "map", "ip", "fairlead", "endpoints"]))
        for _ in range(10):
            ask(W.outside, CLUSTER_IPS[0], 80)
        self.settled(40)

    def test_a_service_that_goes_takes_its_counts_along(self):
        self.start([service(), *slices(W.pods[0].addresses)])
        ask(W.outside, CLUSTER_IPS[0], 80)
        self.settled(1)
        self.write([])
        wait_for("no counts", lambda: CLUSTER_IPS[0] not in W.node.sh(["nft", "list", "set", "ip", "fairlead", "connections"]))
        self.assertEqual(self.page("")["services"], [])
        self.assertNotIn('service="cart"', self.agent.get("/metrics"))

    def test_the_kernel_counts_while_the_agent_is_dead_and_a_restart_keeps_all(self):
        self.start([service(), *slices(W.pods[0].addresses)])
        for _ in range(10):
            ask(W.outside, CLUSTER_IPS[0], 80)
        self.settled(10)
        self.agent.kill()
        for _ in range(7):
            ask(W.outside, CLUSTER_IPS[0], 80)
        self.agent.start()
        self.settled(17)

    def refuse(self, client, address, port, times=5, kind="tcp"):
        for _ in range(times):
            with self.assertRaises(OSError):
                world.connect_to(client, address, port, kind, timeout=0.4)

    def test_what_reaches_no_endpoint_is_counted_by_its_reason(self):
        self.start([service(type="NodePort")])
        clients = (W.outside, W.node, W.pods[2].namespace)
        for family in BOTH:
            for client in clients:
                self.refuse(client, CLUSTER_IPS[family], 80)
            self.refuse(W.outside, NODE_ADDRESSES[family], NODE_PORT)
        wait_for("all of them", lambda: self.assertEqual(self.denied(), {"noEndpoints": 2 * (len(clients) + 1) * 5}) or True)
        self.assertEqual(self.total(), 0)
        self.assertEqual(self.endpoints(), {})
        self.assertEqual(self.agent.metric('fairlead_service_denied_connections_total{namespace="shop",service="cart",port="tcp",reason="no_endpoints"}'),
                         2 * (len(clients) + 1) * 5)
        wide = self.fairlead("get", "svc", "cart", "-n", "shop", "-o", "wide").stdout.splitlines()
        self.assertEqual(wide[1].split()[wide[0].split().index("DENIED")], str(2 * (len(clients) + 1) * 5))

    def test_what_a_policy_or_a_source_range_drops_is_counted(self):
        balancer = ("203.0.113.10", "2001:db8:113::10")
        guarded = service(type="LoadBalancer", externalTrafficPolicy="Local", loadBalancerSourceRanges=["192.0.2.2/32", "2001:db8::2/128"])
        guarded["status"] = {"loadBalancer": {"ingress": [{"ip": ip} for ip in balancer]}}
        elsewhere = slices(W.pods[0].addresses)
        for each in elsewhere:
            each["endpoints"][0]["nodeName"] = "n2"
        self.start([guarded, *elsewhere])
        for family in BOTH:
            self.refuse(W.pods[2].namespace, balancer[family], 80, times=1)
            self.refuse(W.outside, balancer[family], 80, times=1)
        # A client that hears nothing tries again after a second.
        wait_for("all of them", lambda: self.assertEqual(self.denied(), {"policy": 2, "sourceRange": 2}) or True)
        for family in BOTH:
            ask(W.pods[2].namespace, NODE_ADDRESSES[family], NODE_PORT)
        self.settled(2)
        self.assertEqual(self.denied(), {"policy": 2, "sourceRange": 2})

    def test_what_the_agent_carries_to_node_ports_at_localhost_is_counted_too(self):
        settings = {"nodePortAddresses": ["primary", "localhost"], "connectionCountersPerEndpoint": True}
        self.start([service(type="NodePort"), *slices(W.pods[0].addresses, W.pods[1].addresses)], **settings)
        for family, localhost in enumerate(("127.0.0.1", "::1")):
            for _ in range(20):
                ask(W.node, localhost, NODE_PORT)
            for _ in range(5):
                ask(W.outside, NODE_ADDRESSES[family], NODE_PORT)
        self.settled(50)
        self.assertEqual(self.ports(), {"tcp": 50})
        self.assertEqual(sum(self.endpoints().values()), 50)
        self.assertEqual(len(self.endpoints()), 4)
        for endpoint, count in self.endpoints().items():
            self.assertEqual(self.agent.metric(f'fairlead_endpoint_connections_total{{namespace="shop",service="cart",endpoint="{endpoint}"}}'), count)
        wide = self.fairlead("get", "svc", "cart", "-n", "shop", "-o", "wide").stdout.splitlines()
        self.assertEqual(wide[1].split()[wide[0].split().index("CONNECTIONS")], "50")

        self.write([service(type="NodePort")])
        endpoints = lambda: W.node.sh(["nft", "list", "map", "ip", "fairlead", "endpoints"])
        wait_for("no endpoints", lambda: W.pods[0].addresses[0] not in endpoints())
        self.refuse(W.node, "127.0.0.1", NODE_PORT)
        wait_for("the denied ones", lambda: self.denied() == {"noEndpoints": 5})
        deaf = slices(("192.0.2.2", "2001:db8::2"))
        self.write([service(type="NodePort"), *deaf])
        wait_for("an endpoint", lambda: "192.0.2.2" in endpoints())
        self.refuse(W.node, "127.0.0.1", NODE_PORT)
        wait_for("those that the endpoint refused", lambda: self.denied() == {"noEndpoints": 10})
        for each in deaf:
            each["endpoints"][0]["nodeName"] = "n2"
        self.write([service(type="NodePort", externalTrafficPolicy="Local"), *deaf])
        wait_for("those that the policy denies", lambda: self.refuse(W.node, "::1", NODE_PORT, times=1) or "policy" in self.denied())
        self.assertEqual(self.total(), 50)

    def test_the_number_of_metrics_and_those_of_endpoints_are_settings(self):
        self.start([service(), *slices(W.pods[0].addresses)])
        ask(W.outside, CLUSTER_IPS[0], 80)
        self.settled(1)
        self.assertNotIn("fairlead_endpoint_connections_total", self.agent.get("/metrics"))
        self.configure(True, connectionCountersPerEndpoint=True)
        self.agent.process.send_signal(signal.SIGHUP)
        row = f'fairlead_endpoint_connections_total{{namespace="shop",service="cart",endpoint="{W.pods[0].addresses[0]}:{world.PORT}"}} 1\n'
        wait_for("rows of endpoints", lambda: row in self.agent.get("/metrics"))
        self.agent.close()
        self.configure(True, connectionCountersMaxServices=0)
        self.agent.start()
        ask(W.outside, CLUSTER_IPS[0], 80)
        wait_for("the row of all", lambda: 'fairlead_service_connections_total{namespace="",service="other",port=""} 1\n' in self.agent.get("/metrics"))
        self.assertNotIn('service="cart"', self.agent.get("/metrics"))

    def test_switching_under_load_fails_no_connection(self):
        self.start([service(), *slices(W.pods[0].addresses, W.pods[1].addresses)], counting=False)
        before = self.table("ip")
        running = load.Load(W.outside, [(address, kind) for address in CLUSTER_IPS for kind in ("tcp", "udp")])
        self.addCleanup(running.stop)
        for _ in range(5):
            self.switch(True)
            running.wait_for_more()
            wait_for("counts", lambda: self.total() > 0)
            self.switch(False)
            running.wait_for_more()
        self.assertEqual(self.table("ip"), before)
        self.assertFalse(self.page()["counting"])

    def test_the_command_line_shows_counts_and_rates(self):
        self.start([service(), *slices(W.pods[0].addresses)], counting=False)
        self.assertIn("<off>", self.fairlead("get", "svc", "-n", "shop", "-o", "wide").stdout)
        top = self.fairlead("top", "svc", "-n", "shop")
        self.assertEqual(top.returncode, 1)
        self.assertIn("connectionCounters", top.stderr)
        self.switch(True)
        running = load.Load(W.outside, [(CLUSTER_IPS[0], "tcp")])
        self.addCleanup(running.stop)
        top = json.loads(self.fairlead("top", "svc/cart", "-n", "shop", "-o", "json").stdout)
        self.assertEqual((top["kind"], top["name"]), ("ServiceConnections", "cart"))
        self.assertGreater(top["connectionsPerSecond"], 1)
        self.assertEqual([each["share"] for each in top["endpoints"]], [1.0])
        running.stop()
        wide = self.fairlead("get", "svc", "cart", "-n", "shop", "-o", "wide").stdout.splitlines()
        column = wide[0].split().index("CONNECTIONS")
        self.assertGreater(int(wide[1].split()[column]), 1)


if __name__ == "__main__":
    unittest.main()
