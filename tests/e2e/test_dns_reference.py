"""What the zone says against CoreDNS, of the same objects in a real API server: every name, every type.

Where they differ is in KNOWN, with the reason; docs/dns.md has the same list."""

import json
import os
import re
import subprocess
import tempfile
import unittest

from harness import coredns
from harness.cluster import ROOT, wait_for

PROGRAM = os.environ.get("ZONE_ANSWERS", os.path.join(ROOT, "build/debug/tests/e2e/zone_answers"))
TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33, "HTTPS": 65}
ADDRESS = "192.0.2.1"
ZONE = "cluster.local."


def service(name, ports=(("http", 80, "TCP"),), **spec):
    spec = {"ports": [{"name": port, "port": number, "protocol": protocol} for port, number, protocol in ports], **spec}
    return {"metadata": {"name": name}, "spec": spec}


def headless(name, ports=(("http", 80, "TCP"),), **spec):
    return service(name, ports, clusterIP="None", **spec)


def external(name, target):
    return {"metadata": {"name": name}, "spec": {"type": "ExternalName", "externalName": target}}


def slice_of(owner, number, endpoints, ports=(("http", 8080, "TCP"),), family="IPv4"):
    """Endpoints as "10.64.0.1", "db-0=10.64.0.1", "!10.64.0.1" (not ready)."""
    made = []
    for text in endpoints:
        hostname, _, address = text.lstrip("!").rpartition("=")
        made.append({"addresses": [address], "conditions": {"ready": not text.startswith("!")}} | ({"hostname": hostname} if hostname else {}))
    return {"metadata": {"name": f"{owner}-{number}", "labels": {"kubernetes.io/service-name": owner}}, "addressType": family,
            "ports": [{"name": name, "port": port, "protocol": protocol} for name, port, protocol in ports], "endpoints": made}


DUAL = {"ipFamilyPolicy": "RequireDualStack"}
TWO = (("http", 80, "TCP"), ("sip", 5060, "UDP"))
SERVICES = [
    service("cart", clusterIP="10.96.1.1"),
    service("dual", TWO, clusterIP="10.96.1.2", clusterIPs=["10.96.1.2", "fd00:96::12"], **DUAL),
    service("plain", (("", 5432, "TCP"),), clusterIP="10.96.1.3"),
    service("node", type="NodePort", clusterIP="10.96.1.4"),
    service("balanced", type="LoadBalancer", clusterIP="10.96.1.5"),
    service("six", (("sctp", 99, "SCTP"),), clusterIP="fd00:96::13", ipFamilies=["IPv6"]),
    service("many", tuple((f"p{number}", 1000 + number, "TCP") for number in range(7)), clusterIP="10.96.1.6"),
    headless("db", TWO, **DUAL),
    headless("peers", TWO),
    headless("twins"),
    headless("idle"),
    headless("portless", ()),
    external("web", "www.example.com"),
    external("alias", "cart.shop.svc.cluster.local"),
    external("gone", "missing.shop.svc.cluster.local"),
    external("loop", "loop.shop.svc.cluster.local"),
]
SLICE_PORTS = (("http", 8080, "TCP"), ("sip", 5061, "UDP"))
SLICES = [
    slice_of("cart", 1, ["10.64.0.1", "10.64.0.2", "!10.64.0.3"]),
    slice_of("dual", 1, ["10.64.0.1"]),
    slice_of("db", 1, ["db-0=10.64.1.1", "db-1=10.64.1.2", "!db-2=10.64.1.3"], SLICE_PORTS),
    slice_of("db", 2, ["db-0=fd00:64::1"], SLICE_PORTS, "IPv6"),
    slice_of("peers", 1, ["10.64.2.1", "10.64.2.2"], SLICE_PORTS),
    slice_of("peers", 2, ["10.64.2.3"], SLICE_PORTS),
    slice_of("twins", 1, ["twin=10.64.3.1", "twin=10.64.3.2"]),
    slice_of("idle", 1, ["!10.64.4.1"]),
    slice_of("portless", 1, ["10.64.5.1"], ()),
]

# (name below the zone or whole, types; None: all) -> why ours is another answer.
KNOWN = [
    (r"dns-version", r"(?!TXT$).*", "the name exists whatever the type"),
    (r"dns", None, "ns.dns is below it"),
    (r"_(tcp|udp|sctp)\..*", None, "there are names below"),
    (r"(gone|alias)\.shop\.svc", None, "the CNAME is part of the answer (RFC 6604), whatever the type"),
    (r"web\.shop\.svc", None, "outside targets are followed through an upstream, which is not there"),
    (r"loop\.shop\.svc", None, "a chain without an end is an error (RFC 1034, section 5.2.2)"),
    (r"http\.tcp\..*", None, "no such name is in the specification"),
    (r"cluster\.local\.|svc|pod|\w+\.(svc|pod)|ns\.dns", r"TXT|PTR", "the name exists whatever the type"),
    (r"cluster\.local\.", r"NS", "the zone has a server, though nobody has made its Service"),
    (r"[\w-]+\.shop\.pod", r"SRV", "a Pod's name has no port"),
    (r"CART\.Shop\.svc", r"SRV", "an address has its owner's letter case from the question"),
]
# (name, types, how ours and theirs begin) -> why. These hold for many names, so for no other answers than these.
KNOWN_ANSWERS = [
    (r".*", r"SOA", "NXDOMAIN |  |", "NOERROR |  |", "a name that does not exist has no type at all"),
    (r".*\.in-addr\.arpa\.", r"(?!PTR$).*", "NOERROR |  |", "SERVFAIL |  |", "the name exists; CoreDNS asks an upstream, which is not there"),
    (r".*\.in-addr\.arpa\.", r"SOA", "NOERROR |  |", "NOERROR |  |", "there is one zone, and its SOA has that zone's names"),
    (r"3\.0\.64\.10\.in-addr\.arpa\.", None, "OUTSIDE |", "SERVFAIL |", "nobody has the address: both leave it to an upstream, which is not there"),
    (r"3\.0\.64\.10\.in-addr\.arpa\.", r"SOA", "OUTSIDE |", "NOERROR |  |", "the same"),
]


def without_chance(line):
    """Serial numbers and TTLs say when, not what."""
    return re.sub(r"(SOA \S+ \S+) \d+", r"\1 S", line)


def is_known(name, kind, ours, theirs):
    relative = name.removesuffix("." + ZONE)
    rows = [(*row[:2], "", "") for row in KNOWN] + [row[:4] for row in KNOWN_ANSWERS]
    return any(re.fullmatch(pattern, relative) and re.fullmatch(kinds or ".*", kind) and ours.startswith(our) and theirs.startswith(their)
               for pattern, kinds, our, their in rows)


class DnsReferenceTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.control = coredns.start_control_plane(cls, ADDRESS)
        cls.make_objects()
        cls.coredns = coredns.CoreDns(cls.control)
        cls.addClassCleanup(cls.coredns.close)
        cls.start_zone()

    @classmethod
    def make_objects(cls):
        for name in ("shop", "empty"):
            cls.control.create("/api/v1/namespaces", {"metadata": {"name": name}})
        for made in SERVICES:
            cls.control.create("/api/v1/namespaces/shop/services", made)
        for made in SLICES:
            cls.control.create("/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices", made)

    @classmethod
    def start_zone(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        for kind, path in (("Service", "/api/v1/services"), ("Namespace", "/api/v1/namespaces"),
                           ("EndpointSlice", "/apis/discovery.k8s.io/v1/endpointslices")):
            with open(f"{cls.folder.name}/{kind}List.json", "w") as file:
                json.dump(cls.control.request("GET", path), file)
        cls.zone = subprocess.Popen([PROGRAM, cls.folder.name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        cls.addClassCleanup(cls.zone.wait)
        cls.addClassCleanup(cls.zone.stdin.close)

    def ours(self, line):
        self.zone.stdin.write(line + "\n")
        self.zone.stdin.flush()
        return without_chance(self.zone.stdout.readline().rstrip("\n"))

    def theirs(self, name, kind):
        return self.ours("decode " + self.coredns.ask(name, TYPES[kind]).hex())

    @staticmethod
    def names():
        labels = ["db-0", "db-2", "twin", "10-64-0-1", "10-64-0-3", "10-64-2-1", "nothing", "_http._tcp", "_HTTP._TCP", "_sip._udp",
                  "_sctp._sctp", "_p3._tcp", "_http._udp", "_tcp", "_udp", "http.tcp", "a.b.c"]
        below = ["", "svc", "pod", "dns", "ns.dns", "dns-version", "nothing", "shop.svc", "empty.svc", "none.svc", "shop.pod", "none.pod",
                 "10-64-0-1.shop.pod", "10-64-0-1.none.pod", "fd00--1.shop.pod", "x.shop.pod", "1-2-3.shop.pod", "www.example.com.shop.svc"]
        services = [made["metadata"]["name"] for made in SERVICES] + ["missing"]
        below += [f"{name}.shop.svc" for name in services] + ["cart.empty.svc", "CART.Shop.svc"]
        below += [f"{label}.{name}.shop.svc" for label in labels for name in services]
        addresses = ["10.96.1.1", "10.96.1.2", "10.64.0.1", "10.64.0.2", "10.64.0.3", "10.64.1.1", "10.64.2.3", "10.64.3.1", "10.64.5.1"]
        reverse = [".".join(reversed(address.split("."))) + ".in-addr.arpa." for address in addresses]
        return [f"{name}.{ZONE}" if name else ZONE for name in below] + reverse

    def test_every_name_in_every_type_has_the_answer_of_coredns_or_a_better_one(self):
        wait_for("CoreDNS", lambda: "10.96.1.1" in self.theirs(f"cart.shop.svc.{ZONE}", "A") and
                 "10.64.5.1" in self.theirs(f"portless.shop.svc.{ZONE}", "A"), timeout=60)
        compared, different, known = 0, [], set()
        for name in self.names():
            for kind in TYPES:
                ours, theirs = self.ours(f"ask {name} {kind}"), self.theirs(name, kind)
                compared += 1
                if ours == theirs:
                    continue
                if is_known(name, kind, ours, theirs):
                    known.add(name)
                else:
                    different.append(f"{name} {kind}\n  ours   {ours}\n  theirs {theirs}")
        self.assertGreater(compared, 3000)
        self.assertGreater(len(known), 4, "what is said to differ no longer does")
        self.assertEqual(different, [], f"{len(different)} of {compared}:\n" + "\n".join(different))


if __name__ == "__main__":
    unittest.main()
