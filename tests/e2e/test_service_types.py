"""Every kind of Service address and policy, with real packets of pods, of the node and from outside, in both families."""

import http.client
import json
import os
import shutil
import socket
import tempfile
import time
import unittest

import yaml

from harness import netns, world
from harness.cluster import wait_for
from harness.world import ask, connect_to

W = None
NODE_PORT = 30080
# The Node object's addresses, one that the outside sees (see harness/world.py), and a load balancer's.
PRIMARY = ("198.18.0.2", "2001:db8:18::2")
OTHER = ("192.0.2.1", "2001:db8::1")
BALANCER = ("203.0.113.10", "2001:db8:113::10")
OUTSIDE = ("192.0.2.2", "2001:db8::2")
CLUSTER_IPS = ("10.96.0.10", "fd00:96::10")
BOTH = (0, 1)


def setUpModule(**size):
    global W
    W = world.World(**(size or {"pod_count": 3}))
    unittest.addModuleCleanup(W.close)


def service(annotations=None, **spec):
    return {"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "cart", "namespace": "shop", "annotations": annotations or {}},
            "spec": {"clusterIPs": list(CLUSTER_IPS), "ipFamilies": ["IPv4", "IPv6"],
                     "ports": [{"name": name, "protocol": name.upper(), "port": 80, "nodePort": NODE_PORT}
                               for name in ("tcp", "udp")], **spec}}


def endpoint(pod, family, node="n1", **more):
    return {"addresses": [pod.addresses[family]], "nodeName": node, "conditions": {"ready": True}, **more}


def slices(*endpoints_of_family):
    """One EndpointSlice per family; each argument gives an endpoint for family 0 and 1."""
    return [{"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
             "metadata": {"name": f"cart-{family}", "namespace": "shop",
                          "labels": {"kubernetes.io/service-name": "cart"}},
             "addressType": ("IPv4", "IPv6")[family],
             "ports": [{"name": name, "protocol": name.upper(), "port": world.PORT} for name in ("tcp", "udp")],
             "endpoints": [make(family) for make in endpoints_of_family]} for family in BOTH]


def on(number, node="n1", **more):
    """The endpoint of pod `number`, as if it ran on `node`."""
    return lambda family: endpoint(W.pods[number - 1], family, node, **more)


NODE = {"apiVersion": "v1", "kind": "Node",
        "metadata": {"name": "n1", "labels": {"topology.kubernetes.io/zone": "z1"}},
        "spec": {"podCIDRs": ["10.64.1.0/24", "fd00:64:0:1::/64"]},
        "status": {"addresses": [{"type": "InternalIP", "address": address} for address in PRIMARY]}}


class ManifestCase(unittest.TestCase):
    """An agent on the node that reads manifests which the test writes."""

    def start(self, objects, arguments=(), **how):
        self.folder = tempfile.mkdtemp(prefix=f"{netns.PREFIX}-{os.getpid()}-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.write(objects)
        self.agent = world.Agent(W.node, ["--manifests", self.folder], arguments, **how).start()
        self.addCleanup(self.agent.close)

    def write(self, objects):
        path = os.path.join(self.folder, "objects.yaml")
        with open(path + ".new", "w") as file:
            yaml.safe_dump_all([NODE, *objects], file)
        os.rename(path + ".new", path)

    def change(self, objects):
        """Writes other objects and waits until the kernel has them."""
        before = self.agent.status()
        self.write(objects)
        wait_for("the change", lambda: self.agent.status() != before or self.agent.log().count("synced") > 0)
        time.sleep(0.3)  # the watcher lets files settle

    def answers(self, client, address, port=80, kind="tcp", count=20):
        """Names of the pods that answered, and the addresses that they saw."""
        got = [ask(client, address, port, kind) for _ in range(count)]
        return {name for name, _ in got}, {peer for _, peer in got}

    def assert_refused(self, client, address, port=80, kind="tcp"):
        # The node's own datagrams are refused before they leave it: the kernel says that to the sender at once.
        with self.assertRaises((ConnectionRefusedError, PermissionError), msg=f"{address} {port} {kind}"):
            connect_to(client, address, port, kind, timeout=2)

    def assert_silent(self, client, address, port=80, kind="tcp"):
        with self.assertRaises(socket.timeout, msg=f"{address} {port} {kind}"):
            connect_to(client, address, port, kind, timeout=0.7)


class ServiceTypesTest(ManifestCase):
    def test_a_node_port_is_served_at_the_nodes_primary_addresses_and_hides_its_clients(self):
        self.start([service(type="NodePort"), *slices(on(1), on(2, "n2"))])
        for family in BOTH:
            for kind in ("tcp", "udp"):
                for client in (W.outside, W.node, W.pods[2].namespace):
                    names, peers = self.answers(client, PRIMARY[family], NODE_PORT, kind)
                    self.assertEqual(names, {"p1", "p2"})
                    self.assertFalse(peers & {OUTSIDE[family], W.pods[2].addresses[family]}, "a client is seen")
            self.assert_refused(W.outside, OTHER[family], NODE_PORT)

    def test_node_port_addresses_come_and_go_at_run_time(self):
        self.start([service(type="NodePort"), *slices(on(1))],
                   ["--nodeport-addresses", "203.0.113.0/24,2001:db8:113::/64"])
        for family, address in enumerate(("203.0.113.77", "2001:db8:113::77")):
            self.assert_refused(W.outside, PRIMARY[family], NODE_PORT)
            W.node.ip("address", "add", address, "dev", "lo")
            self.addCleanup(W.node.ip, "address", "flush", "dev", "lo", "scope", "global")
            wait_for("the new address", lambda: address in W.node.sh(["nft", "list", "map", ("ip", "ip6")[family], "fairlead", "frontends"]))
            self.assertEqual(self.answers(W.outside, address, NODE_PORT)[0], {"p1"})
            W.node.ip("address", "delete", address, "dev", "lo")
            wait_for("its end", lambda: address not in W.node.sh(["nft", "list", "map", ("ip", "ip6")[family], "fairlead", "frontends"]))

    def test_all_node_port_addresses_are_all_but_loopback(self):
        self.start([service(type="NodePort"), *slices(on(1))], ["--nodeport-addresses", "all"])
        for family in BOTH:
            for address in (PRIMARY[family], OTHER[family]):
                self.assertEqual(self.answers(W.outside, address, NODE_PORT, count=3)[0], {"p1"})
        self.assert_refused(W.node, "127.0.0.1", NODE_PORT)

    def test_external_traffic_policy_local_keeps_clients_and_stays_on_the_node(self):
        self.start([service(type="NodePort", externalTrafficPolicy="Local"), *slices(on(1), on(2, "n2"))])
        for family in BOTH:
            self.assertEqual(self.answers(W.outside, PRIMARY[family], NODE_PORT), ({"p1"}, {OUTSIDE[family]}))
            pod = W.pods[2]
            self.assertEqual(self.answers(pod.namespace, PRIMARY[family], NODE_PORT),
                             ({"p1", "p2"}, {pod.addresses[family]}), "pods take the short cut and are seen")
            names, _ = self.answers(W.node, PRIMARY[family], NODE_PORT)
            self.assertEqual(names, {"p1", "p2"}, "and so does the node")
            self.assertEqual(self.answers(W.outside, CLUSTER_IPS[family])[0], {"p1", "p2"})

    def test_external_traffic_policy_local_without_endpoints_here_drops_what_comes_from_outside_only(self):
        self.start([service(type="NodePort", externalTrafficPolicy="Local"), *slices(on(2, "n2"))])
        for family in BOTH:
            for kind in ("tcp", "udp"):
                self.assert_silent(W.outside, PRIMARY[family], NODE_PORT, kind)
                self.assertEqual(self.answers(W.pods[0].namespace, PRIMARY[family], NODE_PORT, kind)[0], {"p2"})

    def test_local_endpoints_that_terminate_serve_the_outside_while_they_can(self):
        leaving = {"conditions": {"ready": False, "serving": True, "terminating": True}}
        self.start([service(type="NodePort", externalTrafficPolicy="Local"), *slices(on(1, **leaving), on(2, "n2"))])
        for family in BOTH:
            self.assertEqual(self.answers(W.outside, PRIMARY[family], NODE_PORT)[0], {"p1"})
            self.assertEqual(self.answers(W.pods[2].namespace, PRIMARY[family], NODE_PORT)[0], {"p2"})

    def load_balancer(self, mode=None, **spec):
        made = service(type="LoadBalancer", **spec)
        made["status"] = {"loadBalancer": {"ingress": [
            {"ip": ip, **({"ipMode": mode} if mode else {})} for ip in BALANCER]}}
        return made

    def test_load_balancer_addresses_are_served_unless_the_balancer_is_a_proxy(self):
        self.start([self.load_balancer(), *slices(on(1), on(2))])
        for family in BOTH:
            for client in (W.outside, W.node, W.pods[2].namespace):
                self.assertEqual(self.answers(client, BALANCER[family])[0], {"p1", "p2"})
        self.change([self.load_balancer("Proxy"), *slices(on(1), on(2))])
        self.assertNotIn(BALANCER[0], W.node.sh(["nft", "list", "table", "ip", "fairlead"]))

    def test_source_ranges_guard_the_load_balancer_address_and_nothing_else(self):
        ranges = ["192.0.2.2/32", "2001:db8::2/128", "192.0.2.0/30"]
        self.start([self.load_balancer(loadBalancerSourceRanges=ranges), *slices(on(1), on(2))])
        for family in BOTH:
            self.assertEqual(self.answers(W.outside, BALANCER[family])[0], {"p1", "p2"})
            self.assert_silent(W.pods[2].namespace, BALANCER[family])
            self.assertEqual(self.answers(W.pods[2].namespace, PRIMARY[family], NODE_PORT)[0], {"p1", "p2"})
            self.assertEqual(self.answers(W.pods[2].namespace, CLUSTER_IPS[family])[0], {"p1", "p2"})
        self.change([self.load_balancer(loadBalancerSourceRanges=["10.64.0.0/10", "fd00:64::/48"]), *slices(on(1))])
        for family in BOTH:
            self.assert_silent(W.outside, BALANCER[family])
            self.assertEqual(self.answers(W.pods[2].namespace, BALANCER[family])[0], {"p1"})

    def test_external_ips_are_served_and_can_be_switched_off(self):
        self.start([service(externalIPs=list(BALANCER)), *slices(on(1))])
        for family in BOTH:
            self.assertEqual(self.answers(W.outside, BALANCER[family])[0], {"p1"})
        self.agent.close()
        self.start([service(externalIPs=list(BALANCER)), *slices(on(1))], ["--external-ips", "false"])
        self.assertNotIn(BALANCER[0], W.node.sh(["nft", "list", "table", "ip", "fairlead"]))

    def test_nobody_takes_the_cluster_ip_of_another_by_an_external_ip(self):
        thief = service(externalIPs=list(CLUSTER_IPS), clusterIPs=["10.96.0.11", "fd00:96::11"])
        thief["metadata"]["name"] = "a-thief"
        thief["spec"]["ports"] = [{"name": "tcp", "port": 80}]
        self.start([thief, service(), *slices(on(1))])
        for family in BOTH:
            self.assertEqual(self.answers(W.outside, CLUSTER_IPS[family])[0], {"p1"})
        self.assertEqual({c["loser"] for c in self.agent.status()["conflicts"]}, {"shop/a-thief"})

    def test_localhost_node_ports_are_carried_by_the_agent_where_they_are_asked_for(self):
        self.start([service(type="NodePort"), *slices(on(1), on(2, "n2"))], ["--nodeport-addresses", "primary,localhost"])
        for family, address in enumerate(("127.0.0.1", "::1")):
            names, peers = self.answers(W.node, address, NODE_PORT)
            self.assertEqual(names, {"p1", "p2"})
            self.assertEqual(peers, {W.pods[0].gateways[family], W.pods[1].gateways[family]}, "the node is who asks")
            self.assert_refused(W.node, address, NODE_PORT, "udp")
            self.assertEqual(self.answers(W.outside, PRIMARY[family], NODE_PORT)[0], {"p1", "p2"})
        self.change([service(type="NodePort", externalTrafficPolicy="Local"), *slices(on(1), on(2, "n2"))])
        self.assertEqual(self.answers(W.node, "127.0.0.1", NODE_PORT)[0], {"p1"})
        self.change([self.sticky(100), *slices(on(1), on(2), on(3))])
        self.assertEqual(len(self.answers(W.node, "127.0.0.1", NODE_PORT)[0]), 1)
        self.agent.kill()
        self.assert_refused(W.node, "127.0.0.1", NODE_PORT)
        self.assertEqual(len(self.answers(W.node, PRIMARY[0], NODE_PORT)[0]), 1, "the kernel serves the others")
        self.agent.start()
        self.assertEqual(len(self.answers(W.node, "127.0.0.1", NODE_PORT)[0]), 1)

    def test_a_localhost_node_port_that_a_process_has_is_left_to_it(self):
        with W.node.inside():
            taken = socket.create_server(("127.0.0.1", NODE_PORT))
        self.addCleanup(taken.close)
        self.start([service(type="NodePort"), *slices(on(1))], ["--nodeport-addresses", "localhost"])
        problem = wait_for("the problem in /status", lambda: self.agent.status()["problems"])[0]
        self.assertIn(f"localhost NodePort of Service shop/cart: listen on 127.0.0.1:{NODE_PORT}", problem)
        self.assertEqual(self.answers(W.node, "::1", NODE_PORT, count=3)[0], {"p1"})
        taken.close()
        wait_for("no problem", lambda: not self.agent.status()["problems"])
        self.assertEqual(self.answers(W.node, "127.0.0.1", NODE_PORT, count=3)[0], {"p1"})

    def sticky(self, timeout, **spec):
        return service(type="NodePort", sessionAffinity="ClientIP",
                       sessionAffinityConfig={"clientIP": {"timeoutSeconds": timeout}}, **spec)

    def test_a_client_keeps_its_endpoint_also_after_a_restart_of_the_agent(self):
        everybody = slices(on(1), on(2), on(3))
        self.start([self.sticky(100), *everybody])
        kept = {}
        for family in BOTH:
            for address, port in ((CLUSTER_IPS[family], 80), (PRIMARY[family], NODE_PORT)):
                for kind in ("tcp", "udp"):
                    names, _ = self.answers(W.outside, address, port, kind)
                    self.assertEqual(len(names), 1, f"{address} {kind}")
                    kept[address, port, kind] = names
        self.agent.kill()
        self.agent.start()
        for (address, port, kind), names in kept.items():
            self.assertEqual(self.answers(W.outside, address, port, kind, count=5)[0], names)

    def test_a_client_gets_another_endpoint_when_its_own_goes_and_keeps_that(self):
        self.start([self.sticky(100), *slices(on(1), on(2), on(3))])
        (first,), _ = self.answers(W.outside, CLUSTER_IPS[0])
        others = [on(i) for i in (1, 2, 3) if f"p{i}" != first]
        self.change([self.sticky(100), *slices(*others)])
        names, _ = self.answers(W.outside, CLUSTER_IPS[0])
        self.assertEqual(len(names), 1)
        self.assertNotEqual(names, {first})

    def test_affinity_ends_after_its_timeout(self):
        self.start([self.sticky(1), *slices(on(1), on(2), on(3))])
        seen = set()
        for _ in range(12):
            seen |= self.answers(W.outside, CLUSTER_IPS[0], count=2)[0]
            time.sleep(1.2)
            if len(seen) > 1:
                return
        self.fail(f"only {seen}")

    def test_affinity_holds_for_the_outside_under_external_traffic_policy_local(self):
        self.start([self.sticky(100, externalTrafficPolicy="Local"), *slices(on(1), on(2), on(3, "n2"))])
        for family in BOTH:
            names, peers = self.answers(W.outside, PRIMARY[family], NODE_PORT)
            self.assertEqual((len(names), peers), (1, {OUTSIDE[family]}))
            self.assertTrue(names < {"p1", "p2"})

    def test_internal_traffic_policy_local_stays_on_the_node_or_drops(self):
        self.start([service(internalTrafficPolicy="Local"), *slices(on(1), on(2, "n2"))])
        for family in BOTH:
            self.assertEqual(self.answers(W.pods[2].namespace, CLUSTER_IPS[family])[0], {"p1"})
        self.change([service(internalTrafficPolicy="Local"), *slices(on(2, "n2"))])
        for family in BOTH:
            for client in (W.pods[2].namespace, W.node, W.outside):
                self.assert_silent(client, CLUSTER_IPS[family])
        self.change([service(internalTrafficPolicy="Local"), *slices()])
        for family in BOTH:
            self.assert_refused(W.pods[2].namespace, CLUSTER_IPS[family])

    def test_hints_keep_traffic_in_the_zone_or_on_the_node(self):
        def hint(number, zone, node=None):
            hints = {"forZones": [{"name": zone}], **({"forNodes": [{"name": node}]} if node else {})}
            return on(number, hints=hints)

        self.start([service(), *slices(hint(1, "z1"), hint(2, "z1"), hint(3, "z2"))])
        self.assertEqual(self.answers(W.outside, CLUSTER_IPS[0])[0], {"p1", "p2"})
        self.change([service(), *slices(hint(1, "z1", "n1"), hint(2, "z1", "n2"), hint(3, "z2", "n2"))])
        self.assertEqual(self.answers(W.outside, CLUSTER_IPS[0])[0], {"p1"})
        self.change([service(), *slices(hint(1, "z1"), hint(2, "z2"), on(3))])
        self.assertEqual(self.answers(W.outside, CLUSTER_IPS[0], count=40)[0], {"p1", "p2", "p3"}, "one has no hint")

    def test_a_node_port_without_endpoints_is_refused_at_once(self):
        self.start([service(type="NodePort"), *slices()])
        for family in BOTH:
            for kind in ("tcp", "udp"):
                for client in (W.outside, W.node, W.pods[0].namespace):
                    self.assert_refused(client, PRIMARY[family], NODE_PORT, kind)

    def test_a_pod_reaches_itself_through_each_address(self):
        self.start([self.load_balancer(externalTrafficPolicy="Local"), *slices(on(1))])
        for family in BOTH:
            for address, port in ((CLUSTER_IPS[family], 80), (PRIMARY[family], NODE_PORT), (BALANCER[family], 80)):
                self.assertEqual(self.answers(W.pods[0].namespace, address, port, count=3)[0], {"p1"})

    def health(self, address, port=31000):
        """(status, weight, body) of a health check from outside."""
        with W.outside.inside():
            connection = http.client.HTTPConnection(address, port, timeout=2)
            connection.connect()
        self.addCleanup(connection.close)
        connection.request("GET", "/")
        answer = connection.getresponse()
        return answer.status, answer.getheader("X-Load-Balancing-Endpoint-Weight"), json.loads(answer.read())

    def test_load_balancers_hear_how_many_endpoints_a_node_has(self):
        balanced = self.load_balancer(externalTrafficPolicy="Local", healthCheckNodePort=31000)
        self.start([balanced, *slices(on(1), on(2), on(3, "n2"))])
        for address in PRIMARY:
            self.assertEqual(self.health(address), (200, "2", {
                "service": {"namespace": "shop", "name": "cart"}, "localEndpoints": 2, "serviceProxyHealthy": True}))
        self.change([balanced, *slices(on(3, "n2"))])
        self.assertEqual(self.health(PRIMARY[0])[:2], (503, "0"))
        self.change([self.load_balancer(), *slices(on(1))])
        with self.assertRaises(ConnectionRefusedError):
            self.health(PRIMARY[0])

    def test_a_health_check_port_that_is_taken_is_named_and_tried_again(self):
        with W.node.inside():
            taken = socket.create_server(("0.0.0.0", 31000))
        self.addCleanup(taken.close)
        balanced = self.load_balancer(externalTrafficPolicy="Local", healthCheckNodePort=31000)
        self.start([balanced, *slices(on(1))])
        self.assertIn("healthCheckNodePort of Service shop/cart", str(self.agent.status()["problems"]))
        self.assertEqual(self.answers(W.outside, BALANCER[0])[0], {"p1"}, "the Service is served all the same")
        taken.close()
        self.change([balanced, *slices(on(1), on(2))])
        self.assertEqual(self.health(PRIMARY[0])[0], 200)
        self.assertEqual(self.agent.status()["problems"], [])

    def test_udp_flows_leave_an_endpoint_that_is_gone(self):
        self.start([service(type="NodePort"), *slices(on(1))])
        for family in BOTH:
            for address, port in ((CLUSTER_IPS[family], 80), (PRIMARY[family], NODE_PORT)):
                sock, words = connect_to(W.pods[2].namespace, address, port, "udp")
                self.addCleanup(sock.close)
                self.assertEqual(words[0], "p1")
                self.change([service(type="NodePort"), *slices(on(2))])

                def answers_from(name):
                    sock.send(b"again")
                    try:
                        return sock.recv(4096).decode().split()[0] == name
                    except socket.timeout:
                        return False

                sock.settimeout(0.3)
                wait_for("the other endpoint", lambda: answers_from("p2"), timeout=5)
                self.change([service(type="NodePort"), *slices(on(1))])

    def test_udp_flows_to_a_service_without_endpoints_find_the_first_that_comes(self):
        self.start([service(), *slices(on(1))])
        sock, _ = connect_to(W.pods[2].namespace, CLUSTER_IPS[0], 80, "udp")
        self.addCleanup(sock.close)
        self.change([service(), *slices()])
        sock.settimeout(0.3)
        with self.assertRaises((ConnectionRefusedError, socket.timeout)):
            sock.send(b"again")
            sock.recv(4096)
        self.change([service(), *slices(on(2))])
        sock.send(b"again")
        self.assertEqual(sock.recv(4096).decode().split()[0], "p2")

    def seen_by_cluster_ip(self, client, family):
        return self.answers(client, CLUSTER_IPS[family], count=4)[1]

    def test_masquerade_all_hides_pods_too(self):
        self.start([service(), *slices(on(1))], ["--masquerade-all", "true"])
        for family in BOTH:
            self.assertNotIn(W.pods[1].addresses[family], self.seen_by_cluster_ip(W.pods[1].namespace, family))

    def test_pods_are_told_by_the_nodes_range_by_their_bridge_or_by_the_names_of_their_interfaces(self):
        modes = {
            ("NodeCIDR",): {1},
            ("BridgeInterface", "--pod-bridge-interface", "pod2"): {2},
            ("InterfaceNamePrefix", "--pod-interface-name-prefix", "pod"): {1, 2, 3},
        }
        for mode, pods in modes.items():
            self.start([service(), *slices(on(3))], ["--detect-local-mode", *mode])
            for family in BOTH:
                self.assertNotIn(OUTSIDE[family], self.seen_by_cluster_ip(W.outside, family), mode)
                for number in (1, 2):
                    own = W.pods[number - 1].addresses[family]
                    seen = own in self.seen_by_cluster_ip(W.pods[number - 1].namespace, family)
                    self.assertEqual(seen, number in pods, f"{mode} pod {number} family {family}")
            self.agent.close()

    def test_who_else_translates_at_the_usual_priority_comes_after_fairlead_and_gets_what_it_does_not_know(self):
        self.start([service(), *slices(on(1))])
        for family, table in enumerate(("ip", "ip6")):
            target = W.pods[1].addresses[family] if family == 0 else f"[{W.pods[1].addresses[family]}]"
            known, unknown = CLUSTER_IPS[family], CLUSTER_IPS[family] + "1"
            # Made last: at an equal priority it would come first.
            for hook in ("prerouting", "output"):
                W.node.sh(f"nft 'table {table} other {{ chain {hook} {{ type nat hook {hook} priority -100; "
                          f"{table} daddr {{ {known}, {unknown} }} meta l4proto {{ tcp, udp }} dnat to {target}:{world.PORT}; }}; }}'")
            self.addCleanup(W.node.sh, f"nft delete table {table} other")
            for client in (W.outside, W.node, W.pods[2].namespace):
                for kind in ("tcp", "udp"):
                    self.assertEqual(self.answers(client, known, kind=kind, count=5)[0], {"p1"})
                    self.assertEqual(self.answers(client, unknown, kind=kind, count=5)[0], {"p2"})


if __name__ == "__main__":
    unittest.main(verbosity=2)
