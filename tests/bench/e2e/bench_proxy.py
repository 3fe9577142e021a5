"""fairlead against kube-proxy (nftables mode) from the API server to the kernel: cold start, change, restart, memory.

Every figure of both comes from the same run: one control plane per shape, filled before it starts; one program at a time.
"""

import argparse
import contextlib
import http.client
import itertools
import json
import math
import os
import select
import ssl
import sys
import time
import typing

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../e2e"))

import big_cluster
import proxies
import report
from commits import Commits
from harness import netns
from harness.cluster import ROOT, TOKEN, wait_for


class Shape(typing.NamedTuple):
    services: int
    endpoints: int
    exposed: bool = False  # with a NodePort each, and affinity of clients

    def __str__(self):
        return f"{self.services:,} Services x {self.endpoints} endpoints" + (", NodePort, affinity" if self.exposed else "")


# What is asked of fairlead; seconds, times, milliseconds and MiB.
GOAL_KERNEL_SECONDS = 1.0
GOAL_START_OF_NEEDED = 1.3
GOAL_CHANGE_MS = 5.0
GOAL_CHANGE_KERNEL_MS = 1.0
GOAL_MEMORY_MIB = 150

QUICK_SHAPES = (Shape(500, 10), Shape(100, 3, exposed=True))
SHAPES = (Shape(5006, 50), Shape(44125, 1), Shape(500, 500), Shape(10000, 3, exposed=True))
START_LIMIT_SECONDS = 300
CHANGE_LIMIT_SECONDS = 30
SLICES = f"/apis/discovery.k8s.io/v1/namespaces/{big_cluster.NAMESPACE}/endpointslices"
# Addresses that endpoints move to: a write of what is there already would be no change.
NEW_ADDRESSES = (f"10.{80 + i // 65000}.{i // 250 % 256}.{i % 250 + 1}" for i in itertools.count())
PROTOBUF = "application/vnd.kubernetes.protobuf"
LISTS = (("/api/v1/services", "Service"), ("/apis/discovery.k8s.io/v1/endpointslices", "EndpointSlice"))


class Api:
    """One kept-alive connection to the API server, from where it runs."""

    def __init__(self, control):
        with control.namespace.inside():
            self.connection = http.client.HTTPSConnection("127.0.0.1", 6443, timeout=60, context=ssl._create_unverified_context())
            self.connection.connect()

    def send(self, method, path, body=None, content_type="application/json", accept="application/json"):
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": content_type, "Accept": accept}
        self.connection.request(method, path, json.dumps(body) if body is not None else None, headers)

    def receive(self):
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise AssertionError(f"API server: {answer.status} {text[:500]}")
        return text


def list_once(control, path):
    """The list in protobuf, as both programs ask for it."""
    api = Api(control)
    api.send("GET", path, accept=PROTOBUF)
    return api.receive()


def stream_once(control, path):
    """The same objects as the first events of a watch (KEP-3157)."""
    api = Api(control)
    api.send("GET", path + "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true", accept=PROTOBUF)
    answer = api.connection.getresponse()
    tail = b""
    while b"k8s.io/initial-events-end" not in tail:
        tail = (tail + answer.read1(1 << 20))[-1000:]
    api.connection.close()


def best_of_3(function):
    """(seconds, result)"""
    best = None
    for _ in range(3):
        start = time.monotonic()
        result = function()
        took = time.monotonic() - start
        best = took if best is None else min(best, took)
    return best, result


def measure_lists(control, folder):
    """Seconds to list the objects, to stream them, and to decode the lists with fairlead's decoder."""
    decoder = os.path.join(ROOT, "build/release/tests/bench/e2e/decode_list_bench")
    result = {"list_seconds": 0.0, "stream_seconds": 0.0, "decode_seconds": 0.0, "list_mib": 0.0}
    for path, kind in LISTS:
        seconds, text = best_of_3(lambda: list_once(control, path))
        with open(f"{folder}/list.pb", "wb") as file:
            file.write(text)
        result["list_seconds"] += seconds
        result["stream_seconds"] += best_of_3(lambda: stream_once(control, path))[0]
        result["decode_seconds"] += float(netns.sh([decoder, kind, f"{folder}/list.pb"]))
        result["list_mib"] += len(text) / (1 << 20)
    return result


def measure_start(proxy, control):
    proxy.start(control.kubeconfig)
    ended = proxy.wait_for_sync(START_LIMIT_SECONDS)
    values = proxy.metrics()
    return {"seconds": ended - proxy.started, "sync_seconds": proxy.sync_seconds(values),
            "kernel_seconds": proxy.kernel_seconds(values)}


def settle(proxy):
    """Until the program has nothing left to do from its start."""
    def quiet():
        before = proxy.metrics()
        time.sleep(max(1.0, proxy.pause_seconds))
        return proxy.sync_seconds(before) == proxy.sync_seconds(proxy.metrics())

    wait_for(f"{proxy.name} quiet", quiet, timeout=120)


def one_change(api, commits, service, address):
    """Milliseconds from the write to the commit in the kernel, and to the API server's answer."""
    commits.take()
    start = time.monotonic()
    api.send("PATCH", f"{SLICES}/{big_cluster.slice_name(service)}",
             [{"op": "replace", "path": "/endpoints/0/addresses/0", "value": address}], "application/json-patch+json")
    committed = answered = None
    while committed is None or answered is None:
        waiting = [commits.socket] if answered else [commits.socket, api.connection.sock]
        ready, _, _ = select.select(waiting, [], [], CHANGE_LIMIT_SECONDS)
        if not ready:
            raise AssertionError("the change did not reach the kernel")
        if commits.socket in ready:
            committed = committed or commits.take()
        if api.connection.sock in ready and not answered:
            answered = time.monotonic()
            api.receive()
    return 1000 * (committed - start), 1000 * (answered - start)


def measure_changes(proxy, control, node, services, count):
    api = Api(control)
    total, answered, sync, kernel = [], [], [], []
    with contextlib.closing(Commits(node)) as commits:
        before = proxy.metrics()
        for number in range(count):
            service = number * 7919 % services
            to_kernel, to_answer = one_change(api, commits, service, next(NEW_ADDRESSES))
            time.sleep(max(0.02, proxy.pause_seconds))
            after = proxy.metrics()
            total.append(to_kernel)
            answered.append(to_answer)
            sync.append(1000 * (proxy.sync_seconds(after) - proxy.sync_seconds(before)))
            if proxy.kernel_seconds(after) is not None:
                kernel.append(1000 * (proxy.kernel_seconds(after) - proxy.kernel_seconds(before)))
            before = after
    return {"write_to_kernel_ms": report.spread(total), "write_to_answer_ms": report.spread(answered),
            "sync_ms": report.spread(sync), "kernel_ms": report.spread(kernel) if kernel else None, "changes": count}


@contextlib.contextmanager
def fresh_node(proxy_class, control):
    """A program that was not started yet, in a namespace without rules."""
    with contextlib.ExitStack() as stack:
        node = netns.Namespace("node")
        stack.callback(node.delete)
        proxies.attach(node, control.namespace, stack)
        proxy = proxy_class(node, control.folder)
        stack.callback(proxy.kill)
        yield node, proxy


def cold_start(proxy_class, control):
    with fresh_node(proxy_class, control) as (_, proxy):
        return measure_start(proxy, control)


def measure(proxy_class, control, shape, changes):
    # What a start is held against is the best of three: the API server collects its garbage now and then.
    starts = [cold_start(proxy_class, control) for _ in range(2)] if proxy_class is proxies.Fairlead else []
    with fresh_node(proxy_class, control) as (node, proxy):
        starts = sorted([*starts, measure_start(proxy, control)], key=lambda start: start["seconds"])
        result = {"cold_start": starts[0], "slowest_cold_start_seconds": starts[-1]["seconds"]}
        held = proxy.programmed_services()
        if held < shape.services:
            raise AssertionError(f"{proxy.name} says it is done, but {held} of {shape.services} Services are in the kernel")
        result["start_peak_memory_mib"] = proxy.peak_memory_mib()
        settle(proxy)
        result["change"] = measure_changes(proxy, control, node, shape.services, changes)
        result["peak_memory_mib"] = proxy.peak_memory_mib()
        proxy.kill()
        try:
            result["restart"] = measure_start(proxy, control)
        except AssertionError:  # not within the limit
            result["restart"] = {"seconds": math.inf}
        result["restart_peak_memory_mib"] = proxy.peak_memory_mib()
    return result


def run_shape(shape, classes, arguments):
    print(f"# {shape}", flush=True)
    start = time.monotonic()
    more = {"more_of": big_cluster.exposed} if shape.exposed else {}
    with big_cluster.running(shape.services, shape.endpoints, **more) as control:
        print(f"  control plane filled and ready after {time.monotonic() - start:.0f} s", flush=True)
        result = {**shape._asdict(), "lists": measure_lists(control, control.folder)}
        for proxy_class in classes:
            start = time.monotonic()
            changes = arguments.changes if proxy_class is proxies.Fairlead else min(arguments.changes, arguments.rival_changes)
            result[proxy_class.name] = measure(proxy_class, control, shape, changes)
            print(f"  {proxy_class.name} measured in {time.monotonic() - start:.0f} s", flush=True)
    return result


def print_shape(shape, result, goals):
    lists = result["lists"]

    def needed(result):
        """What a cold start cannot do without: docs/decisions/0011."""
        return lists["stream_seconds"] + lists["decode_seconds"] + (result["cold_start"]["kernel_seconds"] or 0.0)

    fairlead, rival = result.get("fairlead"), result.get("kube-proxy")
    table = report.Table(str(shape), "fairlead", "kube-proxy", goals)

    def row(label, unit, pick, digits=2, at_most=None):
        table.row(label, unit, pick(fairlead) if fairlead else None, pick(rival) if rival else None, digits, at_most)

    row("cold start, process start to kernel done", "s", lambda r: r["cold_start"]["seconds"])
    row("  of that the sync", "s", lambda r: r["cold_start"]["sync_seconds"])
    row("  of that in the kernel", "s", lambda r: r["cold_start"]["kernel_seconds"], 3, GOAL_KERNEL_SECONDS)
    row("  the slowest of three", "s", lambda r: r["slowest_cold_start_seconds"] if r is fairlead else None)
    row("  against streaming, decoding and the kernel", "x", lambda r: r["cold_start"]["seconds"] / needed(r), at_most=GOAL_START_OF_NEEDED)
    row("  against listing and decoding alone", "x", lambda r: r["cold_start"]["seconds"] / (lists["list_seconds"] + lists["decode_seconds"]))
    row("restart, rules already there", "s", lambda r: r["restart"]["seconds"])
    row("one endpoint changed, API write to kernel, p50", "ms", lambda r: r["change"]["write_to_kernel_ms"]["p50"], at_most=GOAL_CHANGE_MS)
    row("  p99", "ms", lambda r: r["change"]["write_to_kernel_ms"]["p99"])
    row("  the API server's own answer, p50", "ms", lambda r: r["change"]["write_to_answer_ms"]["p50"])
    row("  the sync alone, p50", "ms", lambda r: r["change"]["sync_ms"]["p50"])
    row("  in the kernel, p50", "ms", lambda r: (r["change"]["kernel_ms"] or {}).get("p50"), 3, GOAL_CHANGE_KERNEL_MS)
    row("peak memory after start", "MiB", lambda r: r["start_peak_memory_mib"], 0, GOAL_MEMORY_MIB)
    row("peak memory after changes", "MiB", lambda r: r["peak_memory_mib"], 0, GOAL_MEMORY_MIB)
    row("peak memory of the restart", "MiB", lambda r: r["restart_peak_memory_mib"], 0, GOAL_MEMORY_MIB)
    table.print()
    print(f"  listing {lists['list_mib']:.1f} MiB of protobuf {lists['list_seconds']:.2f} s (as a stream {lists['stream_seconds']:.2f} s), "
          f"decoding {lists['decode_seconds']:.2f} s; "
          f"changes: {fairlead['change']['changes'] if fairlead else 0} and {rival['change']['changes'] if rival else 0}\n", flush=True)


def shape_from(text):
    numbers, _, exposed = text.partition(",")
    services, _, endpoints = numbers.partition("x")
    if exposed not in ("", "exposed"):
        raise ValueError(text)
    return Shape(int(services), int(endpoints), bool(exposed))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one small shape")
    parser.add_argument("--shape", type=shape_from, action="append", metavar="SERVICESxENDPOINTS[,exposed]", help="only this shape; may be repeated")
    parser.add_argument("--only", choices=[each.name for each in proxies.ALL], help="leave the other program out")
    parser.add_argument("--changes", type=int, default=200, help="changes to measure with fairlead")
    parser.add_argument("--rival-changes", type=int, default=15, help="changes to measure with kube-proxy, which takes seconds for each")
    parser.add_argument("--json", default=os.path.join(ROOT, "build/bench/proxy.json"), help="where the figures go")
    arguments = parser.parse_args()
    netns.remove_leftovers()
    classes = [each for each in proxies.ALL if arguments.only in (None, each.name)]
    shapes = arguments.shape or (QUICK_SHAPES if arguments.quick else SHAPES)
    machine = report.machine()
    print(machine, flush=True)
    results = []
    goals = report.Goals()
    for shape in shapes:
        results.append(run_shape(shape, classes, arguments))
        print_shape(shape, results[-1], goals)
        report.write_json(arguments.json, {"machine": machine, "shapes": results})
    print(goals.summary())
    print(f"figures in {os.path.relpath(arguments.json)}")


if __name__ == "__main__":
    main()
