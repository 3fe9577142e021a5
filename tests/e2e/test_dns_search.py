"""Real stub resolvers walk through a search list: glibc, musl, Go and c-ares.

What they make of each combination of answers to a walk's first pair of queries says which answers a server may give there: this is
what the rules in src/dns/collapse.h stand on. A resolver that changes its mind in a later release shows here.
"""

import os
import shutil
import tempfile
import unittest

from harness import dns_server, netns
from harness.dns_server import A, AAAA, NOERROR, NXDOMAIN, SERVFAIL, address_record, cname_record, soa_record
from harness.stub_resolvers import Resolver, build_clients

DOMAINS = ["shop.svc.cluster.local", "svc.cluster.local", "cluster.local"]
BASE = "www.example.com"
FIRST = f"{BASE}.{DOMAINS[0]}"
V4, V6 = "192.0.2.80", "2001:db8::80"
# Without the addresses that a C answer has: where only one of both families came through.
OK, V6_ONLY, FAILS = f"ok {V4}", f"ok {V6}", "fails"
BOTH = f"ok {V4} {V6}"


def shape(letter, name, kind):
    """X: no such name, N: no data, C: CNAME and address, c: CNAME alone, S: SERVFAIL."""
    alias = cname_record(name, BASE)
    if letter == "X":
        return NXDOMAIN, [], [soa_record("cluster.local")]
    if letter == "N":
        return NOERROR, [], [soa_record("cluster.local")]
    if letter == "S":
        return SERVFAIL, [], []
    return NOERROR, [alias] if letter == "c" else [alias, address_record(BASE, V4 if kind == A else V6)], []


class ShapesTest(unittest.TestCase):
    """Each row: answers to A and AAAA at the first candidate, whether the absolute name has an IPv6 address, and what glibc, musl and
    c-ares make of it with how many queries (None: however many). Later candidates do not exist."""

    ROWS = [
        ("X X", False, (OK, 8), (OK, 8), (OK, 8)),
        ("C C", True, (BOTH, 2), (BOTH, 2), (BOTH, 2)),
        ("C c", False, (OK, 2), (OK, 2), (OK, 2)),
        ("C N", False, (OK, 2), (OK, 2), (OK, 2)),
        ("C X", False, (OK, 2), (OK, 8), (OK, 2)),
        ("X c", False, (FAILS, 2), (OK, 8), (OK, 8)),
        ("X N", False, (OK, 8), (OK, 8), (OK, 8)),
        ("X C", True, (V6_ONLY, 2), (BOTH, 8), (V6_ONLY, 2)),
        ("N N", False, (OK, 8), (FAILS, 2), (OK, 8)),
        ("S S", False, (OK, 10), (FAILS, None), (FAILS, None)),
        ("C S", False, (OK, 2), (FAILS, None), (OK, None)),
        ("S c", False, (FAILS, 2), (FAILS, None), (FAILS, None)),
    ]
    # What a server may answer: it ends as the full walk does, in every resolver.
    SAFE = {"X X", "C C", "C N"}

    @classmethod
    def setUpClass(cls):
        netns.remove_leftovers()
        cls.namespace = netns.Namespace("dns")
        cls.addClassCleanup(cls.namespace.delete)
        cls.folder = tempfile.mkdtemp(prefix=f"{netns.PREFIX}-{os.getpid()}-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        os.chmod(cls.folder, 0o755)
        cls.programs = build_clients(cls.folder)

    def setUp(self):
        self.letters, self.has_v6 = "XX", False
        self.server = dns_server.DnsServer(self.namespace, "127.0.0.1", self.answer)
        self.addCleanup(self.server.close)
        self.resolver = Resolver(self.namespace, self.folder, "127.0.0.1", DOMAINS)

    def answer(self, name, kind):
        if name == FIRST:
            return shape(self.letters[0 if kind == A else 1], name, kind)
        if name != BASE or kind not in (A, AAAA):
            return NXDOMAIN, [], [soa_record("cluster.local")]
        if kind == AAAA and not self.has_v6:
            return NOERROR, [], [soa_record("example.com")]
        return NOERROR, [address_record(name, V4 if kind == A else V6)], []

    def lookup(self, client, letters, has_v6=False, family="any"):
        """What the client ends with, and how many queries that took."""
        self.letters, self.has_v6 = letters.replace(" ", ""), has_v6
        self.server.questions.clear()
        return self.resolver.lookup(self.programs[client], BASE, family), len(self.server.questions)

    def test_each_resolver_takes_each_combination_as_it_is_known_to(self):
        for letters, has_v6, *expected in self.ROWS:
            for client, (result, queries) in zip(("glibc", "musl", "c-ares"), expected, strict=True):
                with self.subTest(answers=letters, client=client):
                    seen, count = self.lookup(client, letters, has_v6)
                    self.assertEqual(seen if seen.startswith("ok") else FAILS, result, seen)
                    if queries is not None:
                        self.assertEqual(count, queries, self.server.questions)

    def test_go_walks_as_the_others(self):
        for letters, has_v6, result, queries in (("X X", False, OK, 8), ("C C", True, BOTH, 2), ("C N", False, OK, 2)):
            with self.subTest(answers=letters):
                self.assertEqual(self.lookup("Go", letters, has_v6), (result, queries))

    def test_safe_combinations_end_as_the_full_walk_in_every_resolver(self):
        for letters, has_v6, *_ in self.ROWS:
            if letters not in self.SAFE:
                continue
            for client in self.programs:
                for family in ("any", "4", "6"):
                    with self.subTest(answers=letters, client=client, family=family):
                        full, _ = self.lookup(client, "X X", has_v6, family)
                        self.assertEqual(self.lookup(client, letters, has_v6, family)[0], full)

    def test_every_other_combination_goes_wrong_or_gains_nothing_somewhere(self):
        """Or it would be one to use."""
        for letters, has_v6, *_ in self.ROWS:
            if letters in self.SAFE:
                continue
            with self.subTest(answers=letters):
                self.assertTrue(any(self.is_worse(client, letters, has_v6, family)
                                    for client in self.programs for family in ("any", "6")))

    def is_worse(self, client, letters, has_v6, family):
        full, most = self.lookup(client, "X X", has_v6, family)
        result, queries = self.lookup(client, letters, has_v6, family)
        return result != full or queries >= most


if __name__ == "__main__":
    unittest.main()
