"""Latency of a TCP connect() through a node: direct, with conntrack, by one DNAT rule, and through a Service of fairlead and of kube-proxy.

Four nodes stand side by side, each between a client and a server: bare, with conntrack, with one DNAT rule (the least that any
Service can cost), and with the program that is measured. Rounds alternate between them, and ratios are taken within a round,
so that each Service is compared with what the same second cost without it.
The control plane sleeps meanwhile and the program is dead: its rules are what is measured.
"""

import argparse
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import typing

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../e2e"))

import big_cluster
import proxies
import report
from bench_proxy import START_LIMIT_SECONDS, settle
from harness import netns
from harness.cluster import ROOT
from paths import SERVER, Path

PROGRAM = os.path.join(ROOT, "build/release/tests/bench/e2e/connect_bench")
PORT = 8080

class Case(typing.NamedTuple):
    services: int
    exposed: bool = False  # through a NodePort, with affinity and a hidden client, not through a ClusterIP

    def __str__(self):
        return f"{self.services:,}" + (" NodePort, affinity" if self.exposed else "")

    def target(self):
        last = self.services - 1
        return (NODE, big_cluster.node_port(last)) if self.exposed else (big_cluster.service_address(last), 80)


CASES = (Case(1), Case(30000), Case(10000, exposed=True))
GOAL_OF_CONNTRACK = 1.1  # fairlead's p50 against a node with conntrack and no Service
CLIENT_CPU, SERVER_CPU = "0", "1"
NODE = "198.18.0.2"
DNAT_ADDRESS = "10.96.0.99"


class ServedPath(Path):
    """With a server that accepts connections."""

    def __init__(self, name, stack):
        super().__init__(name, stack)
        process = self.server.popen([PROGRAM, "serve", str(PORT), SERVER_CPU], stdout=subprocess.PIPE, text=True)
        stack.callback(process.stdout.close)
        stack.callback(process.wait)
        stack.callback(process.kill)
        if process.stdout.readline() != "ready\n":
            raise AssertionError("the server does not start")

    def measure(self, address, port, count):
        return json.loads(self.client.sh([PROGRAM, "connect", address, str(port), str(count), CLIENT_CPU]))


@contextlib.contextmanager
def asleep(control):
    """The control plane takes no processor time meanwhile."""
    for process in control.processes.values():
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in control.processes.values():
            process.send_signal(signal.SIGCONT)


def program_node(proxy_class, node, control, services, stack):
    """Rules of the program in the node, from this control plane; the program is gone afterwards."""
    proxies.attach(node, control.namespace, stack)
    proxy = proxy_class(node, control.folder)
    stack.callback(proxy.kill)
    proxy.start(control.kubeconfig)
    proxy.wait_for_sync(START_LIMIT_SECONDS)
    settle(proxy)
    held = proxy.programmed_services()
    if held < services:
        raise AssertionError(f"{proxy.name}: {held} of {services} Services are in the kernel")
    proxy.kill()


def measure(proxy_class, control, case, rounds, count):
    with contextlib.ExitStack() as stack:
        paths = {name: ServedPath(name, stack) for name in ("direct", "conntrack", "dnat", "service")}
        paths["conntrack"].node.sh(["nft", "table ip t { chain c { type filter hook forward priority 0; ct state established,new accept; }; }"])
        paths["dnat"].node.sh(["nft", f"table ip t {{ chain c {{ type nat hook prerouting priority -100; "
                                      f"ip daddr {DNAT_ADDRESS} tcp dport 80 dnat to {SERVER}:{PORT}; }}; }}"])
        program_node(proxy_class, paths["service"].node, control, case.services, stack)
        targets = {"direct": (SERVER, PORT), "conntrack": (SERVER, PORT), "dnat": (DNAT_ADDRESS, 80),
                   "service": case.target()}
        with asleep(control):
            found = [{name: path.measure(*targets[name], count) for name, path in paths.items()} for _ in range(rounds)]
    result = {name: {key: statistics.median(each[name][key] for each in found) for key in ("p50", "p99")} for name in paths}
    for reference in ("conntrack", "dnat"):
        result[f"of_{reference}"] = statistics.median(each["service"]["p50"] / each[reference]["p50"] for each in found)
    return result


def run_case(case, classes, rounds, count):
    def address_of(number):
        return SERVER if number == case.services - 1 else big_cluster.pod_address(number)

    more = {"more_of": big_cluster.exposed} if case.exposed else {}
    with big_cluster.running(case.services, 1, address_of, **more) as control:
        return {each.name: measure(each, control, case, rounds, count) for each in classes}


COLUMNS = ("direct", "conntrack", "dnat", "service")


def print_case(case, results, goals):
    for name, result in results.items():
        p50 = "".join(f"{result[column]['p50']:11.1f}" for column in COLUMNS)
        p99 = "".join(f"{result[column]['p99']:11.1f}" for column in COLUMNS)
        limit = GOAL_OF_CONNTRACK if name == proxies.Fairlead.name and not case.exposed else None
        goal = goals.verdict(f"connect through one of {case} Services against conntrack", result["of_conntrack"], limit)
        print(f"  {name:10}{str(case):>24}{p50}{result['of_conntrack']:12.2f}x{result['of_dnat']:8.2f}x{p99}  {goal}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few Services, few rounds")
    parser.add_argument("--only", choices=[each.name for each in proxies.ALL], help="leave the other program out")
    parser.add_argument("--json", default=os.path.join(ROOT, "build/bench/connect.json"), help="where the figures go")
    arguments = parser.parse_args()
    netns.remove_leftovers()
    classes = [each for each in proxies.ALL if arguments.only in (None, each.name)]
    rounds, count = (3, 2000) if arguments.quick else (15, 5000)
    machine = report.machine()
    print(f"{machine}\n# TCP connect() in microseconds, median of {rounds} rounds of {count}")
    header = "".join(f"{column:>11}" for column in COLUMNS)
    print(f"{'':36}{'p50':>11}{'':33}{'service':>13}{'service':>9}{'p99':>11}")
    print(f"  {'program':10}{'Services':>24}{header}{'/conntrack':>13}{'/dnat':>9}{header}  goal for /conntrack", flush=True)
    results = {}
    goals = report.Goals()
    for case in (CASES[0], Case(100, exposed=True)) if arguments.quick else CASES:
        results[str(case)] = run_case(case, classes, rounds, count)
        print_case(case, results[str(case)], goals)
        report.write_json(arguments.json, {"machine": machine, "services": results})
    print(goals.summary())
    print(f"figures in {os.path.relpath(arguments.json)}")


if __name__ == "__main__":
    main()
