"""How long a packet of somebody else is held up on a node while 250,000 endpoints are programmed: fairlead, kube-proxy (nftables mode).

Every packet is the first of a flow, so that it passes all rules there are. It is no Service's.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../e2e"))

import big_cluster
import proxies
import report
from bench_proxy import QUICK_SHAPES, START_LIMIT_SECONDS, Shape, settle
from harness import netns
from harness.cluster import ROOT
from paths import SERVER, Path

PROGRAM = os.path.join(ROOT, "build/release/tests/bench/e2e/stall_bench")
SHAPE = Shape(5006, 50)
PORT = 9000
IDLE_SECONDS = 5
FLUSHES = 5
GOAL_STALL_MS = 5.0


@contextlib.contextmanager
def probing(path, into):
    """Packets are timed meanwhile; the figures are put into the dictionary."""
    process = path.client.popen([PROGRAM, path.server.name, SERVER, str(PORT)], stdout=subprocess.PIPE, text=True)
    try:
        yield
        process.terminate()
        into.update(json.loads(process.communicate(timeout=10)[0]))
    finally:
        process.kill()
        process.wait()


def repair(proxy, services):
    """All rules are flushed, and programmed again from what the program holds in memory."""
    flushed = time.time()
    proxy.node.sh("nft flush ruleset")
    proxy.wait_for_sync(START_LIMIT_SECONDS, after=flushed)
    if proxy.programmed_services() < services:
        raise AssertionError("not all Services are back")


def measure(proxy_class, control, shape):
    result = {"idle": {}, "start": {}}
    with contextlib.ExitStack() as stack:
        path = Path("path", stack)
        # Connection tracking from the beginning, as on any node.
        path.node.sh(["nft", "table ip t { chain c { type filter hook forward priority 0; ct state established,new accept; }; }"])
        with probing(path, result["idle"]):
            time.sleep(IDLE_SECONDS)
        proxies.attach(path.node, control.namespace, stack)
        proxy = proxy_class(path.node, control.folder)
        stack.callback(proxy.kill)
        with probing(path, result["start"]):
            proxy.start(control.kubeconfig)
            proxy.wait_for_sync(START_LIMIT_SECONDS)
        settle(proxy)
        if proxy.repairs_at_once:
            result["repair"] = {}
            with probing(path, result["repair"]):
                for _ in range(FLUSHES):
                    repair(proxy, shape.services)
    return result


def print_table(shape, results, goals):
    table = report.Table(f"first packets of flows, {shape}", "fairlead", "kube-proxy", goals)
    for phase, label in (("idle", "nothing is programmed"), ("start", "the program starts"), ("repair", "after a foreign flush")):
        for figure in ("p50", "p99.9", "max"):
            values = [results.get(each.name, {}).get(phase, {}).get(figure) for each in proxies.ALL]
            limit = GOAL_STALL_MS if figure == "max" and phase != "idle" else None
            table.row(f"{label}, {figure}", "ms", *(None if value is None else value / 1000 for value in values), 3, limit)
    table.print()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a small cluster")
    parser.add_argument("--only", choices=[each.name for each in proxies.ALL], help="leave the other program out")
    parser.add_argument("--json", default=os.path.join(ROOT, "build/bench/stall.json"), help="where the figures go")
    arguments = parser.parse_args()
    netns.remove_leftovers()
    shape = QUICK_SHAPES[0] if arguments.quick else SHAPE
    machine = report.machine()
    print(f"{machine}\n# how long packets are held up while {shape} are programmed", flush=True)
    with big_cluster.running(shape.services, shape.endpoints) as control:
        results = {each.name: measure(each, control, shape) for each in proxies.ALL if arguments.only in (None, each.name)}
    goals = report.Goals()
    print_table(shape, results, goals)
    print(goals.summary())
    report.write_json(arguments.json, {"machine": machine, **shape._asdict(), "programs": results})
    print(f"figures in {os.path.relpath(arguments.json)}")


if __name__ == "__main__":
    main()
