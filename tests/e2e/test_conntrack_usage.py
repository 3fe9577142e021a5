"""`fairlead conntrack top|get|delete` on flows of real clients, with and without an agent, rights and conntrack."""

import collections
import json
import socket
import time
import unittest

import test_service_types as types
from harness import netns, world
from harness.cluster import wait_for
from harness.world import connect_to
from test_service_types import CLUSTER_IPS, ManifestCase, on, service, setUpModule, slices  # noqa: F401

NO_RIGHTS = ["setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin"]


def known(number):
    """The endpoint of a pod that is called cart-NUMBER."""
    return on(number, targetRef={"kind": "Pod", "namespace": "shop", "name": f"cart-{number}"})


class ConntrackUsageTest(ManifestCase):
    def run_conntrack(self, *arguments, namespace=None, wrapper=()):
        """(status, standard output, standard error)"""
        process = (namespace or types.W.node).popen([*wrapper, world.FAIRLEAD, "conntrack", *arguments],
                                                    stdout=-1, stderr=-1, text=True)
        out, error = process.communicate(timeout=60)
        return process.returncode, out, error

    def conntrack(self, *arguments):
        """What a command that succeeds prints; it has nothing to complain about."""
        status, out, error = self.run_conntrack(*arguments)
        self.assertEqual((status, error), (0, ""), arguments)
        return out

    def items(self, *arguments):
        return json.loads(self.conntrack("get", *arguments, "-o", "json"))["items"]

    def connect(self, kind, family=0, port=80):
        sock, words = connect_to(types.W.pods[2].namespace, CLUSTER_IPS[family], port, kind)
        self.addCleanup(sock.close)
        return sock, words[0]

    def start_with_flows(self):
        """Three connections of pod 3: TCP and UDP over IPv4, TCP over IPv6; the endpoint is pod 1."""
        self.start([service(), *slices(known(1))])
        types.W.node.sh("conntrack -F 2>/dev/null || true")
        return [self.connect("tcp"), self.connect("udp"), self.connect("tcp", family=1)]

    def test_top_names_services_pods_peers_and_states(self):
        self.start_with_flows()
        text = self.conntrack("top")
        for pattern in (r"\d+ flows, [\d.]+% of nf_conntrack_max \(\d+\)\n", r"\nSERVICE .*\nshop/cart +3 +",
                        r"\nANSWERED BY .*\n(.*\n)*shop/cart-1 +3 +", rf"\nPEER .*\n(.*\n)*{types.W.pods[2].addresses[0]} +2 +",
                        r"\nSTATE .*\n(.*\n)*tcp ESTABLISHED +"):
            self.assertRegex(text, pattern)
        usage = json.loads(self.conntrack("top", "services", "-o", "json"))
        self.assertEqual(usage["services"]["items"][0]["name"], "shop/cart")
        self.assertEqual(usage["services"]["items"][0]["flows"], 3)
        self.assertEqual((usage["whole"], usage["tableFlows"]), (True, usage["flows"]))
        self.assertNotIn("peers", usage)
        self.assertIn("ASSURED", self.conntrack("top", "services", "-o", "wide"))
        self.assertIn('name: "shop/cart"', self.conntrack("top", "services", "-o", "yaml"))
        self.assertEqual(len(self.conntrack("top", "peers", "-n", "1", "--all").splitlines()[3:]), 3, "heading, one, others")

    def test_get_filters_by_everything_it_knows(self):
        self.start_with_flows()
        client, other = types.W.pods[2].addresses
        endpoint = types.W.pods[0].addresses[0]
        cases = [(["--service", "cart", "-n", "shop"], 3), (["--pod", "cart-1", "-n", "shop"], 3), (["--service", "cart"], 0),
                 (["--source", client], 2), (["--address", other], 1), (["--destination", CLUSTER_IPS[1]], 1),
                 (["--endpoint", endpoint], 2), (["--endpoint", f"{endpoint}:8080", "--protocol", "udp"], 1),
                 (["--service", "cart", "-n", "shop", "--state", "established"], 2),
                 (["--service", "cart", "-n", "shop", "--unreplied"], 0), (["--stale"], 0),
                 (["--destination", CLUSTER_IPS[0], "--port", "81"], 0), (["--destination", CLUSTER_IPS[0], "--zone", "7"], 0),
                 (["--destination", CLUSTER_IPS[0], "--mark", "0x5"], 0)]
        for arguments, count in cases:
            with self.subTest(arguments):
                if count == 0:
                    status, out, error = self.run_conntrack("get", *arguments)
                    self.assertEqual((status, out, error), (0, "", "fairlead: no such flows\n"))
                else:
                    self.assertEqual(len(self.items(*arguments)), count)
        flow = self.items("--service", "cart", "-n", "shop", "--protocol", "udp")[0]
        self.assertEqual((flow["service"], flow["pod"], flow["endpoint"], flow["leadsNowhere"]),
                         ("shop/cart", "shop/cart-1", f"{endpoint}:8080", False))
        table = self.conntrack("get", "--service", "cart", "-n", "shop", "--protocol", "udp")
        self.assertRegex(table, rf"^PROTOCOL +STATE +CLIENT .*\nudp +REPLIED +{client}:\d+ +shop/cart:80 +shop/cart-1:8080 +\d+s")

    def test_flows_to_a_removed_endpoint_are_found_and_deleted_alone(self):
        self.start([service(), *slices(known(1), known(2))])
        types.W.node.sh("conntrack -F 2>/dev/null || true")
        pods = [self.connect("tcp")[1] for _ in range(12)]
        self.assertEqual(set(pods), {"p1", "p2"})
        self.change([service(), *slices(known(2))])
        stale = self.items("--stale")
        self.assertEqual(len(stale), pods.count("p1"))
        self.assertEqual({flow["endpoint"] for flow in stale}, {f"{types.W.pods[0].addresses[0]}:8080"})
        self.assertIn("(not live)", self.conntrack("get", "--stale"))
        self.assertIn(f"{len(stale)} lead to no live endpoint\n", self.conntrack("top"))
        shown = self.conntrack("delete", "--stale", "--dry-run")
        self.assertTrue(shown.endswith(f"\n{len(stale)} flows would be deleted (dry run)\n"), shown)
        self.assertEqual(len(self.items("--stale")), len(stale))
        self.assertEqual(self.conntrack("delete", "--stale"), f"{len(stale)} flows deleted\n")
        self.assertEqual(len(self.items("--service", "cart", "-n", "shop")), pods.count("p2"))
        self.assertEqual(self.conntrack("delete", "--stale"), "0 flows deleted\n")

    def check(self):
        """Name -> finding, of `conntrack check`."""
        out = self.run_conntrack("check", "--seconds", "0", "-o", "json")[1]
        return {each["name"]: each for each in json.loads(out)["items"]}

    def test_check_finds_entries_that_lead_nowhere_and_names_the_worst_services(self):
        self.start([service(), *slices(known(1), known(2))])
        types.W.node.sh("conntrack -F 2>/dev/null || true")
        pods = [self.connect("tcp")[1] for _ in range(12)]
        self.assertEqual(self.check().get("entries-lead-nowhere"), None)
        self.change([service(), *slices(known(2))])
        finding = self.check()["entries-lead-nowhere"]
        self.assertEqual(finding["severity"], "info", "no UDP")
        stale = pods.count("p1")
        self.assertRegex(finding["seen"], rf"^{stale} of \d+ entries go to a Service, but to none of its live endpoints, 0 over UDP; most: shop/cart {stale}$")
        # One that nobody translated, which the agent has no reason to look for now.
        types.W.node.sh(f"conntrack -I -p udp -t 100 -s 198.51.100.9 -d {CLUSTER_IPS[0]} --sport 1000 --dport 80")
        finding = self.check()["entries-lead-nowhere"]
        self.assertEqual(finding["severity"], "warning")
        self.assertIn(", 1 over UDP; most: shop/cart ", finding["seen"])
        self.assertIn("fairlead conntrack delete --stale --protocol udp", finding["cure"])
        self.assertEqual(self.conntrack("delete", "--stale"), f"{stale + 1} flows deleted\n")
        self.assertEqual(self.check().get("entries-lead-nowhere"), None)

    def test_a_watch_shows_flows_that_come_and_go(self):
        self.start([service(), *slices(known(1))])
        types.W.node.sh("conntrack -F 2>/dev/null || true")
        process = types.W.node.popen([world.FAIRLEAD, "conntrack", "get", "-w", "--destination", CLUSTER_IPS[0], "-o", "json"],
                                     stdout=-1, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        wait_for("the watch", lambda: "conntrack" in types.W.node.sh(f"cat /proc/{process.pid}/cmdline"))
        time.sleep(0.5)  # until it listens
        self.connect("udp")
        first = json.loads(process.stdout.readline())
        self.assertEqual((first["type"], first["object"]["service"], first["object"]["pod"]), ("ADDED", "shop/cart", "shop/cart-1"))
        self.conntrack("delete", "--service", "cart", "-n", "shop")
        for line in process.stdout:
            if json.loads(line)["type"] == "DELETED":
                break

    def test_a_watch_that_lost_events_says_so_and_begins_anew(self):
        self.start([])
        node = types.W.node
        self.addCleanup(node.sh, "conntrack -F 2>/dev/null || true")
        process = node.popen([world.FAIRLEAD, "conntrack", "get", "-w", "--source", "198.51.100.9", "-o", "json"], stdout=-1, stderr=-1, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        wait_for("the watch", lambda: "conntrack" in node.sh(f"cat /proc/{process.pid}/cmdline"))
        time.sleep(0.5)  # until it listens
        # Nobody reads its output, so that it stands still while the kernel tells of more flows than fit.
        ports = range(1024, 61_024)
        node.sh(["conntrack", "-R", "-"], input="".join(f"-I -p udp -t 600 -s 198.51.100.9 -d 192.0.2.9 --sport {port} --dport 53\n" for port in ports))
        kinds, there = collections.Counter(), None
        for line in process.stdout:
            event = json.loads(line)
            kinds[event["type"]] += 1
            if event["type"] == "RESYNC":
                self.assertEqual(event["object"], {"message": "events were lost; all flows that are there now follow"})
                there = set()
            elif there is not None:
                there.add(event["object"]["client"])
                if len(there) == len(ports):
                    break
        self.assertEqual(there, {f"198.51.100.9:{port}" for port in ports})
        self.assertGreaterEqual(kinds["RESYNC"], 1)
        process.kill()
        self.assertIn("events were lost; reading the table anew", process.stderr.read())

    def test_delete_without_a_filter_is_refused(self):
        self.start_with_flows()
        for arguments in ((), ("--dry-run",), ("-n", "shop")):
            status, out, error = self.run_conntrack("delete", *arguments)
            self.assertEqual((status, out), (2, ""))
            self.assertIn("say which flows: without a filter it would be all of them", error)
        self.assertEqual(len(self.items("--service", "cart", "-n", "shop")), 3)

    def test_without_an_agent_there_are_addresses_and_that_is_said_once(self):
        self.start_with_flows()
        self.agent.kill()
        for arguments in (("top", "services"), ("get",)):
            status, out, error = self.run_conntrack(*arguments)
            self.assertEqual(status, 0)
            self.assertEqual(error.count("addresses instead of names: the agent does not answer"), 1, error)
            self.assertIn(f"{CLUSTER_IPS[0]}:80", out)
            self.assertNotIn("shop/", out)
        for arguments in (("get", "--service", "cart"), ("get", "--stale"), ("delete", "--stale")):
            status, out, error = self.run_conntrack(*arguments)
            self.assertEqual((status, out), (1, ""), "nothing is guessed")
            self.assertIn("the agent does not answer", error)
        self.assertEqual(self.run_conntrack("delete", "--destination", CLUSTER_IPS[0])[:2], (0, "2 flows deleted\n"))

    def test_an_agent_that_knows_nothing_of_the_page_is_told_of(self):
        self.start([])
        status, out, error = self.run_conntrack("top", "--admin-address", "127.0.0.1:10256")
        self.assertEqual(status, 0)
        self.assertIn("addresses instead of names: the agent answered with status 404", error)

    def test_in_a_namespace_without_conntrack_there_are_no_flows(self):
        empty = netns.Namespace("empty")
        self.addCleanup(empty.delete)
        status, out, error = self.run_conntrack("top", namespace=empty)
        self.assertEqual(status, 0, error)
        self.assertTrue(out.startswith("0 flows"), out)
        self.assertEqual(self.run_conntrack("get", namespace=empty)[:2], (0, ""))

    def test_without_rights_it_fails_and_says_so(self):
        self.start_with_flows()
        for arguments in (("top",), ("get",), ("delete", "--destination", CLUSTER_IPS[0])):
            status, out, error = self.run_conntrack(*arguments, wrapper=NO_RIGHTS)
            self.assertEqual((status, out), (1, ""))
            self.assertIn("Operation not permitted", error)

    def test_a_client_whose_udp_flow_is_deleted_goes_on_with_a_new_one(self):
        sock, _ = self.start_with_flows()[1]
        self.assertEqual(self.conntrack("delete", "--service", "cart", "-n", "shop", "--protocol", "udp"), "1 flows deleted\n")
        sock.send(b"again")
        self.assertTrue(sock.recv(100))
        self.assertEqual(len(self.items("--service", "cart", "-n", "shop", "--protocol", "udp")), 1)
        self.assertEqual(sock.type, socket.SOCK_DGRAM)


if __name__ == "__main__":
    unittest.main(verbosity=2)
