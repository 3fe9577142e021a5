"""The agent against a real kube-apiserver, etcd and kube-controller-manager, with real connections."""

import json
import signal
import socket
import time
import unittest

from harness import netns, sctp, statistics, world
from harness.cluster import ControlPlane, wait_for
from harness.shop import Shop
from harness.world import ask, connect_to

W = None
CONTROL = None


def setUpModule():
    global W, CONTROL
    W = world.World(pod_count=4)
    unittest.addModuleCleanup(W.close)
    CONTROL = ControlPlane(W.control, "198.18.0.1")
    unittest.addModuleCleanup(CONTROL.stop)
    CONTROL.start()
    CONTROL.create("/api/v1/nodes", {"metadata": {"name": "n1"}})
    CONTROL.patch("/api/v1/nodes/n1/status", {"status": {"addresses": [{"type": "InternalIP", "address": "192.0.2.1"}]}})


def refused_at_once(namespace, address, port, kind="tcp"):
    """True if a connection is refused; fails if it takes long."""
    start = time.monotonic()
    try:
        sock, _ = connect_to(namespace, address, port, kind, timeout=3)
        sock.close()
        return False
    # A datagram that the node's own output hook rejects fails in send() already: EPERM.
    except (ConnectionRefusedError, ConnectionResetError, PermissionError):
        took = time.monotonic() - start
        assert took < 1, f"refused, but only after {took:.1f} s"
        return True


class ApiServerTest(unittest.TestCase):
    def setUp(self):
        self.shop = Shop(CONTROL, W.pods)
        self.addCleanup(self.shop.delete)
        self.agent = world.Agent(W.node, ["--kubeconfig", CONTROL.kubeconfig]).start()
        self.addCleanup(self.agent.close)

    def serve(self, pods=None, **spec):
        """A Service "cart" with these pods behind it, reachable in both families; gives its ClusterIPs."""
        addresses = self.shop.service(**spec)
        for pod in pods or W.pods[:2]:
            self.shop.pod(pod)
        for address in addresses:
            self.wait_for_pods(address, {pod.name for pod in pods or W.pods[:2]})
        return addresses

    def answering(self, address, tries=40, source=None):
        return {ask(source or W.outside, address, 80)[0] for _ in range(tries)}

    def wait_for_pods(self, address, names):
        wait_for(f"{address} answered by {names}", lambda: self.answering(address) == names, timeout=20)

    def test_a_service_is_reached_in_both_families_by_tcp_and_udp_from_everywhere(self):
        addresses = self.serve()
        self.assertEqual(len(addresses), 2)
        for address in addresses:
            for kind in ("tcp", "udp"):
                for source in (W.outside, W.node, W.pods[2].namespace):
                    with self.subTest(address=address, kind=kind, source=source.name):
                        self.assertIn(ask(source, address, 80, kind)[0], ("p1", "p2"))

    def test_pods_are_seen_by_their_own_address_and_others_are_masqueraded(self):
        v4, v6 = self.serve()
        self.assertEqual(ask(W.pods[2].namespace, v4, 80)[1], W.pods[2].addresses[0])
        self.assertEqual(ask(W.pods[2].namespace, v6, 80)[1], W.pods[2].addresses[1])
        self.assertTrue(ask(W.outside, v4, 80)[1].startswith("10.64."), "an outside client must come from the node")

    def test_a_pod_reaches_itself_through_its_service(self):
        for address in self.serve(pods=W.pods[:1]):
            for kind in ("tcp", "udp"):
                self.assertEqual(ask(W.pods[0].namespace, address, 80, kind)[0], "p1")

    def test_a_changed_port_moves_and_a_deleted_service_is_gone(self):
        address = self.serve()[0]
        CONTROL.patch(f"{self.shop.path}/services/cart", {"spec": {"ports": [{"name": "tcp", "port": 81, "targetPort": world.PORT}]}})
        wait_for("the new port", lambda: ask(W.outside, address, 81), timeout=10)
        wait_for("the old port refused", lambda: refused_at_once(W.outside, address, 80), timeout=10)
        self.shop.delete_service()
        wait_for("refused", lambda: refused_at_once(W.outside, address, 81), timeout=10)
        wait_for("an empty table", lambda: self.agent.status()["families"]["IPv4"]["endpoints"] == 0 or None, timeout=10)

    def test_a_service_recreated_with_another_cluster_ip_is_reached_there_only(self):
        first = self.serve()[0]
        self.shop.delete_service()
        second = self.shop.service(clusterIP="10.96.77.77", ipFamilyPolicy="SingleStack")[0]
        self.assertEqual(second, "10.96.77.77")
        self.wait_for_pods(second, {"p1", "p2"})
        wait_for("the old address refused", lambda: refused_at_once(W.outside, first, 80), timeout=10)

    def test_endpoints_come_and_go_with_readiness(self):
        address = self.serve()[0]
        self.shop.set_ready(W.pods[0], False)
        self.wait_for_pods(address, {"p2"})
        self.shop.set_ready(W.pods[0], True)
        self.wait_for_pods(address, {"p1", "p2"})
        self.shop.pod(W.pods[2])
        self.wait_for_pods(address, {"p1", "p2", "p3"})
        self.shop.delete_pod(W.pods[1])
        self.wait_for_pods(address, {"p1", "p3"})

    def test_without_endpoints_connections_are_refused_at_once(self):
        addresses = self.shop.service()
        for address in addresses:
            for kind in ("tcp", "udp"):
                for source in (W.outside, W.node, W.pods[2].namespace):
                    with self.subTest(address=address, kind=kind, source=source.name):
                        wait_for("refused", lambda: refused_at_once(source, address, 80, kind), timeout=10)

    def test_an_unused_port_and_an_unused_address_are_refused_at_once(self):
        address = self.serve()[0]
        for source in (W.outside, W.node, W.pods[2].namespace):
            self.assertTrue(refused_at_once(source, address, 99))
            self.assertTrue(refused_at_once(source, "10.96.200.200", 80))
            self.assertTrue(refused_at_once(source, "fd00:96::dead", 80))

    def test_headless_and_external_name_services_make_nothing(self):
        self.shop.service("headless", clusterIP="None", ipFamilyPolicy="SingleStack")
        self.control_external()
        self.shop.pod(W.pods[0], app="headless")
        self.serve(pods=[W.pods[1]])
        status = self.agent.status()
        self.assertEqual(status["families"]["IPv4"]["frontends"], 3, "cart's two ports and the API server's own Service")

    def control_external(self):
        CONTROL.create(f"{self.shop.path}/services", {
            "metadata": {"name": "external"}, "spec": {"type": "ExternalName", "externalName": "example.org"}})

    def test_connections_are_spread_evenly(self):
        """Uniform by chi-square; a fair balancer fails this once in a million runs."""
        address = self.serve(pods=W.pods)[0]
        counts = {pod.name: 0 for pod in W.pods}
        for _ in range(1000):
            counts[ask(W.outside, address, 80)[0]] += 1
        value = statistics.chi_square(list(counts.values()))
        self.assertLess(value, statistics.chi_square_limit(len(counts) - 1), counts)

    def test_a_killed_api_server_changes_nothing_and_what_changed_meanwhile_arrives(self):
        address = self.serve()[0]
        CONTROL.kill("kube-apiserver")
        watched = world.NftEvents(W.node)
        time.sleep(2)
        self.assertEqual(self.answering(address), {"p1", "p2"})
        self.assertNotIn("fairlead", watched.stop(), "the kernel was touched while the API server was away")
        CONTROL.start_apiserver()
        self.shop.pod(W.pods[2])
        self.shop.delete_pod(W.pods[0])
        self.wait_for_pods(address, {"p2", "p3"})

    def test_a_killed_agent_costs_no_connection_old_or_new(self):
        address = self.serve()[0]
        kept, _ = connect_to(W.outside, address, 80)
        self.addCleanup(kept.close)
        stop = []

        def load():
            made = 0
            while not stop:
                self.assertIn(ask(W.outside, address, 80, timeout=2)[0], ("p1", "p2"))
                made += 1
            return made

        loader = netns.Background(load)
        time.sleep(0.5)
        self.agent.kill(signal.SIGKILL)
        time.sleep(1)
        watched = world.NftEvents(W.node)
        self.agent.start()
        time.sleep(0.5)
        stop.append(True)
        self.assertGreater(loader.join(), 50)
        self.assertNotIn("fairlead", watched.stop(), "the restart touched the kernel though everything was right")
        kept.sendall(b"still there\n")
        self.assertEqual(kept.recv(100), b"still there\n")

    def test_a_flushed_ruleset_is_repaired(self):
        address = self.serve()[0]
        W.node.sh("nft flush ruleset")
        start = time.monotonic()
        wait_for("repaired", lambda: "balance-2" in W.node.sh("nft list table ip fairlead", check=False), timeout=5, pause=0)
        print(f"repaired within {1000 * (time.monotonic() - start):.0f} ms", flush=True)
        self.assertEqual(self.answering(address), {"p1", "p2"})
        self.assertGreaterEqual(self.agent.metric("fairlead_repairs_total"), 1)

    def test_a_reload_disturbs_nobody(self):
        address = self.serve()[0]
        kept, _ = connect_to(W.outside, address, 80)
        self.addCleanup(kept.close)
        self.agent.process.send_signal(signal.SIGHUP)
        wait_for("reloaded", lambda: self.agent.metric('fairlead_config_reloads_total{result="ok"}') == 1)
        self.assertEqual(self.answering(address), {"p1", "p2"})
        kept.sendall(b"x\n")
        self.assertEqual(kept.recv(10), b"x\n")

    def test_cleanup_after_a_crash_removes_everything_of_ours_and_nothing_else(self):
        self.serve()
        self.agent.kill(signal.SIGKILL)
        W.node.sh("nft add table ip somebody_else")
        self.addCleanup(W.node.sh, "nft delete table ip somebody_else")
        W.node.sh([world.FAIRLEAD, "cleanup"])
        self.assertEqual(W.node.sh("nft list tables"), "table ip somebody_else\n")

    def test_net_admin_is_the_only_capability_it_needs(self):
        self.agent.close()
        limited = world.Agent(W.node, ["--kubeconfig", CONTROL.kubeconfig],
                              wrapper=["setpriv", "--bounding-set", "-all,+net_admin", "--inh-caps", "-all,+net_admin"])
        self.addCleanup(limited.close)
        limited.start()
        held = W.node.sh(["grep", "CapEff", f"/proc/{limited.process.pid}/status"]).split()[1]
        self.assertEqual(int(held, 16), 1 << 12, "CAP_NET_ADMIN")
        address = self.serve()[0]
        self.assertEqual(self.answering(address), {"p1", "p2"})

    def test_readyz_waits_for_the_first_sync_and_says_why(self):
        self.agent.close()
        CONTROL.kill("kube-apiserver")
        try:
            self.agent.start(wait=False)
            reasons = wait_for("reasons", lambda: self.agent.get("/readyz", 10256))
            self.assertIn("waiting for the first full list", reasons)
            self.assertTrue(json.loads(self.agent.get("/livez", 10256))["healthy"])
            self.assertNotIn("fairlead", W.node.sh("nft list tables"))
        finally:
            CONTROL.start_apiserver()
        wait_for("ready", lambda: self.agent.get("/readyz", 10256) == "ok\n", timeout=20)

    def test_sctp_is_translated_there_and_back_in_both_families(self):
        addresses = self.serve(pods=W.pods[:1], ports=[{"name": "tcp", "port": 80, "targetPort": world.PORT},
                                                       {"name": "sctp", "protocol": "SCTP", "port": 36412, "targetPort": 9000}])
        client = W.pods[1]
        for number, address in enumerate(addresses):
            seen, answered = sctp.handshake(client.namespace, client.addresses[number], W.pods[0].namespace,
                                            W.pods[0].addresses[number], 9000, address, 36412, client_port=5000 + number)
            self.assertEqual(seen, (client.addresses[number], 5000 + number))
            self.assertEqual(answered, (address, 36412))

    def test_a_node_cut_off_while_the_api_server_restarts_catches_up(self):
        """The agent's connections are half open then: no packet tells it that their other end is gone."""
        address = self.serve()[0]
        cut = "table inet cut { chain i { type filter hook input priority 0; ip saddr 198.18.0.2 drop; }; "
        W.control.sh(["nft", cut + "chain o { type filter hook output priority 0; ip daddr 198.18.0.2 drop; }; }"])
        try:
            CONTROL.kill("kube-apiserver")
            CONTROL.start_apiserver()
            self.shop.pod(W.pods[2])
            self.shop.delete_pod(W.pods[0])
            self.assertEqual(self.answering(address), {"p1", "p2"})
        finally:
            W.control.sh("nft delete table inet cut")
        wait_for("what changed meanwhile", lambda: self.answering(address) == {"p2", "p3"}, timeout=60, pause=0.5)

    def test_a_broken_configuration_is_refused_while_connections_flow(self):
        path = f"{CONTROL.folder}/agent.yaml"

        def write(level):
            with open(path, "w") as file:
                file.write(f"apiVersion: fairlead.config/v1alpha1\nkind: AgentConfiguration\nlogLevel: {level}\n")

        write("info")
        self.agent.close()
        self.agent = world.Agent(W.node, ["--kubeconfig", CONTROL.kubeconfig], ["--config", path]).start()
        self.addCleanup(self.agent.close)
        address = self.serve()[0]
        write("shouting")
        watched = world.NftEvents(W.node)
        self.agent.process.send_signal(signal.SIGHUP)
        wait_for("refused", lambda: self.agent.metric('fairlead_config_reloads_total{result="refused"}') == 1)
        self.assertIn("logLevel", self.agent.log())
        self.assertEqual(self.answering(address), {"p1", "p2"})
        self.assertNotIn("fairlead", watched.stop(), "a refused configuration touched the kernel")

    def test_healthz_tells_load_balancers_when_the_node_is_about_to_go(self):
        def eligible():
            return json.loads(self.agent.get("/healthz", 10256))["nodeEligible"]

        wait_for("the node", eligible)
        taint = {"key": "ToBeDeletedByClusterAutoscaler", "effect": "NoSchedule"}
        CONTROL.patch("/api/v1/nodes/n1", {"spec": {"taints": [taint]}})
        wait_for("not eligible", lambda: not eligible())
        self.assertGreaterEqual(self.agent.metric('kubeproxy_proxy_healthz_total{code="503"}'), 1)
        CONTROL.patch("/api/v1/nodes/n1", {"spec": {"taints": []}})
        wait_for("eligible again", eligible)

    def test_a_stopped_agent_leaves_its_rules(self):
        address = self.serve()[0]
        self.agent.kill(signal.SIGTERM)
        self.assertEqual(self.answering(address), {"p1", "p2"})


if __name__ == "__main__":
    socket.setdefaulttimeout(10)
    unittest.main(verbosity=2)
