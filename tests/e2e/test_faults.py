"""What breaks around the agent, and the agent itself, while connections flow: API server, network, ruleset, SIGKILL."""

import contextlib
import datetime
import json
import os
import shutil
import signal
import socket
import tempfile
import time
import unittest

from harness import netns, nft, world
from harness.api_case import ApiServerCase
from harness.cluster import wait_for
from harness.load import Load
from harness.world import connect_to


class AwayApiServerTest(ApiServerCase):
    def test_a_killed_api_server_changes_nothing_and_what_changed_meanwhile_arrives(self):
        """The agent is stopped while objects change: it can have seen none of it before it is back."""
        address = self.serve()[0]
        self.shop.service("old", clusterIP="10.96.66.66", ipFamilyPolicy="SingleStack")
        wait_for("the Service that will go", lambda: "10.96.66.66" in self.node.sh("nft list table ip fairlead"))
        watched = nft.Events(self.node)
        self.control.kill("kube-apiserver")
        wait_for("the agent to notice", lambda: self.agent.status()["problems"])
        self.assertEqual(self.answering(address), {"p1", "p2"})
        self.assertNotIn("fairlead", watched.stop(), "the kernel was touched while the API server was away")
        self.agent.process.send_signal(signal.SIGSTOP)
        try:
            self.control.start_apiserver()
            self.shop.pod(self.pods[2])
            self.shop.delete_pod(self.pods[0])
            self.shop.delete_service("old")
            self.shop.service("new", clusterIP="10.96.77.77", ipFamilyPolicy="SingleStack")
            self.shop.wait_for_slices([self.pods[1], self.pods[2]])
            self.assertEqual(self.answering(address), {"p1", "p2"})
        finally:
            self.agent.process.send_signal(signal.SIGCONT)
        self.wait_for_pods(address, {"p2", "p3"})
        wait_for("the new Service", lambda: "10.96.77.77" in self.node.sh("nft list table ip fairlead"))
        self.assertNotIn("10.96.66.66", self.node.sh("nft list table ip fairlead"))

    def test_a_node_cut_off_while_the_api_server_restarts_catches_up(self):
        """The agent's connections are half open then: no packet tells it that their other end is gone."""
        address = self.serve()[0]
        cut = "table inet cut { chain i { type filter hook input priority 0; ip saddr 198.18.0.2 drop; }; "
        self.world.control.sh(["nft", cut + "chain o { type filter hook output priority 0; ip daddr 198.18.0.2 drop; }; }"])
        try:
            self.control.kill("kube-apiserver")
            self.control.start_apiserver()
            self.shop.pod(self.pods[2])
            self.shop.delete_pod(self.pods[0])
            self.shop.wait_for_slices([self.pods[1], self.pods[2]])
            self.assertEqual(self.answering(address), {"p1", "p2"})
        finally:
            self.world.control.sh("nft delete table inet cut")
        wait_for("what changed meanwhile", lambda: self.answering(address) == {"p2", "p3"}, timeout=60, pause=0.5)

    def test_readyz_waits_for_the_first_sync_and_says_why(self):
        self.agent.close()
        self.control.kill("kube-apiserver")
        try:
            self.agent.start(wait=False)
            reasons = wait_for("reasons", lambda: self.agent.get("/readyz", 10256))
            self.assertIn("waiting for the first full list", reasons)
            self.assertTrue(json.loads(self.agent.get("/livez", 10256))["healthy"])
            self.assertNotIn("fairlead", self.node.sh("nft list tables"))
        finally:
            self.control.start_apiserver()
        wait_for("ready", lambda: self.agent.get("/readyz", 10256) == "ok\n", timeout=20)


class AwayAgentTest(ApiServerCase):
    def test_a_killed_agent_costs_no_connection_old_or_new(self):
        load = Load(self.outside, [(address, kind) for address in self.serve() for kind in ("tcp", "udp")])
        load.wait_for_more()
        watched = nft.Events(self.node)
        self.agent.kill(signal.SIGKILL)
        load.wait_for_more()
        self.agent.start()
        load.wait_for_more()
        self.assertNotIn("fairlead", watched.stop(), "the restart touched the kernel though everything was right")
        load.stop()

    def test_a_stopped_agent_leaves_its_rules(self):
        address = self.serve()[0]
        self.agent.kill(signal.SIGTERM)
        self.assertEqual(self.answering(address), {"p1", "p2"})

    def test_cleanup_after_a_crash_removes_everything_of_ours_and_nothing_else(self):
        self.serve()
        self.agent.kill(signal.SIGKILL)
        self.node.sh("nft add table ip somebody_else")
        self.addCleanup(self.node.sh, "nft delete table ip somebody_else")
        self.node.sh([world.FAIRLEAD, "cleanup"])
        self.assertEqual(self.node.sh("nft list tables"), "table ip somebody_else\n")


class RepairTest(ApiServerCase):
    FAMILIES = ("ip", "ip6")

    def tables(self):
        return {family: nft.contents(self.node, family) for family in self.FAMILIES}

    def made_anew(self):
        """The tables without what earlier changes left in them, as every repair of a lost table makes them."""
        self.node.sh("nft flush ruleset")
        wait_for("new tables", lambda: all("balance-2" in repr(table) for table in self.tables().values()))
        return self.tables()

    def test_whatever_somebody_does_to_a_table_is_undone(self):
        addresses = dict(zip(self.FAMILIES, self.serve()))
        right = self.made_anew()
        unused = {"ip": "10.96.9.9", "ip6": "fd00:96::99"}
        edits = {
            "table deleted": "delete table {family} fairlead",
            "element deleted": "delete element {family} fairlead frontends {{ {address} . tcp . 80 }}",
            "address deleted": "delete element {family} fairlead cluster_ips {{ {address} }}",
            "element added": "add element {family} fairlead no_endpoints {{ {unused} . tcp . 80 }}",
            "set emptied": "flush map {family} fairlead endpoints",
            "rules deleted": "flush chain {family} fairlead services",
            "chain deleted": "delete chain {family} fairlead filter-forward",
            "foreign rule added": "insert rule {family} fairlead filter-forward {family} daddr {address} drop",
            "foreign chain added": "add chain {family} fairlead theirs",
        }
        for family, address in addresses.items():
            for name, edit in edits.items():
                with self.subTest(family=family, edit=name):
                    before = self.agent.metric("fairlead_repairs_total")
                    self.node.sh(["nft", edit.format(family=family, address=address, unused=unused[family])])
                    wait_for("a repair", lambda: self.agent.metric("fairlead_repairs_total") > before)
                    wait_for("the tables as they were", lambda: self.tables() == right)
                    self.assertEqual(self.answering(address, tries=20), {"p1", "p2"})

    def test_a_flushed_ruleset_is_repaired_in_both_families_within_100_ms(self):
        """The best of ten: other work on a loaded machine delays single ones, a repair that only came by a timer would delay all."""
        addresses = self.serve()
        right = self.made_anew()
        took = []
        for _ in range(10):
            self.node.sh("nft flush ruleset")
            start = time.monotonic()
            wait_for("all as it was", lambda: self.tables() == right, pause=0)
            took.append(time.monotonic() - start)
        print(f"repaired within {1000 * min(took):.0f} to {1000 * max(took):.0f} ms", flush=True)
        self.assertLess(min(took), 0.1)
        for address in addresses:
            self.assertEqual(self.answering(address), {"p1", "p2"})


class PreloadedAgentTest(ApiServerCase):
    """The machine is another one for the agent: harness/NAME.c stands between it and the C library."""

    def start_with(self, name, **environment):
        self.folder = tempfile.mkdtemp(prefix=f"{netns.PREFIX}-{os.getpid()}-")
        self.addCleanup(shutil.rmtree, self.folder)
        library = os.path.join(self.folder, f"{name}.so")
        netns.sh(["cc", "-shared", "-fPIC", "-O1", "-o", library, os.path.join(os.path.dirname(nft.__file__), f"{name}.c")])
        self.agent.close()
        variables = [f"{key}={value.format(folder=self.folder)}" for key, value in environment.items()]
        self.agent = world.Agent(self.node, ["--kubeconfig", self.control.kubeconfig],
                                 wrapper=["env", f"LD_PRELOAD={library}", *variables])
        self.addCleanup(self.agent.close)
        self.agent.start()

    def test_a_kernel_without_ip6_tables_costs_the_services_of_that_family_and_no_other(self):
        self.start_with("lesser_kernel", WITHOUT_TABLES="ip6")
        address, address6 = self.shop.service()
        self.shop.pod(self.pods[0])
        self.wait_for_pods(address, {"p1"})
        self.shop.pod(self.pods[1])
        self.wait_for_pods(address, {"p1", "p2"})
        self.assertEqual(self.node.sh("nft list tables"), "table ip fairlead\n")
        status = self.agent.status()
        self.assertTrue(status["ready"], status["notReady"])
        self.assertEqual(status["lastError"], "")
        off = [problem for problem in status["problems"] if problem.startswith("Services of IPv6 are off")]
        self.assertEqual(len(off), 1, status["problems"])
        self.assertIn("Operation not supported", off[0])
        self.assertTrue(json.loads(self.agent.get("/healthz", 10256))["healthy"])
        self.assertEqual(self.agent.log().count("they are off"), 1)

    def test_steps_of_the_wall_clock_change_nothing(self):
        """A day forward, then two back: before the agent started, and before the certificates of the API server."""
        self.start_with("stepped_clock", WALL_CLOCK_OFFSET="{folder}/offset")
        address = self.serve()[0]
        watched = nft.Events(self.node)
        day = 86400
        for offset in (day, -day):
            with open(f"{self.folder}/offset.new", "w") as file:
                file.write(str(offset))
            os.rename(f"{self.folder}/offset.new", f"{self.folder}/offset")
            health = json.loads(self.agent.get("/healthz", 10256))
            now = datetime.datetime.fromisoformat(health["currentTime"].split(".")[0].removesuffix("Z") + "+00:00").timestamp()
            self.assertLess(abs(now - time.time() - offset), 3600, "the clock did not step")
            self.assertTrue(health["healthy"], health)
            self.assertEqual(self.agent.get("/readyz", 10256), "ok\n")
            self.assertEqual(self.answering(address), {"p1", "p2"})
        self.assertNotIn("fairlead", watched.stop())
        self.shop.pod(self.pods[2])
        self.wait_for_pods(address, {"p1", "p2", "p3"})
        before = self.agent.metric("fairlead_repairs_total")
        self.node.sh("nft flush ruleset")
        wait_for("a repair", lambda: self.agent.metric("fairlead_repairs_total") > before)
        self.assertEqual(self.answering(address), {"p1", "p2", "p3"})


class LateAgentTest(ApiServerCase):
    """What the kernel tells an agent that has no time to listen."""

    def test_a_burst_of_events_that_overruns_the_agent_hides_no_damage(self):
        address = self.serve()[0]
        before = self.agent.metric("fairlead_repairs_total")
        self.node.sh("nft add table ip other; nft add set ip other many '{ type inet_service . inet_service; }'")
        self.addCleanup(self.node.sh, "nft delete table ip other")
        fill = "(echo 'add element ip other many {{'; seq -f '{0} . %.0f,' 1 60000; echo '}}') | nft -f -"
        self.agent.process.send_signal(signal.SIGSTOP)
        try:
            for number in range(1, 6):
                self.node.sh(fill.format(number))
            self.node.sh("nft flush chain ip fairlead services")
            # Of all sockets of the agent only that of its monitor belongs to a group.
            lost = [line.split() for line in self.node.sh("cat /proc/net/netlink").splitlines()]
            self.assertTrue([row for row in lost if row[1] == "12" and row[3] != "00000000" and int(row[8]) > 0], lost)
        finally:
            self.agent.process.send_signal(signal.SIGCONT)
        wait_for("a repair", lambda: self.agent.metric("fairlead_repairs_total") > before)
        self.assertEqual(self.answering(address), {"p1", "p2"})
        self.node.sh("nft flush chain ip fairlead services")
        wait_for("another repair", lambda: self.agent.metric("fairlead_repairs_total") > before + 1)
        self.assertEqual(self.answering(address), {"p1", "p2"})

    def test_elements_that_are_there_before_their_service_are_put_right(self):
        address = self.serve()[0]
        self.agent.process.send_signal(signal.SIGSTOP)
        try:
            self.shop.service("late", clusterIP="10.96.88.88", ipFamilyPolicy="SingleStack", selector={"app": "cart"})
            self.node.sh("nft add element ip fairlead frontends '{ 10.96.88.88 . tcp . 80 : 0x5 . 0x5 . 0x0 }'")
            self.node.sh("nft add element ip fairlead cluster_ips '{ 10.96.88.88 }'")
        finally:
            self.agent.process.send_signal(signal.SIGCONT)
        self.wait_for_pods("10.96.88.88", {"p1", "p2"})
        self.assertEqual(self.answering(address), {"p1", "p2"})
        self.assertEqual(self.agent.status()["lastError"], "")


class ReloadTest(ApiServerCase):
    def test_a_reload_disturbs_nobody(self):
        address = self.serve()[0]
        kept, _ = connect_to(self.outside, address, 80)
        with contextlib.closing(kept):
            self.agent.process.send_signal(signal.SIGHUP)
            wait_for("reloaded", lambda: self.agent.metric('fairlead_config_reloads_total{result="ok"}') == 1)
            self.assertEqual(self.answering(address), {"p1", "p2"})
            kept.sendall(b"x\n")
            self.assertEqual(kept.recv(10), b"x\n")

    def test_a_broken_configuration_is_refused_while_connections_flow(self):
        path = f"{self.control.folder}/agent.yaml"

        def write(level):
            with open(path, "w") as file:
                file.write(f"apiVersion: fairlead.config/v1alpha1\nkind: AgentConfiguration\nlogLevel: {level}\n")

        write("info")
        self.agent.close()
        self.agent = world.Agent(self.node, ["--kubeconfig", self.control.kubeconfig], ["--config", path]).start()
        self.addCleanup(self.agent.close)
        address = self.serve()[0]
        write("shouting")
        watched = nft.Events(self.node)
        self.agent.process.send_signal(signal.SIGHUP)
        wait_for("refused", lambda: self.agent.metric('fairlead_config_reloads_total{result="refused"}') == 1)
        self.assertIn("logLevel", self.agent.log())
        self.assertEqual(self.answering(address), {"p1", "p2"})
        self.assertNotIn("fairlead", watched.stop(), "a refused configuration touched the kernel")


if __name__ == "__main__":
    socket.setdefaulttimeout(10)
    unittest.main(verbosity=2)
