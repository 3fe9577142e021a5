"""From the real kube-proxy to fairlead and back, under load: no connection fails, and nothing of anybody else changes."""

import contextlib
import http.client
import json
import os
import re
import subprocess
import unittest

from harness import netns, world
from harness.api_case import ApiServerCase
from harness.cluster import wait_for
from harness.kube_proxy import KubeProxy
from harness.load import Load
from harness.shop import Shop
from harness.world import FAIRLEAD

# Rules of others in every place where kube-proxy has some.
FOREIGN = """
nft 'table inet firewall { chain input { type filter hook input priority 0; tcp dport 9 counter drop; }; }'
for iptables in iptables-{kind} ip6tables-{kind}; do
    for table in nat filter; do
        $iptables -t $table -N KUBE-NETWORK-POLICY
        $iptables -t $table -A KUBE-NETWORK-POLICY -p tcp --dport 9 -m comment --comment "say \\"hi\\" to KUBE-SERVICES" -j RETURN
        $iptables -t $table -A OUTPUT -j KUBE-NETWORK-POLICY
    done
    $iptables -t mangle -N KUBE-KUBELET-CANARY
    $iptables -t nat -A POSTROUTING -p tcp --dport 9 -j MASQUERADE
done
"""


class MigrateTest(ApiServerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # A minute of load would fill the table of small machines with connections that ended.
        for state in ("tcp_timeout_time_wait", "tcp_timeout_close", "udp_timeout", "udp_timeout_stream"):
            cls.node.sysctl(f"net.netfilter.nf_conntrack_{state}", 10)

    def setUp(self):
        """No agent yet: the node is kube-proxy's."""
        self.shop = Shop(self.control, self.pods)
        self.addCleanup(self.shop.delete)
        self.addresses = self.shop.service(type="NodePort")
        sticky = self.shop.service("sticky", sessionAffinity="ClientIP")
        empty = self.shop.service("empty")
        for pod in self.pods[:2]:
            self.shop.pod(pod)
        self.shop.pod(self.pods[3], app="sticky")
        self.shop.wait_for_slices(self.pods[:2])
        self.shop.wait_for_slices(self.pods[3:4], "sticky")
        ports = self.control.request("GET", f"{self.shop.path}/services/cart")["spec"]["ports"]
        self.node_port = ports[0]["nodePort"]
        self.all_addresses = [*self.addresses, *sticky, *empty]
        self.agent = None
        self.addCleanup(lambda: self.agent and self.agent.close())

    def start_kube_proxy(self, mode, legacy=False):
        self.proxy = KubeProxy(self.node, self.control, mode, legacy)
        self.addCleanup(self.node.sh, "nft flush ruleset; for t in nat filter mangle; do for i in iptables ip6tables; do "
                                      "$i-legacy -t $t -F; $i-legacy -t $t -X; done; done" if legacy else "nft flush ruleset")
        self.addCleanup(self.proxy.stop)
        self.proxy.start(self.all_addresses)

    def start_agent(self, *arguments, admin_port=10349, health_port=10356):
        self.agent = world.Agent(self.node, ["--kubeconfig", self.control.kubeconfig], arguments,
                                 admin_port=admin_port, health_port=health_port).start()

    def migrate(self, *arguments, status=0):
        done = subprocess.run(["ip", "netns", "exec", self.node.name, FAIRLEAD, "migrate", "kube-proxy", "--admin-address",
                               f"127.0.0.1:{self.agent.admin_port if self.agent else 10249}", *arguments], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def plan(self, *arguments):
        return json.loads(self.migrate("-o", "json", *arguments))

    def states(self, *arguments):
        return [step["state"] for step in self.plan(*arguments)["steps"]]

    def foreign(self):
        """What neither kube-proxy nor fairlead made, as stock tools print it."""
        text = self.node.sh("nft list table inet firewall")
        for program in ("iptables-nft", "ip6tables-nft", "iptables-legacy", "ip6tables-legacy"):
            text += self.node.sh(f"{program}-save")
        # Built-in chains that are made when they are first used, and how often they were passed.
        return [re.sub(r"\[\d+:\d+\]", "", line) for line in text.splitlines()
                if not re.match(r"[#*]|COMMIT|:[A-Z]+ ACCEPT|:KUBE-FIREWALL|-A (KUBE-FIREWALL|INPUT -j KUBE-FIREWALL|OUTPUT -j KUBE-FIREWALL)", line)]

    def load(self):
        """New connections and old ones all the time, through both hooks that translate."""
        targets = [(address, kind) for address in self.addresses for kind in ("tcp", "udp")]
        loads = [Load(source, targets) for source in (self.outside, self.node, self.pods[2].namespace)]
        loads.append(Load(self.outside, [("192.0.2.1", "tcp"), ("192.0.2.1", "udp")], self.node_port))
        self.addCleanup(lambda: [load.stop() for load in loads])
        return loads

    def take_over(self, how):
        """Stops kube-proxy and removes its rules in one of the ways that there are."""
        if how == "stop":
            pid = self.node.sh("pgrep -x kube-proxy").split()[0]
            self.assertIn("is no kube-proxy", self.migrate("--apply", "--stop", str(os.getpid()), status=1))
            return self.migrate("--apply", "--stop", pid)
        if how == "wait":
            waiting = netns.Background(lambda: self.migrate("--apply", "--wait", "60"))
            self.proxy.stop()
            waiting.join()
        self.proxy.stop()
        return self.migrate("--apply")

    def there_and_back(self, mode, how, legacy=False):
        self.node.sh(FOREIGN.replace("{kind}", "legacy" if legacy else "nft"))
        foreign = self.foreign()
        self.start_kube_proxy(mode, legacy)
        loads = self.load()

        def go_on():
            for load in loads:
                load.wait_for_more()

        go_on()
        self.assertEqual(self.states(), ["to do", "done", "to do", "to do"])

        self.start_agent()
        go_on()
        plan = self.plan()
        self.assertEqual([step["state"] for step in plan["steps"]], ["done", "done", "to do", "to do"], plan)
        different = [plan["comparison"][key] for key in ("onlyKubeProxy", "onlyFairlead", "otherEndpoints")]
        self.assertEqual(different, [[], [], []])
        self.assertFalse([note for note in plan["notes"] if "masqueradeAll" in note or "pods are told" in note])
        self.assertGreaterEqual(plan["comparison"]["equal"], 12, "ClusterIPs of three Services, and node ports")
        rules = self.proxy.rules()
        self.assertIn("Stop kube-proxy", self.migrate("--apply", status=1))
        self.assertEqual(self.proxy.rules(), rules, "nothing was removed")

        self.assertIn("Nothing is left to do", self.take_over(how))
        self.assertEqual(self.proxy.rules(), "")
        self.assertEqual(self.foreign(), foreign)
        go_on()
        self.assertIn("Nothing is left to do", self.migrate("--apply"), "it can be repeated")

        self.agent.kill()
        self.start_agent(admin_port=10249, health_port=10256)
        self.shop.pod(self.pods[2])  # only fairlead is there to notice
        for address in self.addresses:
            self.wait_for_pods(address, {"p1", "p2", "p3"})
        self.proxy.stop()
        self.proxy.start(self.all_addresses)
        go_on()
        self.assertIn("Stop fairlead's agent", self.migrate("--back", "--apply", status=1))
        self.agent.kill()
        wait_for("kube-proxy on its port", lambda: "lastUpdated" in self.agent.get("/healthz", 10256))
        go_on()
        self.assertIn("Nothing is left to do", self.migrate("--back", "--apply"))
        self.assertNotIn("fairlead", self.node.sh("nft list tables"))
        go_on()
        for load in loads:
            load.stop()

    def test_what_was_broken_off_half_way_is_finished_by_the_next_run(self):
        self.start_kube_proxy("nftables")
        self.start_agent()
        self.proxy.stop()
        self.node.sh("nft delete table ip kube-proxy")
        self.assertIn("Nothing is left to do", self.migrate("--apply"))
        self.assertEqual(self.proxy.rules(), "")
        self.proxy.start(self.all_addresses)
        self.agent.kill()
        self.node.sh("nft flush chain ip fairlead nat-prerouting; nft flush chain ip fairlead nat-output")
        self.assertEqual(self.answering(self.addresses[0]), {"p1", "p2"})
        self.assertIn("Nothing is left to do", self.migrate("--back", "--apply"))
        self.assertNotIn("fairlead", self.node.sh("nft list tables"))

    def health_of(self, port):
        """What a load balancer is told at the node's address."""
        with self.outside.inside():
            connection = http.client.HTTPConnection("192.0.2.1", port, timeout=2)
            connection.connect()
        with contextlib.closing(connection):
            connection.request("GET", "/")
            return connection.getresponse().status

    def test_load_balancers_get_answers_from_fairlead_when_kube_proxy_lets_go_of_the_port(self):
        self.shop.service("balanced", type="LoadBalancer", externalTrafficPolicy="Local")
        self.shop.pod(self.pods[2], app="balanced")
        port = self.control.request("GET", f"{self.shop.path}/services/balanced")["spec"]["healthCheckNodePort"]
        self.start_kube_proxy("nftables")
        wait_for("kube-proxy's answer", lambda: self.health_of(port) == 200)
        self.start_agent()
        self.assertIn("Address already in use", self.agent.get("/status"))
        self.proxy.stop()
        wait_for("fairlead's answer", lambda: self.health_of(port) == 200)
        wait_for("no problem", lambda: self.agent.status()["problems"] == [])

    def test_the_printed_patch_keeps_kube_proxy_off_labelled_nodes(self):
        containers = [{"name": "kube-proxy", "image": "none"}]
        self.control.create("/apis/apps/v1/namespaces/kube-system/daemonsets", {
            "metadata": {"name": "kube-proxy"},
            "spec": {"selector": {"matchLabels": {"app": "kube-proxy"}},
                     "template": {"metadata": {"labels": {"app": "kube-proxy"}}, "spec": {"containers": containers}}}})
        path = "/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy"
        self.addCleanup(self.control.delete, path)
        self.start_kube_proxy("nftables")
        patch = re.search(r"kubectl -n kube-system patch daemonset kube-proxy -p '(.*)'", self.migrate()).group(1)
        patched = self.control.request("PATCH", path, json.loads(patch), "application/strategic-merge-patch+json")
        pod = patched["spec"]["template"]["spec"]
        terms = pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
        self.assertEqual(terms, [{"matchExpressions": [{"key": "fairlead.io/proxy", "operator": "DoesNotExist"}]}])
        self.assertEqual(pod["containers"][0]["name"], "kube-proxy", "all else stays")

    def test_nothing_is_removed_where_fairlead_would_serve_less(self):
        self.shop.service("external", externalIPs=["203.0.113.20"])
        self.shop.pod(self.pods[2], app="external")
        self.start_kube_proxy("nftables")
        wait_for("the external address", lambda: "203.0.113.20" in self.proxy.rules())
        self.start_agent("--external-ips", "false")
        self.proxy.stop()
        self.assertEqual([each["frontend"] for each in self.plan()["comparison"]["onlyKubeProxy"]],
                         ["203.0.113.20:80/TCP", "203.0.113.20:80/UDP"])
        rules = self.proxy.rules()
        self.assertIn("203.0.113.20:80/TCP shop", self.migrate("--apply", status=1))
        self.assertEqual(self.proxy.rules(), rules)
        self.migrate("--apply", "--accept-differences")
        self.assertEqual(self.proxy.rules(), "")

    def test_nobody_notices_the_way_from_kube_proxy_in_nftables_mode_and_back(self):
        self.there_and_back("nftables", "stop")

    def test_nobody_notices_the_way_from_kube_proxy_in_iptables_mode_and_back(self):
        self.there_and_back("iptables", "wait")

    def test_nobody_notices_the_way_from_kube_proxy_with_legacy_iptables_and_back(self):
        self.there_and_back("iptables", "before", legacy=True)


if __name__ == "__main__":
    unittest.main(verbosity=2)
