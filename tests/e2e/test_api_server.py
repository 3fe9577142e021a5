"""The agent against a real kube-apiserver, etcd and kube-controller-manager, with real connections."""

import json
import socket
import time
import unittest

from harness import sctp, statistics, world
from harness.api_case import ApiServerCase, refused_at_once
from harness.cluster import wait_for
from harness.world import ask, connect_to


class ApiServerTest(ApiServerCase):
    def test_a_service_is_reached_in_both_families_by_tcp_and_udp_from_everywhere(self):
        addresses = self.serve()
        self.assertEqual(len(addresses), 2)
        for address in addresses:
            for kind in ("tcp", "udp"):
                for source in (self.outside, self.node, self.pods[2].namespace):
                    with self.subTest(address=address, kind=kind, source=source.name):
                        self.assertIn(ask(source, address, 80, kind)[0], ("p1", "p2"))

    def test_pods_are_seen_by_their_own_address_and_others_are_masqueraded(self):
        v4, v6 = self.serve()
        self.assertEqual(ask(self.pods[2].namespace, v4, 80)[1], self.pods[2].addresses[0])
        self.assertEqual(ask(self.pods[2].namespace, v6, 80)[1], self.pods[2].addresses[1])
        self.assertTrue(ask(self.outside, v4, 80)[1].startswith("10.64."), "an outside client must come from the node")
        self.assertTrue(ask(self.outside, v6, 80)[1].startswith("fd00:64:"), "an outside client must come from the node")

    def test_a_pod_reaches_itself_through_its_service(self):
        for address in self.serve(pods=self.pods[:1]):
            for kind in ("tcp", "udp"):
                self.assertEqual(ask(self.pods[0].namespace, address, 80, kind)[0], "p1")

    def test_a_changed_port_moves_and_a_deleted_service_is_gone(self):
        address = self.serve()[0]
        self.control.patch(f"{self.shop.path}/services/cart", {"spec": {"ports": [{"name": "tcp", "port": 81, "targetPort": world.PORT}]}})
        wait_for("the new port", lambda: ask(self.outside, address, 81), timeout=10)
        wait_for("the old port refused", lambda: refused_at_once(self.outside, address, 80), timeout=10)
        self.shop.delete_service()
        wait_for("refused", lambda: refused_at_once(self.outside, address, 81), timeout=10)
        wait_for("an empty table", lambda: self.agent.status()["families"]["IPv4"]["endpoints"] == 0 or None, timeout=10)

    def test_a_service_recreated_with_another_cluster_ip_is_reached_there_only(self):
        first = self.serve()[0]
        self.shop.delete_service()
        second = self.shop.service(clusterIP="10.96.77.77", ipFamilyPolicy="SingleStack")[0]
        self.assertEqual(second, "10.96.77.77")
        self.wait_for_pods(second, {"p1", "p2"})
        wait_for("the old address refused", lambda: refused_at_once(self.outside, first, 80), timeout=10)

    def test_an_endpoint_that_terminates_gets_no_new_connection_and_keeps_those_it_has(self):
        address = self.serve()[0]
        sockets = {}
        while len(sockets) < 2:
            sock, words = connect_to(self.outside, address, 80)
            self.addCleanup(sock.close)
            sockets.setdefault(words[0], sock)
        # Nobody plays the kubelet: the Pod stays and terminates.
        self.control.request("DELETE", f"{self.shop.path}/pods/p1?gracePeriodSeconds=300")
        slices = f"/apis/discovery.k8s.io/v1/namespaces/{self.shop.name}/endpointslices"
        wait_for("a terminating endpoint", lambda: any(
            endpoint["conditions"].get("terminating") for item in self.control.request("GET", slices)["items"]
            for endpoint in item["endpoints"] or []), pause=0.005)
        seen = time.monotonic()
        wait_for("its end in the kernel", lambda: self.pods[0].addresses[0] not in self.node.sh("nft list map ip fairlead endpoints"),
                 pause=0.005)
        print(f"no new connections {1000 * (time.monotonic() - seen):.0f} ms after the slice was seen in the API, or before")
        self.assertEqual(self.answering(address), {"p2"})
        for sock in sockets.values():
            sock.send(b"still there\n")
            self.assertEqual(sock.recv(100), b"still there\n")

    def test_endpoints_come_and_go_with_readiness(self):
        address = self.serve()[0]
        self.shop.set_ready(self.pods[0], False)
        self.wait_for_pods(address, {"p2"})
        self.shop.set_ready(self.pods[0], True)
        self.wait_for_pods(address, {"p1", "p2"})
        self.shop.pod(self.pods[2])
        self.wait_for_pods(address, {"p1", "p2", "p3"})
        self.shop.delete_pod(self.pods[1])
        self.wait_for_pods(address, {"p1", "p3"})

    def test_without_endpoints_connections_are_refused_at_once(self):
        addresses = self.shop.service()
        for address in addresses:
            for kind in ("tcp", "udp"):
                for source in (self.outside, self.node, self.pods[2].namespace):
                    with self.subTest(address=address, kind=kind, source=source.name):
                        wait_for("refused", lambda: refused_at_once(source, address, 80, kind), timeout=10)

    def test_an_unused_port_and_an_unused_address_are_refused_at_once(self):
        address = self.serve()[0]
        for source in (self.outside, self.node, self.pods[2].namespace):
            self.assertTrue(refused_at_once(source, address, 99))
            self.assertTrue(refused_at_once(source, "10.96.200.200", 80))
            self.assertTrue(refused_at_once(source, "fd00:96::dead", 80))

    def test_headless_and_external_name_services_make_nothing(self):
        self.shop.service("headless", clusterIP="None", ipFamilyPolicy="SingleStack")
        self.control_external()
        self.shop.pod(self.pods[0], app="headless")
        self.serve(pods=[self.pods[1]])
        status = self.agent.status()
        self.assertEqual(status["families"]["IPv4"]["frontends"], 3, "cart's two ports and the API server's own Service")

    def control_external(self):
        self.control.create(f"{self.shop.path}/services", {
            "metadata": {"name": "external"}, "spec": {"type": "ExternalName", "externalName": "example.org"}})

    def test_connections_are_spread_evenly_in_both_families_by_tcp_and_udp(self):
        """Uniform by chi-square; a fair balancer fails one of the four once in 250,000 runs."""
        for address in self.serve(pods=self.pods):
            for kind in ("tcp", "udp"):
                with self.subTest(address=address, kind=kind):
                    counts = {pod.name: 0 for pod in self.pods}
                    for _ in range(1000):
                        counts[ask(self.outside, address, 80, kind)[0]] += 1
                    value = statistics.chi_square(list(counts.values()))
                    self.assertLess(value, statistics.chi_square_limit(len(counts) - 1), counts)

    def test_net_admin_is_the_only_capability_it_needs(self):
        self.agent.close()
        limited = world.Agent(self.node, ["--kubeconfig", self.control.kubeconfig],
                              wrapper=["setpriv", "--bounding-set", "-all,+net_admin", "--inh-caps", "-all,+net_admin"])
        self.addCleanup(limited.close)
        limited.start()
        held = self.node.sh(["grep", "CapEff", f"/proc/{limited.process.pid}/status"]).split()[1]
        self.assertEqual(int(held, 16), 1 << 12, "CAP_NET_ADMIN")
        address = self.serve()[0]
        self.assertEqual(self.answering(address), {"p1", "p2"})

    def test_sctp_is_translated_there_and_back_in_both_families(self):
        addresses = self.serve(pods=self.pods[:1], ports=[{"name": "tcp", "port": 80, "targetPort": world.PORT},
                                                       {"name": "sctp", "protocol": "SCTP", "port": 36412, "targetPort": 9000}])
        client = self.pods[1]
        for number, address in enumerate(addresses):
            seen, answered = sctp.handshake(client.namespace, client.addresses[number], self.pods[0].namespace,
                                            self.pods[0].addresses[number], 9000, address, 36412, client_port=5000 + number)
            self.assertEqual(seen, (client.addresses[number], 5000 + number))
            self.assertEqual(answered, (address, 36412))

    def test_sctp_without_endpoints_is_refused_at_once_in_both_families(self):
        addresses = self.shop.service(ports=[{"name": "sctp", "protocol": "SCTP", "port": 36412, "targetPort": 9000}])
        client = self.pods[1]
        for number, address in enumerate(addresses):
            with self.subTest(address=address):
                wait_for("refused", lambda: sctp.is_refused(client.namespace, client.addresses[number], address, 36412), timeout=10)

    def test_healthz_tells_load_balancers_when_the_node_is_about_to_go(self):
        def eligible():
            return json.loads(self.agent.get("/healthz", 10256))["nodeEligible"]

        wait_for("the node", eligible)
        taint = {"key": "ToBeDeletedByClusterAutoscaler", "effect": "NoSchedule"}
        self.control.patch("/api/v1/nodes/n1", {"spec": {"taints": [taint]}})
        wait_for("not eligible", lambda: not eligible())
        self.assertGreaterEqual(self.agent.metric('kubeproxy_proxy_healthz_total{code="503"}'), 1)
        self.control.patch("/api/v1/nodes/n1", {"spec": {"taints": []}})
        wait_for("eligible again", eligible)
        node = self.control.request("GET", "/api/v1/nodes/n1")
        self.control.delete("/api/v1/nodes/n1")
        wait_for("not eligible without a Node", lambda: not eligible())
        self.assertNotIn("nodeEligible", self.agent.get("/livez", 10256))
        self.assertTrue(json.loads(self.agent.get("/livez", 10256))["healthy"])
        self.control.create("/api/v1/nodes", {"metadata": {"name": "n1"}})
        self.control.patch("/api/v1/nodes/n1/status", {"status": {"addresses": node["status"]["addresses"]}})
        wait_for("eligible anew", eligible)

    def test_pods_of_all_nodes_are_reached_from_every_node_by_its_own_agent(self):
        remote = self.world.remote_node
        agent = world.Agent(remote, ["--kubeconfig", self.control.kubeconfig], name="n2").start()
        self.addCleanup(agent.close)
        pods = [self.pods[0], self.world.remote_pods[0]]
        for address in self.serve(pods=pods):
            for source in (self.pods[1].namespace, self.world.remote_pods[1].namespace, remote):
                with self.subTest(address=address, source=source.name):
                    self.wait_for_pods(address, {pod.name for pod in pods}, source)
        client = self.world.remote_pods[1]
        for number, address in enumerate(self.shop.addresses()):
            seen = {ask(client.namespace, address, 80) for _ in range(40)}
            self.assertEqual(seen, {(pod.name, client.addresses[number]) for pod in pods}, "pods are not masqueraded between nodes")
        self.shop.delete_pod(self.pods[0])
        for source in (self.pods[1].namespace, client.namespace):
            self.wait_for_pods(address, {pods[1].name}, source)
        agent.close()
        self.assertEqual(self.answering(address, source=self.pods[1].namespace), {pods[1].name}, "the first node minds its own agent")


if __name__ == "__main__":
    socket.setdefaulttimeout(10)
    unittest.main(verbosity=2)
