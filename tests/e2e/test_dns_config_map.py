"""The ConfigMap of kube-dns is followed in a directory of manifests: who answers a Pod is seen by the address."""

import itertools
import json
import os
import unittest

from harness import dns_case, dns_server, stub_resolvers
from harness.cluster import wait_for
from harness.dns_case import DnsCase, service
from harness.dns_server import A, NOERROR, address_record, soa_record

W = None
CLUSTER_DNS = "10.96.0.10"
UPSTREAM, STUB = "192.0.2.2", "192.0.2.3"
FROM_UPSTREAM, FROM_STUB = "203.0.113.2", "203.0.113.3"


def setUpModule():
    global W, PROGRAMS
    W, PROGRAMS = dns_case.set_up_module()
    W.outside.ip("address", "add", f"{STUB}/24", "dev", "eth0")


def answer_with(address):
    def answer(name, kind):
        records = [address_record(name, address)] if kind == A else []
        return NOERROR, records, [] if records else [soa_record("example")]
    return answer


class ConfigMapTest(DnsCase):
    def setUp(self):
        self.make_folder(service("kube-dns", "kube-system", CLUSTER_DNS, 53, "UDP"))
        self.write("resolv.conf", f"nameserver {UPSTREAM}\n")
        self.configure(configMap="kube-system/kube-dns")
        for address, answered in ((UPSTREAM, FROM_UPSTREAM), (STUB, FROM_STUB)):
            self.addCleanup(dns_server.DnsServer(W.outside, address, answer_with(answered)).close)
        self.resolver = stub_resolvers.Resolver(W.pods[0].namespace, self.folder, CLUSTER_DNS, ["cluster.local"])
        self.numbers = itertools.count()

    def set_config_map(self, **data):
        self.write("objects/config-map.json", json.dumps(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kube-dns", "namespace": "kube-system"}, "data": data}))

    def answers(self, domain):
        """Who answers for a name of the domain that nobody asked for before."""
        return self.resolver.lookup(PROGRAMS["glibc"], f"n{next(self.numbers)}.{domain}.", "4")

    def wait_until_answered_by(self, address, domain):
        wait_for(f"{address} for {domain}", lambda: self.answers(domain) == f"ok {address}")

    def problems(self):
        return [each for each in self.agent.status()["problems"] if "ConfigMap kube-system/kube-dns" in each]

    def test_is_followed_when_it_changes_keeps_what_was_good_and_goes_with_its_file(self):
        self.set_config_map(stubDomains=json.dumps({"corp.example": [STUB]}))
        self.agent = self.start_agent(W.node)
        self.wait_until_answered_by(FROM_STUB, "corp.example")
        self.assertEqual(self.answers("lab.example"), f"ok {FROM_UPSTREAM}")

        self.set_config_map(stubDomains=json.dumps({"lab.example": [STUB]}))
        self.wait_until_answered_by(FROM_STUB, "lab.example")
        self.assertEqual(self.answers("corp.example"), f"ok {FROM_UPSTREAM}")

        self.set_config_map(stubDomains="nonsense")
        wait_for("the problem", self.problems)
        self.assertEqual(self.answers("lab.example"), f"ok {FROM_STUB}")

        self.set_config_map(upstreamNameservers=json.dumps([STUB]))
        self.wait_until_answered_by(FROM_STUB, "corp.example")
        self.assertEqual(self.problems(), [])

        os.remove(os.path.join(self.folder, "objects/config-map.json"))
        self.wait_until_answered_by(FROM_UPSTREAM, "corp.example")


if __name__ == "__main__":
    unittest.main()
