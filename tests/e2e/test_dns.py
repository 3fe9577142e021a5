"""The DNS server of the agent: Pods and the node ask the cluster DNS Service, and the node answers while the agent lives."""

import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

import dns.flags
import dns.message
import dns.rcode
import yaml

from harness import dns_server, netns, world
from harness.cluster import ROOT, wait_for
from harness.dns_server import NOERROR, NXDOMAIN, A, address_record, soa_record
from harness.world import FAIRLEAD

W = None
CLUSTER_DNS = ("10.96.0.10", "fd00:96::a")
NODE_LOCAL = "169.254.20.10"
UPSTREAM, OTHER_UPSTREAM = "192.0.2.2", "192.0.2.3"
CART = "10.96.0.80"
# What the cluster DNS says where fairlead would say something else: who answered is seen by that.
FROM_CLUSTER_DNS = "203.0.113.53"
OUTSIDE_NAME, OUTSIDE_ADDRESS = "www.example.com", "203.0.113.80"


def setUpModule():
    global W
    W = world.World(pod_count=3)
    unittest.addModuleCleanup(W.close)


def service(name, namespace, ip, ports):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": namespace},
            "spec": {"clusterIPs": ip, "ports": ports}}


def slices(name, namespace, addresses, ports):
    return {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv6" if ":" in addresses[0] else "IPv4",
            "metadata": {"name": f"{name}-{'6' if ':' in addresses[0] else '4'}", "namespace": namespace,
                         "labels": {"kubernetes.io/service-name": name}},
            "ports": ports, "endpoints": [{"addresses": [each], "conditions": {"ready": True}} for each in addresses]}


def pod(number, annotations=None):
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": f"p{number}", "namespace": "shop", "annotations": annotations or {}},
            "spec": {"nodeName": "n1", "dnsPolicy": "ClusterFirst", "containers": [{"name": "main", "image": "none"}]},
            "status": {"podIPs": [{"ip": address} for address in W.pods[number - 1].addresses], "phase": "Running"}}


DNS_PORTS = [{"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53, "protocol": "TCP"}]


class Asker:
    """Sends one query at a time to one server, as a Pod or the node."""

    def __init__(self, namespace, server, tcp=False):
        self._namespace, self._server, self._tcp = namespace, server, tcp

    def ask(self, name, kind="A", timeout=5.0):
        """The reply; TimeoutError and ConnectionError as the socket has them."""
        query = dns.message.make_query(name, kind)
        family = socket.AF_INET6 if ":" in self._server else socket.AF_INET
        with self._namespace.inside():
            sock = socket.socket(family, socket.SOCK_STREAM if self._tcp else socket.SOCK_DGRAM)
        with sock:
            sock.settimeout(timeout)
            sock.connect((self._server, 53))
            wire = query.to_wire()
            sock.sendall(len(wire).to_bytes(2, "big") + wire if self._tcp else wire)
            reply = dns.message.from_wire(self._framed(sock) if self._tcp else sock.recv(65535))
        if not query.is_response(reply):
            raise AssertionError(f"not a reply to {query}: {reply}")
        return reply

    @staticmethod
    def _framed(sock):
        size = int.from_bytes(sock.recv(2, socket.MSG_WAITALL), "big")
        return sock.recv(size, socket.MSG_WAITALL)


def addresses(reply):
    return sorted(item.address for rrset in reply.answer for item in rrset if hasattr(item, "address"))


class DnsTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix=f"{netns.PREFIX}-{os.getpid()}-")
        self.addCleanup(shutil.rmtree, self.folder)
        os.mkdir(os.path.join(self.folder, "objects"))
        self.write("objects/pods.yaml", [pod(1), pod(3)])
        self.write("objects/dns.yaml", [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}},
            service("kube-dns", "kube-system", list(CLUSTER_DNS), DNS_PORTS),
            *(slices("kube-dns", "kube-system", [address], DNS_PORTS) for address in W.pods[1].addresses)])
        self.serve_cart(CART)
        self.write("resolv.conf", None, f"nameserver {UPSTREAM}\nsearch corp.example\n")
        self.cluster_dns = [dns_server.DnsServer(W.pods[1].namespace, address, self.answer_as_cluster_dns)
                            for address in W.pods[1].addresses]
        self.upstream = dns_server.DnsServer(W.outside, UPSTREAM, self.answer_as_upstream)
        for each in (*self.cluster_dns, self.upstream):
            self.addCleanup(each.close)

    def write(self, name, objects, text=None):
        path = os.path.join(self.folder, name)
        with open(path + ".new", "w") as file:
            file.write(text if text is not None else yaml.safe_dump_all(objects))
        os.rename(path + ".new", path)

    def serve_cart(self, ip):
        self.write("objects/cart.yaml", [service("cart", "shop", [ip], [{"name": "http", "port": 80}])])

    @staticmethod
    def answer_as_cluster_dns(name, kind):
        return NOERROR, [address_record(name, FROM_CLUSTER_DNS)] if kind == A else [], []

    @staticmethod
    def answer_as_upstream(name, kind):
        if name != OUTSIDE_NAME:
            return NXDOMAIN, [], [soa_record("example")]
        return NOERROR, [address_record(name, OUTSIDE_ADDRESS)] if kind == A else [], [] if kind == A else [soa_record("example.com")]

    @staticmethod
    def intercepts():
        return "fairlead-dns" in W.node.sh("nft list tables")

    def launch(self, **settings):
        self.write("config.yaml", [{"apiVersion": "fairlead.config/v1alpha1", "kind": "AgentConfiguration",
                                    "dns": {"mode": "intercept", "resolvConf": os.path.join(self.folder, "resolv.conf"), **settings}}])
        self.agent = world.Agent(W.node, ["--manifests", os.path.join(self.folder, "objects")],
                                 ["--config", os.path.join(self.folder, "config.yaml")]).start()
        self.addCleanup(self.agent.close)

    def start(self, wait=True, **settings):
        self.launch(**settings)
        if wait:
            wait_for("interception", self.intercepts)

    def asker(self, server=CLUSTER_DNS[0], namespace=None, tcp=False):
        return Asker(namespace or W.pods[0].namespace, server, tcp)

    def questions_at_cluster_dns(self):
        return [question for each in self.cluster_dns for question in each.questions]

    def test_answers_pods_and_the_node_in_both_families_over_udp_and_tcp(self):
        self.start()
        for namespace in (W.pods[0].namespace, W.node):
            for server in CLUSTER_DNS:
                for tcp in (False, True):
                    with self.subTest(namespace=namespace.name, server=server, tcp=tcp):
                        reply = self.asker(server, namespace, tcp).ask("cart.shop.svc.cluster.local")
                        self.assertEqual(addresses(reply), [CART])
                        self.assertTrue(reply.flags & dns.flags.AA)
        self.assertEqual(self.questions_at_cluster_dns(), [])

    def test_leaves_no_trace_in_connection_tracking(self):
        self.start()
        W.node.sh("conntrack -F 2> /dev/null")
        for tcp in (False, True):
            self.asker(tcp=tcp).ask("cart.shop.svc.cluster.local")
        for server in CLUSTER_DNS:
            self.assertEqual(W.node.sh(["conntrack", "-L", "-f", "ipv6" if ":" in server else "ipv4", "-d", server], check=False), "")

    def test_shows_a_changed_service_to_the_next_query(self):
        self.start()
        ask = self.asker().ask
        self.assertEqual(addresses(ask("cart.shop.svc.cluster.local")), [CART])
        self.serve_cart("10.96.0.81")
        wait_for("the change", lambda: "10.96.0.81" in self.agent.get("/services"))
        self.assertEqual(addresses(ask("cart.shop.svc.cluster.local")), ["10.96.0.81"])

    def test_asks_upstream_once_for_what_is_outside(self):
        self.start()
        for _ in range(3):
            reply = self.asker().ask(OUTSIDE_NAME)
            self.assertEqual(addresses(reply), [OUTSIDE_ADDRESS])
        self.assertEqual(self.upstream.questions.count((OUTSIDE_NAME, "A")), 1)

    def test_collapses_the_search_walk_of_a_known_pod_only(self):
        self.start()
        first = f"{OUTSIDE_NAME}.shop.svc.cluster.local"
        wait_for("the walk of p1 to end at its first query", lambda: addresses(self.asker().ask(first)) == [OUTSIDE_ADDRESS], timeout=15)
        self.assertEqual(self.asker().ask(first, "AAAA").rcode(), dns.rcode.NOERROR)
        for namespace in (W.outside, W.node):
            with self.subTest(namespace=namespace.name):
                self.assertEqual(self.asker(namespace=namespace).ask(first).rcode(), dns.rcode.NXDOMAIN)

    def test_answers_at_the_address_of_a_node_cache_and_leads_it_to_the_cluster_dns(self):
        self.start(nodeLocalAddresses=[NODE_LOCAL])
        asker = self.asker(NODE_LOCAL)
        self.assertEqual(addresses(asker.ask("cart.shop.svc.cluster.local")), [CART])
        self.agent.kill()
        self.assertEqual(addresses(asker.ask("cart.shop.svc.cluster.local")), [FROM_CLUSTER_DNS])

    def test_the_cluster_dns_answers_the_next_query_after_a_kill_and_the_node_again_after_a_restart(self):
        self.start()
        askers = [self.asker(server, namespace, tcp) for namespace in (W.pods[0].namespace, W.node)
                  for server in CLUSTER_DNS for tcp in (False, True)]
        for expected in (CART, FROM_CLUSTER_DNS, CART):
            for asker in askers:
                self.assertEqual(addresses(asker.ask("cart.shop.svc.cluster.local")), [expected])
            if expected == CART:
                self.agent.kill()
            else:
                self.agent.start()
                wait_for("the agent to answer", lambda: addresses(askers[0].ask("cart.shop.svc.cluster.local")) == [CART])

    def test_no_query_needs_more_than_one_retry_when_the_agent_is_killed_and_started_under_load(self):
        self.start()
        stop, failures, counts = threading.Event(), [], [0, 0]

        def load():
            asker = self.asker()
            while not stop.is_set():
                counts[0] += 1
                try:
                    asker.ask("cart.shop.svc.cluster.local", timeout=1.0)
                except (TimeoutError, OSError):
                    counts[1] += 1
                    try:
                        asker.ask("cart.shop.svc.cluster.local", timeout=1.0)
                    except (TimeoutError, OSError) as error:
                        failures.append(error)

        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        for how in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
            time.sleep(1)
            self.agent.kill(how)
            time.sleep(1)
            self.agent.start()
        time.sleep(1)
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [], f"{counts[0]} queries, {counts[1]} of them repeated")
        self.assertGreater(counts[0], 500)

    def test_exposes_every_documented_metric_and_no_other_once_there_were_queries(self):
        with open(os.path.join(ROOT, "docs/metrics.md")) as file:
            documented = set(re.findall(r"`(fairlead_dns_[a-z_]+)", file.read()))
        self.start()
        self.asker().ask(OUTSIDE_NAME)

        def exposed():
            return {name for name in re.findall(r"^# TYPE (\S+)", self.agent.get("/metrics"), re.MULTILINE) if name.startswith("fairlead_dns_")}

        wait_for("the metrics", lambda: "fairlead_dns_responses_total" in exposed())
        self.assertEqual(exposed(), documented)

    def test_says_that_nothing_is_intercepted_while_the_cluster_dns_service_is_missing(self):
        os.rename(f"{self.folder}/objects/dns.yaml", f"{self.folder}/dns.yaml")
        self.start(wait=False)

        def problems():
            return [each for each in self.agent.status()["problems"] if "no query is intercepted" in each]

        self.assertEqual(problems(), ["dns interception: there is no Service kube-system/kube-dns, so that no query is intercepted; "
                                      "dns.service names another"])
        self.assertIn(problems()[0], self.agent.log())
        os.rename(f"{self.folder}/dns.yaml", f"{self.folder}/objects/dns.yaml")
        wait_for("interception", self.intercepts)
        self.assertEqual(addresses(self.asker().ask("cart.shop.svc.cluster.local")), [CART])
        self.assertEqual(problems(), [])

    def test_asks_the_nameservers_of_a_changed_resolv_conf_without_losing_a_query(self):
        W.outside.ip("address", "replace", f"{OTHER_UPSTREAM}/24", "dev", "eth0")
        other = dns_server.DnsServer(W.outside, OTHER_UPSTREAM, self.answer_as_upstream)
        self.addCleanup(other.close)
        self.start(workers=2)
        stop, failures, counts = threading.Event(), [], [0] * 4

        def load(number):
            asker = self.asker()
            while not stop.is_set():
                counts[number] += 1
                try:
                    asker.ask(f"n{counts[number]}.of{number}.example", timeout=4.5)
                except OSError as error:
                    failures.append(error)

        threads = [threading.Thread(target=load, args=(number,)) for number in range(len(counts))]
        for thread in threads:
            thread.start()
        for nameserver, server in ((OTHER_UPSTREAM, other), (UPSTREAM, self.upstream)):
            asked_before = len(server.questions)
            self.write("resolv.conf", None, f"nameserver {nameserver}\nsearch corp.example\n")
            wait_for("questions to go to the other nameserver", lambda: len(server.questions) > asked_before + 100)
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [], f"of {sum(counts)} queries")
        wait_for("both workers to tell of it", lambda: f'upstream_healthy{{to="{UPSTREAM}:53"}} 2' in self.agent.get("/metrics"))
        self.assertNotIn(OTHER_UPSTREAM, self.agent.get("/metrics"))

    def test_keeps_what_it_knew_when_a_changed_file_cannot_be_used_and_says_so_until_it_is_mended(self):
        corefile = ".:53 {\n  hosts {\n    192.0.2.77 db.example\n    fallthrough\n  }\n  forward . %s\n}\n"
        self.write("Corefile", None, corefile % UPSTREAM)
        self.start(corefile=os.path.join(self.folder, "Corefile"))
        ask = self.asker().ask
        self.assertEqual(addresses(ask("db.example")), ["192.0.2.77"])

        def problem():
            return " ".join(each for each in self.agent.status()["problems"] if "dns configuration" in each)

        for file, text in (("Corefile", ".:53 {\n  forward . nowhere\n}\n"), ("Corefile", corefile[:20])):
            with self.subTest(text=text):
                self.write(file, None, text)
                wait_for("the problem", lambda: f"{self.folder}/{file}:" in problem() and "what was known before stays" in problem())
                self.assertEqual(addresses(ask("db.example")), ["192.0.2.77"])
                self.assertEqual(addresses(ask(OUTSIDE_NAME)), [OUTSIDE_ADDRESS])
                self.write(file, None, corefile % UPSTREAM)
                wait_for("it to be mended", lambda: problem() == "")
        self.write("Corefile", None, (corefile % UPSTREAM).replace("192.0.2.77", "192.0.2.78"))
        wait_for("the new address", lambda: addresses(ask("db.example")) == ["192.0.2.78"])

    def test_asks_an_upstream_over_tls_that_has_the_pinned_key_and_no_other(self):
        W.outside.ip("address", "replace", f"{OTHER_UPSTREAM}/24", "dev", "eth0")
        key, certificate = f"{self.folder}/key.pem", f"{self.folder}/certificate.pem"
        netns.sh(f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {key} -out {certificate} -days 2 -subj /CN=any")
        pin = netns.sh(f"openssl pkey -in {key} -pubout -outform der | openssl dgst -sha256 -binary | base64").strip()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        secure = dns_server.DnsServer(W.outside, OTHER_UPSTREAM, self.answer_as_upstream, context)
        self.addCleanup(secure.close)
        other_pin = "A" * 43 + "="
        for pins, code in (([other_pin, pin], dns.rcode.NOERROR), ([other_pin], dns.rcode.SERVFAIL), ([], dns.rcode.SERVFAIL)):
            with self.subTest(pins=pins):
                self.start(upstreams=[f"tls://{OTHER_UPSTREAM}"], tlsPins=[f"{OTHER_UPSTREAM}=sha256//{each}" for each in pins])
                try:
                    self.assertEqual(self.asker().ask(OUTSIDE_NAME).rcode(), code)
                finally:
                    self.agent.close()
        self.assertEqual(secure.questions.count((OUTSIDE_NAME, "A")), 1)
        self.assertEqual(self.upstream.questions, [])

    def test_repairs_a_flushed_ruleset(self):
        self.start()
        W.node.sh("nft flush ruleset")
        wait_for("the node to answer again", lambda: addresses(self.asker().ask("cart.shop.svc.cluster.local", timeout=1)) == [CART]
                 if "fairlead-dns" in W.node.sh("nft list tables") else False)

    def test_top_names_the_pod_that_wastes_queries_and_what_helps(self):
        self.start(searchCollapse="off")
        for suffix in ("shop.svc.cluster.local", "svc.cluster.local", "cluster.local", "corp.example", ""):
            for kind in ("A", "AAAA"):
                self.asker().ask(f"{OUTSIDE_NAME}.{suffix}".rstrip("."), kind)
        listed = json.loads(W.node.sh([FAIRLEAD, "dns", "top", "-o", "json"]))["items"]
        self.assertEqual([(each["namespace"], each["pod"]) for each in listed], [("shop", "p1")])
        self.assertEqual((listed[0]["queries"], listed[0]["lookups"], listed[0]["wasted"]), (10, 2, 8))
        self.assertEqual(listed[0]["wastedNames"][0]["name"], OUTSIDE_NAME + ".")
        self.assertIn(OUTSIDE_NAME, W.node.sh([FAIRLEAD, "dns", "top"]))
        self.write("objects/pods.yaml", [pod(3)])
        wait_for("a Pod that is gone to be let go of", lambda: "no Pod" in W.node.sh([FAIRLEAD, "dns", "top"]))

    def test_intercepts_nothing_any_more_after_an_orderly_end(self):
        self.start()
        self.agent.kill(signal.SIGTERM)
        self.assertNotIn("fairlead-dns", W.node.sh("nft list tables"))
        self.assertEqual(addresses(self.asker().ask("cart.shop.svc.cluster.local")), [FROM_CLUSTER_DNS])

    def test_a_second_agent_is_refused_and_costs_the_first_nothing(self):
        self.start()
        before = W.node.sh("nft list tables; ip route show table local")
        second = W.node.popen([*self.agent.command, "--admin-address", "127.0.0.1:7001", "--health-address", "127.0.0.1:7002"],
                              stderr=subprocess.PIPE, text=True)
        while second.poll() is None:
            self.assertEqual(addresses(self.asker().ask("cart.shop.svc.cluster.local")), [CART])
        self.assertIn(f"an agent is running in this network namespace (pid {self.agent.process.pid})", second.communicate()[1])
        self.assertEqual(second.returncode, 1)
        self.assertEqual(addresses(self.asker().ask("cart.shop.svc.cluster.local")), [CART])
        self.assertEqual(W.node.sh("nft list tables; ip route show table local"), before)

    def test_an_agent_takes_over_what_one_before_it_left_and_removes_what_it_does_not_want(self):
        """The one before it was killed, so that all of it is there."""
        dns_service = [service("kube-dns", "kube-system", list(CLUSTER_DNS), DNS_PORTS)]
        for settings, objects, intercepted in [
                ({"nodeLocalAddresses": [NODE_LOCAL]}, dns_service, {*CLUSTER_DNS, NODE_LOCAL}),
                ({}, dns_service, set(CLUSTER_DNS)), ({}, [], set()),
                ({"nodeLocalAddresses": [NODE_LOCAL]}, [], {NODE_LOCAL}),
                ({"mode": "bind", "listen": ["127.0.0.2:53"]}, dns_service, set()),
                ({}, dns_service, set(CLUSTER_DNS)), ({"mode": "off"}, dns_service, set())]:
            with self.subTest(settings=settings, service=bool(objects)):
                self.write("objects/dns.yaml", objects)
                self.launch(**settings)
                routes = "ip route show table local; ip -6 route show table local"
                wait_for("routes", lambda: {address for address in (*CLUSTER_DNS, NODE_LOCAL) if f" {address} dev lo" in W.node.sh(routes)} == intercepted)  # noqa: B023
                wait_for("tables", lambda: ("fairlead-dns" in W.node.sh("nft list tables")) == bool(intercepted))  # noqa: B023
                self.agent.kill()

    def test_cleanup_leaves_nothing(self):
        self.start()
        self.agent.kill()
        self.assertIn("fairlead-dns", W.node.sh("nft list tables"))
        self.assertIn("removed the interception of DNS queries", W.node.sh([FAIRLEAD, "cleanup"]))
        self.assertNotIn("fairlead", W.node.sh("nft list tables"))
        self.assertNotIn(CLUSTER_DNS[0], W.node.sh("ip route show table local"))


if __name__ == "__main__":
    unittest.main()
