"""The DNS server of the agent beside a real API server: what it writes there, and what it reads there besides Services."""

import json
import os
import shutil
import tempfile
import unittest

from harness import dns_server, netns, world
from harness.api_case import ApiServerCase
from harness.cluster import wait_for
from harness.dns_server import NXDOMAIN, soa_record
from harness.shop import Shop

CLUSTER_DNS = "10.96.0.10"
UPSTREAM = "192.0.2.2"


class DnsApiTest(ApiServerCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix=f"{netns.PREFIX}-{os.getpid()}-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.upstream = dns_server.DnsServer(self.outside, UPSTREAM, lambda name, kind: (NXDOMAIN, [], [soa_record("example")]))
        self.addCleanup(self.upstream.close)
        self.write_resolv_conf(UPSTREAM)
        self.control.create("/api/v1/namespaces/kube-system/services",
                            {"metadata": {"name": "kube-dns"}, "spec": {"clusterIP": CLUSTER_DNS, "ports": [{"port": 53, "protocol": "UDP"}]}})
        self.addCleanup(self.control.delete, "/api/v1/namespaces/kube-system/services/kube-dns")
        self.shop = Shop(self.control, self.pods)
        self.addCleanup(self.shop.delete)
        self.shop.pod(self.pods[0])

    def write_resolv_conf(self, nameserver):
        with open(f"{self.folder}/resolv.conf", "w") as file:
            file.write(f"nameserver {nameserver}\n")

    def start(self, **settings):
        with open(f"{self.folder}/config.json", "w") as file:
            json.dump({"apiVersion": "fairlead.config/v1alpha1", "kind": "AgentConfiguration",
                       "dns": {"mode": "intercept", "resolvConf": f"{self.folder}/resolv.conf", **settings}}, file)
        self.agent = world.Agent(self.node, ["--kubeconfig", self.control.kubeconfig], ["--config", f"{self.folder}/config.json"]).start()
        self.addCleanup(self.agent.close)
        wait_for("interception", lambda: "fairlead-dns" in self.node.sh("nft list tables"))

    def look_up(self, *names):
        """As a Pod's resolver asks, without waiting for an answer."""
        with self.pods[0].namespace.inside():
            sock = dns_server.socket.socket(dns_server.socket.AF_INET, dns_server.socket.SOCK_DGRAM)
        with sock:
            sock.connect((CLUSTER_DNS, 53))
            for name in names:
                sock.send(b"\0\1\1\0\0\1\0\0\0\0\0\0" + dns_server.encode_name(name) + b"\0\1\0\1")

    def events(self):
        """What `kubectl describe pod` asks for."""
        uid = self.control.request("GET", f"{self.shop.path}/pods/{self.pods[0].name}")["metadata"]["uid"]
        selector = f"involvedObject.kind=Pod,involvedObject.uid={uid}"
        return self.control.request("GET", f"{self.shop.path}/events?fieldSelector={selector}")["items"]

    def test_a_pod_that_wastes_queries_gets_an_event_that_says_what_helps(self):
        self.start(searchCollapse="off", wasteEventFactor=3, wasteEventRate=5, wasteEventWindow="2s")

        def wasted():
            domains = (f".{self.shop.name}.svc.cluster.local", ".svc.cluster.local", ".cluster.local", "")
            for number in range(5):
                self.look_up(*(f"n{number}.example{domain}" for domain in domains))
            return self.events()

        event = wait_for("an Event", wasted)[0]
        self.assertEqual((event["type"], event["reason"]), ("Warning", "DnsQueriesWasted"))
        self.assertRegex(event["message"], r"^asks \d+ DNS queries a second, [34]\.\d for each name that it looks up, of which 7\d % find nothing "
                                           r"in a search domain, most of them n\d\.example\.; give the pod the option ndots:1 in spec\.dnsConfig")
        self.assertIn("a Pod wastes DNS queries", self.agent.log())

    def test_follows_the_config_map_of_kube_dns(self):
        path = "/api/v1/namespaces/kube-system/configmaps"
        config_map = {"metadata": {"name": "kube-dns"}, "data": {"stubDomains": json.dumps({"corp.example": [UPSTREAM]})}}
        self.write_resolv_conf("192.0.2.99")  # nobody
        self.control.create(path, config_map)
        self.addCleanup(self.control.delete, f"{path}/kube-dns")
        self.start(configMap="kube-system/kube-dns")

        def asked_about(name):
            self.look_up(name)
            return (name, "A") in self.upstream.questions

        wait_for("a question to the stub domain's server", lambda: asked_about("www.corp.example"))
        self.assertFalse(asked_about("www.lab.example"))
        self.control.patch(f"{path}/kube-dns", {"data": {"stubDomains": json.dumps({"lab.example": [UPSTREAM]})}})
        wait_for("a question to the other stub domain's server", lambda: asked_about("www.lab.example"))
        self.control.patch(f"{path}/kube-dns", {"data": {"stubDomains": "nonsense"}})
        wait_for("the problem", lambda: any("ConfigMap kube-system/kube-dns: stubDomains" in each for each in self.agent.status()["problems"]))
        wait_for("a question to the same server", lambda: asked_about("mail.lab.example"))
        self.control.patch(f"{path}/kube-dns", {"data": {"stubDomains": None}})
        wait_for("it to be mended", lambda: not any("ConfigMap" in each for each in self.agent.status()["problems"]))


if __name__ == "__main__":
    unittest.main()
