"""Many changes a second: fairlead against kube-proxy (nftables mode), from the write at the API server to the kernel.

Endpoints move to new addresses at a steady rate. Each is in the kernel when an event of nftables names its new address.
"""

import argparse
import contextlib
import ipaddress
import itertools
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../e2e"))

import big_cluster
import proxies
import report
from bench_proxy import NEW_ADDRESSES, SLICES, START_LIMIT_SECONDS, Api, Shape, settle, shape_from
from commits import Commits
from harness import netns
from harness.cluster import ROOT

SHAPE = Shape(5006, 50)
DRAIN_LIMIT_SECONDS = 180


class Storm(threading.Thread):
    """Moves endpoints at `rate` a second for `seconds`; `sent` is address (4 bytes) -> when its write began."""

    def __init__(self, control, services, rate, seconds):
        super().__init__()
        self.sent = {}
        self.answer_ms = []
        self.failure = None
        self._api = Api(control)
        self._services, self._rate, self._count = services, rate, int(rate * seconds)

    def run(self):
        try:
            begin = time.monotonic()
            for number, address in enumerate(itertools.islice(NEW_ADDRESSES, self._count)):
                time.sleep(max(0.0, begin + number / self._rate - time.monotonic()))
                self._move(number * 7919 % self._services, address)
        except Exception as error:  # told by the thread that waits for the events
            self.failure = error

    def _move(self, service, address):
        start = time.monotonic()
        self.sent[ipaddress.IPv4Address(address).packed] = start
        self._api.send("PATCH", f"{SLICES}/{big_cluster.slice_name(service)}",
                       [{"op": "replace", "path": "/endpoints/0/addresses/0", "value": address}], "application/json-patch+json")
        self._api.receive()
        self.answer_ms.append(1000 * (time.monotonic() - start))


def collect(storm, commits):
    """Milliseconds from write to kernel of every change."""
    took, arrived = [], set()
    last_new = time.monotonic()
    while storm.is_alive() or len(arrived) < len(storm.sent):
        if time.monotonic() - last_new > DRAIN_LIMIT_SECONDS:
            raise AssertionError(f"{len(storm.sent) - len(arrived)} changes did not reach the kernel")
        for data, now in commits.datagrams(0.2):
            for address in [each for each in list(storm.sent) if each not in arrived and each in data]:
                took.append(1000 * (now - storm.sent[address]))
                arrived.add(address)
                last_new = now
    storm.join()
    if storm.failure:
        raise storm.failure
    return took


def measure(proxy_class, control, services, rate, seconds):
    with contextlib.ExitStack() as stack:
        node = netns.Namespace("node")
        stack.callback(node.delete)
        proxies.attach(node, control.namespace, stack)
        proxy = proxy_class(node, control.folder)
        stack.callback(proxy.kill)
        proxy.start(control.kubeconfig)
        proxy.wait_for_sync(START_LIMIT_SECONDS)
        settle(proxy)
        before, cpu_before = proxy.metrics(), proxy.cpu_seconds()
        with contextlib.closing(Commits(node)) as commits:
            storm = Storm(control, services, rate, seconds)
            storm.start()
            took = collect(storm, commits)
        after = proxy.metrics()
        return {"write_to_kernel_ms": report.spread(took), "write_to_answer_ms": report.spread(storm.answer_ms), "changes": len(took),
                "sync_seconds": proxy.sync_seconds(after) - proxy.sync_seconds(before), "cpu_seconds": proxy.cpu_seconds() - cpu_before,
                "peak_memory_mib": proxy.peak_memory_mib()}


def print_table(title, results):
    table = report.Table(title, "fairlead", "kube-proxy", report.Goals())

    def row(label, unit, pick, digits=1):
        table.row(label, unit, *(pick(results[each.name]) if each.name in results else None for each in proxies.ALL), digits)

    row("API write to kernel, p50", "ms", lambda r: r["write_to_kernel_ms"]["p50"])
    row("  p99", "ms", lambda r: r["write_to_kernel_ms"]["p99"])
    row("  the last of all", "ms", lambda r: r["write_to_kernel_ms"]["max"])
    row("the API server's own answer, p50", "ms", lambda r: r["write_to_answer_ms"]["p50"])
    row("processor time of the program", "s", lambda r: r["cpu_seconds"])
    row("  in syncs", "s", lambda r: r["sync_seconds"])
    row("peak memory", "MiB", lambda r: r["peak_memory_mib"], 0)
    table.print()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a small cluster, 5 seconds")
    parser.add_argument("--shape", type=shape_from, metavar="SERVICESxENDPOINTS", help="another cluster than 5006x50")
    parser.add_argument("--rate", type=float, default=100, help="changes a second")
    parser.add_argument("--seconds", type=float, help="how long (60)")
    parser.add_argument("--only", choices=[each.name for each in proxies.ALL], help="leave the other program out")
    parser.add_argument("--json", default=os.path.join(ROOT, "build/bench/storm.json"), help="where the figures go")
    arguments = parser.parse_args()
    netns.remove_leftovers()
    shape = arguments.shape or (Shape(500, 10) if arguments.quick else SHAPE)
    seconds = arguments.seconds or (5 if arguments.quick else 60)
    machine = report.machine()
    title = f"{arguments.rate:.0f} changes/s for {seconds:.0f} s, {shape}"
    print(f"{machine}\n# {title}", flush=True)
    with big_cluster.running(shape.services, shape.endpoints) as control:
        results = {each.name: measure(each, control, shape.services, arguments.rate, seconds)
                   for each in proxies.ALL if arguments.only in (None, each.name)}
    print_table(title, results)
    report.write_json(arguments.json, {"machine": machine, "rate": arguments.rate, "seconds": seconds, **shape._asdict(),
                                       "programs": results})
    print(f"figures in {os.path.relpath(arguments.json)}")


if __name__ == "__main__":
    main()
