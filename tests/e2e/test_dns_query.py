"""`fairlead dns query` shows the queries that a Pod's resolver makes of one lookup, held against the resolvers themselves;
`fairlead dns log` and the agent's log show those that Pods made."""

import itertools
import json
import os
import re
import signal
import subprocess
import unittest

from harness import dns_case, dns_server, stub_resolvers
from harness.cluster import wait_for
from harness.dns_case import DnsCase, service
from harness.dns_server import A, AAAA, NOERROR, NXDOMAIN, SERVFAIL, address_record, soa_record
from harness.world import FAIRLEAD

W = None
CLUSTER_DNS = "10.96.0.10"
UPSTREAM = "192.0.2.2"
CART = "10.96.0.80"
DOMAINS = ["shop.svc.cluster.local", "svc.cluster.local", "cluster.local", "corp.example"]
# What the upstream has: addresses by name, [] is a name without.
NAMES = {
    "www.example.com": ["192.0.2.80", "2001:db8::80"],
    "v4.example.com": ["192.0.2.81"],
    "hollow.corp.example": [],
    "hollow": ["192.0.2.82"],
    "half.corp.example": ["192.0.2.83"],
}
BROKEN = {"broken.example.com", "sick.corp.example"}
TEXTS = ["cart", "cart.shop", "missing", "www.example.com", "www.example.com.", "v4.example.com", "missing.example.com", "hollow", "half",
         "a.b.c.d.e.example.com", "sick", "broken.example.com"]
# musl has an error of its own for "no data" from 1.2.4 on.
ENDS = {"no such name": ["EAI_NONAME"], "no data": ["EAI_NODATA", "EAI_NONAME"], "try again": ["EAI_AGAIN"], "failed": ["EAI_FAIL"]}
ENDS_OF_GO = {"no such name": ["not found"], "try again": ["temporary"], "failed": ["temporary"]}
# As --libc has them, and their programs.
RESOLVERS = {"glibc": "glibc", "musl": "musl", "go": "Go"}


def answer_as_upstream(name, kind):
    if name in BROKEN:
        return SERVFAIL, [], []
    if name not in NAMES:
        return NXDOMAIN, [], [soa_record("example")]
    records = [address_record(name, each) for each in NAMES[name] if kind == (AAAA if ":" in each else A)]
    return NOERROR, records, [] if records else [soa_record("example")]


def setUpModule():
    global W, PROGRAMS
    W, PROGRAMS = dns_case.set_up_module()


def pod(name, mode, ndots=5, **spec):
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": "shop", "annotations": {"fairlead.io/dns-search": mode}},
            "spec": {"nodeName": "n1", "containers": [{"name": "main", "image": "none"}],
                     "dnsConfig": {"options": [{"name": "ndots", "value": str(ndots)}]}, **spec},
            "status": {"podIPs": [{"ip": address} for address in W.pods[0].addresses], "phase": "Running"}}


def large_slice():
    """More addresses than 512 bytes hold."""
    return {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {"name": "many-1", "namespace": "shop", "labels": {"kubernetes.io/service-name": "many"}},
            "ports": [{"name": "p", "port": 80, "protocol": "TCP"}],
            "endpoints": [{"addresses": [f"10.244.9.{i}"], "conditions": {"ready": True}} for i in range(1, 61)]}


def pairs(questions):
    """Questions one after the other; A and AAAA of a name go out together, in no order that counts. Of a name that gets SERVFAIL musl asks
    for that type again whose reply came first, so often in all: their number counts."""
    kinds = [(name, sorted(kind for _, kind in group)) for name, group in itertools.groupby(questions, key=lambda each: each[0])]
    return [(name, len(asked) if name in BROKEN else asked) for name, asked in kinds]


class DnsQueryTest(DnsCase):
    def start(self, mode="off", ndots=5, **settings):
        self.make_folder(pod("p1", mode, ndots), service("kube-dns", "kube-system", CLUSTER_DNS, 53, "UDP"), service("cart", "shop", CART),
                         service("many", "shop", "None"), large_slice())
        self.write("resolv.conf", f"nameserver {UPSTREAM}\nsearch corp.example\n")
        self.configure(**settings)
        self.upstream = dns_server.DnsServer(W.outside, UPSTREAM, answer_as_upstream)
        self.addCleanup(self.upstream.close)
        self.agent = self.start_agent(W.node)
        self.resolver = stub_resolvers.Resolver(W.pods[0].namespace, self.folder, CLUSTER_DNS, DOMAINS, ndots)
        self.counter = dns_server.QuestionCounter(W.pods[0].namespace, "eth0")
        self.addCleanup(self.counter.close)
        wait_for("the agent to answer", lambda: self.resolver.lookup(PROGRAMS["glibc"], "cart") == f"ok {CART}")

    def run_query(self, *arguments):
        """Status, standard output, standard error."""
        command = W.node.popen([FAIRLEAD, "dns", "query", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        output, errors = command.communicate(timeout=60)
        return command.returncode, output, errors

    def query(self, *arguments):
        """The lookup as the JSON that it is printed as."""
        return json.loads(self.run_query(*arguments, "-o", "json")[1])

    def assert_as_the_resolver(self, libc, text):
        self.counter.clear()
        result = self.resolver.lookup(PROGRAMS[RESOLVERS[libc]], text)
        self.counter.count()
        asked = pairs(self.counter.questions)
        walk = self.query(text, "--as", "p1", "-n", "shop", "--libc", libc)
        self.assertEqual(pairs((each["name"].rstrip("."), each["type"]) for each in walk["queries"]), asked)
        if not result.startswith("ok"):
            return self.assertIn(result, (ENDS_OF_GO if libc == "go" else ENDS).get(walk["result"], []))
        found = sorted(record["data"] for each in walk["queries"] for record in each["records"] if record["type"] in ("A", "AAAA"))
        self.assertEqual(("found", f"ok {' '.join(found)}"), (walk["result"], result))

    def test_makes_the_queries_that_the_resolver_of_the_pod_makes_and_ends_as_it_does(self):
        for ndots in (5, 2):
            self.start(ndots=ndots)
            for libc in RESOLVERS:
                for text in TEXTS:
                    with self.subTest(ndots=ndots, libc=libc, text=text):
                        self.assert_as_the_resolver(libc, text)
            self.doCleanups()

    def test_names_who_answered_each_query(self):
        self.start("on")
        as_pod = ["--as", "p1", "-n", "shop"]

        def first(*arguments):
            query = self.query(*arguments)["queries"][0]
            return query["answeredBy"], query["code"]

        self.assertEqual(first("cart", *as_pod), ("zone", "NOERROR"))
        self.assertEqual(first("v4.example.com.", "-t", "A", *as_pod), ("upstream", "NOERROR"))
        self.assertEqual(first("v4.example.com.", "-t", "A"), ("cache", "NOERROR"))
        wait_for("walks to be collapsed", lambda: first("www.example.com", *as_pod) == ("collapse", "NOERROR"), timeout=20)
        walk = self.query("www.example.com", *as_pod)
        self.assertEqual([each["name"] for each in walk["queries"]], ["www.example.com.shop.svc.cluster.local."] * 2)
        self.assertEqual(walk["queries"][0]["records"][0]["data"], "www.example.com.")
        self.assertEqual(self.query("_p._tcp.cart.shop.svc.cluster.local.", "-t", "SRV")["queries"][0]["records"][0]["data"],
                         "0 100 80 cart.shop.svc.cluster.local.")

    def test_asks_over_tcp_as_a_resolver_does_once_the_reply_is_cut(self):
        self.start()
        query = self.query("many", "--as", "p1", "-n", "shop", "-t", "A")["queries"][0]
        self.assertEqual((query["tcp"], len(query["records"])), (True, 60))

    def test_shows_a_table_and_fails_where_nothing_is_found(self):
        self.start()
        status, output, _ = self.run_query("www.example.com", "--as", "p1", "-n", "shop")
        self.assertEqual(status, 0)
        self.assertIn("www.example.com as Pod shop/p1", output)
        self.assertIn("the mode is off", output)
        self.assertIn("found, after 10 queries", output)
        status, output, _ = self.run_query("missing.example.com")
        self.assertEqual(status, 1)
        self.assertIn("no such name, after 4 queries", output)  # the node's ndots is 1
        self.assertIn(f"it asks {UPSTREAM}, not the DNS server of this node", output)

    def test_names_what_it_cannot_ask_as(self):
        self.start()
        for arguments, problem in ((["a", "--as", "p9", "-n", "shop"], "no Pod shop/p9 on this node"), (["10.0.0.1"], "is an address"),
                                   (["a..b"], "a..b"), (["a", "-t", "XYZ"], "'XYZ' is no type of records")):
            with self.subTest(arguments=arguments):
                status, output, errors = self.run_query(*arguments)
                self.assertEqual((status, output), (1, ""))
                self.assertIn(problem, errors)

    def test_leaves_no_trace_in_the_report_of_what_pods_ask(self):
        self.start()
        before = json.loads(W.node.sh([FAIRLEAD, "dns", "top", "-o", "json"]))
        self.query("www.example.com", "--as", "p1", "-n", "shop")
        self.assertEqual(json.loads(W.node.sh([FAIRLEAD, "dns", "top", "-o", "json"])), before)

    def ask_as_pod(self, *texts):
        for text in texts:
            self.resolver.lookup(PROGRAMS["glibc"], text, "4")

    def test_log_follows_the_queries_that_fit_its_filters(self):
        self.start()
        command = [FAIRLEAD, "dns", "log", "-n", "shop", "--code", "NXDOMAIN", "--name", "cluster.local", "--number", "3", "-o", "json"]
        follower = W.node.popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(follower.wait)
        self.addCleanup(follower.kill)
        asked = iter(range(100))
        # Queries before the first look of the follower are not its own.
        wait_for("the follower", lambda: self.ask_as_pod(f"www{next(asked)}.example.com", "cart") or follower.poll() is not None)
        output, errors = follower.communicate()
        self.assertEqual((follower.returncode, errors), (0, ""))
        queries = [json.loads(line) for line in output.splitlines()]
        self.assertEqual(len(queries), 3)
        for query in queries:
            self.assertRegex(query["name"], r"^www\d+\.example\.com\.((shop\.)?svc\.)?cluster\.local\.$")
            self.assertEqual((query["pod"], query["code"], query["type"], query["answeredBy"]), ("shop/p1", "NXDOMAIN", "A", "zone"))
            self.assertIn(query["source"], W.pods[0].addresses)

    def logged_names(self):
        return re.findall(r'dns query.* name=(\S+)', self.agent.log())

    def test_configured_log_has_what_fits_and_changes_on_sighup(self):
        self.start(queryLogSample=1, queryLogPods=["shop/p1"], queryLogNames=["cart.shop.svc.cluster.local"])
        self.ask_as_pod("www.example.com.", "cart")
        wait_for("the log", lambda: self.logged_names())
        self.assertEqual(set(self.logged_names()), {"cart.shop.svc.cluster.local."})
        self.assertEqual(self.agent.metric("fairlead_dns_log_dropped_queries_total"), 0)
        self.configure(queryLogSample=1, queryLogCodes=["SERVFAIL"])
        os.kill(self.agent.process.pid, signal.SIGHUP)
        wait_for("the reload", lambda: self.agent.metric('fairlead_config_reloads_total{result="ok"}') == 1)
        before = self.logged_names()
        self.ask_as_pod("cart", "broken.example.com.")
        wait_for("the log", lambda: "broken.example.com." in self.logged_names())
        self.assertEqual(self.logged_names().count("cart.shop.svc.cluster.local."), len(before))
        wait_for("the count", lambda: self.agent.metric("fairlead_dns_logged_queries_total") == len(self.logged_names()))

    def test_readers_of_the_log_are_few_and_let_go_of_when_they_are_silent(self):
        self.start()
        readers = [json.loads(self.agent.get("/dns-log"))["reader"] for _ in range(8)]
        self.assertIn("try again later", self.agent.get("/dns-log"))
        # Whoever asks as a reader is not silent.
        wait_for("silent readers to be let go of", lambda: "try again later" not in self.agent.get("/dns-log"), timeout=60, pause=1)
        self.assertIn("no reader", self.agent.get(f"/dns-log?reader={readers[0]}"))


if __name__ == "__main__":
    unittest.main()
