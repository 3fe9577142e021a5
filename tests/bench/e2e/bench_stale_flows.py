"""How long UDP flows outlive their endpoint: fairlead against kube-proxy (nftables mode), from the write at the API server on.

Real datagrams make the flows; the table is full of others. The kernel's own event says when a flow is gone.
"""

import argparse
import collections
import contextlib
import math
import os
import re
import signal
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../e2e"))

import big_cluster
import flow_table
import proxies
import report
from bench_proxy import START_LIMIT_SECONDS, Api, settle
from harness import netns
from harness.cluster import ROOT, wait_for
from paths import Path

# 250,000 nearly fill a table of the usual 262,144.
UNRELATED = (0, 250_000, 500_000)
MAXIMUM_FILE = "/proc/sys/net/netfilter/nf_conntrack_max"
ENTRIES_OF_OTHERS = 12_144
CLIENTS = 32
ROUNDS = 10
# kube-proxy looks again after a failure only with its next sync.
LIMIT_SECONDS = 20
GOAL_MS = 100.0
SERVICES = "/api/v1/namespaces/bench/services"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/bench/endpointslices"
FIRST, SECOND = "10.64.2.2", "10.64.2.3"


def make_service(control):
    """A UDP Service with one endpoint; its ClusterIP."""
    control.create("/api/v1/namespaces", {"metadata": {"name": "bench"}})
    made = control.create(SERVICES, {"metadata": {"name": "dns"}, "spec": {"ports": [{"name": "dns", "protocol": "UDP", "port": 53}]}})
    control.create(SLICES, {"metadata": {"name": "dns", "labels": {"kubernetes.io/service-name": "dns"}}, "addressType": "IPv4",
                            "ports": [{"name": "dns", "protocol": "UDP", "port": 53}], "endpoints": endpoints(FIRST)})
    return made["spec"]["clusterIP"]


def endpoints(*addresses):
    return [{"addresses": [address], "conditions": {"ready": True}} for address in addresses]


class Clients:
    """Sockets that send one datagram each to the Service: as many flows."""

    def __init__(self, path, address):
        self._path, self._address = path, address

    def send(self):
        """How many of their flows lead where."""
        for _ in range(CLIENTS):
            with self._path.client.inside():
                sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            with contextlib.closing(sock), contextlib.suppress(OSError):
                sock.sendto(b"?", (self._address, 53))
        text = self._path.node.sh(["conntrack", "-L", "-p", "udp", "-d", self._address], check=False)
        # A dump may show a flow twice while others go.
        answering = dict(re.findall(r"sport=(\d+) dport=53 (?:\[UNREPLIED\] )?src=(\S+)", text))
        return collections.Counter(answering.values())

    def forget(self):
        self._path.node.sh(["conntrack", "-D", "-p", "udp", "-d", self._address], check=False)


class Run:
    """One program, and its flows."""

    def __init__(self, proxy, api, path, address, stack):
        self._proxy, self._api, self._clients = proxy, api, Clients(path, address)
        self._deletions = stack.enter_context(contextlib.closing(flow_table.Deletions(path.node)))

    def _put(self, *addresses):
        self._api.send("PATCH", f"{SLICES}/dns", {"endpoints": endpoints(*addresses)}, "application/merge-patch+json")
        self._api.receive()

    def _flows_to(self, *addresses):
        """Makes flows until they lead to just these addresses."""
        def made():
            self._clients.forget()
            return set(counts := self._clients.send()) == set(addresses) and counts

        return wait_for(f"flows to {addresses}", made, timeout=60, pause=0.2)

    def removal(self, before, after):
        """(milliseconds until the last flow that has to go is gone, processor time in ms)"""
        self._put(*before)
        counts = self._flows_to(*before)
        to_go = sum(count for address, count in counts.items() if address not in after)
        time.sleep(self._proxy.pause_seconds)
        self._deletions.forget()
        cpu, begin = self._proxy.cpu_seconds(), time.monotonic()
        self._put(*after)
        moments = self._deletions.moments(FIRST, to_go, LIMIT_SECONDS)
        took = 1000 * (moments[-1] - begin) if len(moments) >= to_go else math.inf
        time.sleep(1)
        return took, 1000 * (self._proxy.cpu_seconds() - cpu)


CASES = {"last": ([FIRST], []), "one": ([FIRST, SECOND], [SECOND])}


@contextlib.contextmanager
def room_for(unrelated):
    """The machine's nf_conntrack_max is raised where it is too small, and put back."""
    with open(MAXIMUM_FILE, encoding="ascii") as file:
        before = int(file.read())
    needed = unrelated + ENTRIES_OF_OTHERS
    if needed <= before:
        yield
        return

    def write(value):
        with open(MAXIMUM_FILE, "w", encoding="ascii") as file:
            file.write(str(value))

    write(needed)
    try:
        yield
    finally:
        write(before)


def measure(proxy_class, control, address, unrelated, rounds):
    with contextlib.ExitStack() as stack:
        path = Path("path", stack)
        proxies.attach(path.node, control.namespace, stack)
        proxy = proxy_class(path.node, control.folder)
        stack.callback(proxy.kill)
        proxy.start(control.kubeconfig)
        proxy.wait_for_sync(START_LIMIT_SECONDS)
        settle(proxy)
        flow_table.fill(path.node, unrelated)
        run = Run(proxy, Api(control), path, address, stack)
        result = {}
        for name, (before, after) in CASES.items():
            took = [run.removal(before, after) for _ in range(rounds)]
            result[name] = {"gone_ms": report.spread([each[0] for each in took]), "cpu_ms": sum(each[1] for each in took) / rounds}
        return result


def print_table(unrelated, results, goals):
    table = report.Table(f"UDP flows of a removed endpoint, {unrelated:,} other flows", "fairlead", "kube-proxy", goals)
    for case, label in (("last", "the last endpoint"), ("one", "one of two endpoints")):
        picked = [results.get(each.name, {}).get(case) for each in proxies.ALL]
        for figure in ("p50", "max"):
            table.row(f"{label}, API write to gone, {figure}", "ms", *(each and each["gone_ms"][figure] for each in picked), 1,
                      GOAL_MS if figure == "p50" else None)
        table.row("  processor time of the program", "ms", *(each and each["cpu_ms"] for each in picked), 0)
    table.print()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few rounds, few other flows")
    parser.add_argument("--others", type=int, help="one number of other flows alone")
    parser.add_argument("--only", choices=[each.name for each in proxies.ALL], help="leave the other program out")
    parser.add_argument("--json", default=os.path.join(ROOT, "build/bench/stale_flows.json"), help="where the figures go")
    arguments = parser.parse_args()
    netns.remove_leftovers()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what is changed of the machine is put back
    rounds, sizes = (2, (0, 20_000)) if arguments.quick else (ROUNDS, UNRELATED)
    if arguments.others is not None:
        sizes = (arguments.others,)
    machine = report.machine()
    print(f"{machine}\n# how long UDP flows outlive their endpoint, {rounds} rounds", flush=True)
    goals, figures = report.Goals(), {}
    with big_cluster.running(0, 0) as control:
        address = make_service(control)
        for unrelated in sizes:
            with room_for(unrelated):
                results = {each.name: measure(each, control, address, unrelated, rounds) for each in proxies.ALL if arguments.only in (None, each.name)}
            print_table(unrelated, results, goals)
            figures[unrelated] = results
    print(goals.summary())
    report.write_json(arguments.json, {"machine": machine, "rounds": rounds, "programs": figures})
    print(f"figures in {os.path.relpath(arguments.json)}")


if __name__ == "__main__":
    main()
