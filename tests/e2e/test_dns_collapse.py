"""Real resolvers in a pod look names up through the agent: with two packets instead of eight or ten, and to the same end as without."""

import unittest

from harness import dns_case, dns_server, stub_resolvers
from harness.cluster import wait_for
from harness.dns_case import DnsCase, service
from harness.dns_server import A, AAAA, NOERROR, NXDOMAIN, SERVFAIL, address_record, cname_record, soa_record

W = None
CLUSTER_DNS = "10.96.0.10"
UPSTREAM = "192.0.2.2"
CLUSTER_DOMAINS = ["shop.svc.cluster.local", "svc.cluster.local", "cluster.local"]
# What the upstream has: addresses by name. "*" stands for all names below.
NAMES = {
    "www.example.com": ["192.0.2.80", "2001:db8::80"],
    "v4.example.com": ["192.0.2.81"],
    "v6.example.com": ["2001:db8::82"],
    "nothing.example.com": [],
    "inside.lab.corp.example": ["192.0.2.84"],
    "inside.lab": ["192.0.2.85"],
    "*.wild.corp.example": ["192.0.2.86"],
    "www.wild": ["192.0.2.87"],
    "warm.example.com": ["192.0.2.88"],
}
ALIASES = {"alias.example.com": "v4.example.com"}
BROKEN = {"broken.example.com"}
# Whatever a program may look up: ends as without collapse in every resolver.
TEXTS = ["www.example.com", "v4.example.com", "v6.example.com", "nothing.example.com", "missing.example.com", "alias.example.com",
         "broken.example.com", "inside.lab", "www.wild", "cart", "missing", "cart.shop", "cart.bank", "cart.bank.svc",
         "cart.bank.svc.cluster.local", "missing.bank.svc.cluster.local", "a.b.c.d.e.example.com"]


def answer_as_upstream(name, kind):
    if name in BROKEN:
        return SERVFAIL, [], []
    target = ALIASES.get(name, name)
    records = [cname_record(name, target)] if target != name else []
    above = "*." + target.split(".", 1)[-1]
    known = NAMES.get(target, NAMES.get(above))
    if known is None:
        return NXDOMAIN, [], [soa_record("example")]
    records += [address_record(target, each) for each in known if (":" in each) == (kind == AAAA) and kind in (A, AAAA)]
    return NOERROR, records, [] if records else [soa_record("example")]


def setUpModule():
    global W, PROGRAMS
    W, PROGRAMS = dns_case.set_up_module()


class CollapseTest(DnsCase):
    def start(self, search, mode="on"):
        """The agent, with a node whose resolv.conf has these search domains."""
        pod = {"apiVersion": "v1", "kind": "Pod",
               "metadata": {"name": "p1", "namespace": "shop", "annotations": {"fairlead.io/dns-search": mode}},
               "spec": {"nodeName": "n1", "containers": [{"name": "main", "image": "none"}]},
               "status": {"podIPs": [{"ip": address} for address in W.pods[0].addresses], "phase": "Running"}}
        self.make_folder(pod, service("kube-dns", "kube-system", CLUSTER_DNS, 53, "UDP"), service("cart", "shop", "10.96.0.80"),
                         service("cart", "bank", "10.96.0.81"))
        self.write("resolv.conf", f"nameserver {UPSTREAM}\nsearch {' '.join(search)}\n")
        self.configure()
        upstream = dns_server.DnsServer(W.outside, UPSTREAM, answer_as_upstream)
        self.addCleanup(upstream.close)
        self.start_agent(W.node)
        self.resolver = stub_resolvers.Resolver(W.pods[0].namespace, self.folder, CLUSTER_DNS, CLUSTER_DOMAINS + search)
        self.counter = dns_server.QuestionCounter(W.pods[0].namespace, "eth0")
        self.addCleanup(self.counter.close)
        wait_for("the agent to answer", lambda: self.lookup("glibc", "cart")[0] == "ok 10.96.0.80")
        if mode == "on":
            wait_for("walks to be collapsed", lambda: self.lookup("glibc", "warm.example.com")[1] == 2, timeout=20)

    def lookup(self, client, name, family="any"):
        """What the client ends with, and how many queries were on the wire."""
        self.counter.clear()
        return self.resolver.lookup(PROGRAMS[client], name, family), self.counter.count()

    def test_two_packets_do_what_eight_did_with_three_domains_and_ten_with_four(self):
        for search, packets in (([], 8), (["corp.example"], 10)):
            for mode, expected in (("off", packets), ("count", packets), ("on", 2)):
                self.start(search, mode)
                for client in stub_resolvers.NAMES:
                    with self.subTest(domains=3 + len(search), mode=mode, client=client):
                        self.assertEqual(self.lookup(client, "www.example.com"), ("ok 192.0.2.80 2001:db8::80", expected))
                self.doCleanups()

    def test_every_resolver_ends_as_without_collapse(self):
        results = {}
        for mode in ("off", "on"):
            self.start(["corp.example"], mode)
            results[mode] = {(client, text, family): self.lookup(client, text, family)[0]
                             for client in stub_resolvers.NAMES for text in TEXTS for family in ("any", "4", "6")
                             # It takes c-ares and musl seconds to give up, which tells nothing new.
                             if text not in BROKEN or (client in ("glibc", "Go") and family == "any")}
            self.doCleanups()
        self.assertEqual(results["on"], results["off"])


if __name__ == "__main__":
    unittest.main()
