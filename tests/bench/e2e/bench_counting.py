"""What counting connections costs a TCP connect(): one node with a Service, its counters switched on and off in turns."""

import argparse
import contextlib
import json
import os
import shutil
import signal
import statistics
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../e2e"))

import report
from bench_connect import PORT, ServedPath
from harness import netns
from harness.cluster import ROOT, wait_for
from paths import SERVER

PROGRAM = os.environ.get("FAIRLEAD", os.path.join(ROOT, "build/release/fairlead"))
ADDRESS = "10.96.0.1"
START_LIMIT_SECONDS = 60

OBJECTS = [
    {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "cart", "namespace": "shop"},
     "spec": {"clusterIPs": [ADDRESS], "ports": [{"port": 80, "protocol": "TCP"}]}},
    {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
     "metadata": {"name": "cart-1", "namespace": "shop", "labels": {"kubernetes.io/service-name": "cart"}},
     "ports": [{"port": PORT, "protocol": "TCP"}], "endpoints": [{"addresses": [SERVER], "conditions": {"ready": True}}]}]


class Agent:
    """The Service's rules in the node of a path. It sleeps but when it is told to count or not to."""

    def __init__(self, path, stack):
        self.node = path.node
        self.folder = tempfile.mkdtemp(prefix=f"{netns.PREFIX}-{os.getpid()}-")
        stack.callback(shutil.rmtree, self.folder)
        objects = os.path.join(self.folder, "objects")
        os.mkdir(objects)
        with open(os.path.join(objects, "objects.json"), "w") as file:
            json.dump({"apiVersion": "v1", "kind": "List", "items": OBJECTS}, file)
        self._configure(False)
        self.process = self.node.popen([PROGRAM, "agent", "--node", "n1", "--manifests", objects, "--log-level", "warning",
                                        "--config", os.path.join(self.folder, "config.yaml")])
        stack.callback(self.process.wait)
        stack.callback(self.process.kill)
        wait_for("the rules", lambda: SERVER in self._table(), timeout=START_LIMIT_SECONDS)

    def count(self, counting):
        self._configure(counting)
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(signal.SIGHUP)
        wait_for("the switch", lambda: ("set connections" in self._table()) == counting)
        self.process.send_signal(signal.SIGSTOP)

    def counted(self):
        """Connections as the kernel counted them."""
        listed = json.loads(self.node.sh(["nft", "-j", "list", "set", "ip", "fairlead", "connections"]))
        elements = next(each["set"] for each in listed["nftables"] if "set" in each)["elem"]
        return sum(each["elem"]["counter"]["packets"] for each in elements)

    def _configure(self, counting):
        with open(os.path.join(self.folder, "config.yaml"), "w") as file:
            file.write("apiVersion: fairlead.config/v1alpha1\nkind: AgentConfiguration\n"
                       f"connectionCounters: {str(counting).lower()}\n")

    def _table(self):
        return self.node.sh("nft list table ip fairlead 2> /dev/null || true")


def measure(path, agent, counting, count):
    agent.count(counting)
    found = path.measure(ADDRESS, 80, count)
    if counting and agent.counted() < count:
        raise AssertionError(f"{agent.counted()} of {count} connections were counted")
    return found


def difference_ns(rounds, quantile):
    return 1000 * statistics.median(each[True][quantile] - each[False][quantile] for each in rounds)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds")
    parser.add_argument("--json", default=os.path.join(ROOT, "build/bench/counting.json"), help="where the figures go")
    arguments = parser.parse_args()
    rounds, count = (5, 300) if arguments.quick else (100, 300)
    netns.remove_leftovers()
    machine = report.machine()
    with contextlib.ExitStack() as stack:
        path = ServedPath("counting", stack)
        agent = Agent(path, stack)
        # Every other round the other way round: what a second brings hits both alike.
        found = [{counting: measure(path, agent, counting, count) for counting in ((True, False) if number % 2 else (False, True))}
                 for number in range(rounds)]
    print(f"{machine}\n# TCP connect() in microseconds, median of {rounds} rounds of {count}")
    result = {"machine": machine, "difference_ns": {key: difference_ns(found, key) for key in ("min", "p50")},
              "ratio": statistics.median(each[True]["p50"] / each[False]["p50"] for each in found)}
    for counting, name in ((False, "without counters"), (True, "with counters")):
        result[name] = {key: statistics.median(each[counting][key] for each in found) for key in ("min", "p50", "p99")}
        print(f"  {name:18}" + "".join(f"{key:>6} {value:7.2f}" for key, value in result[name].items()))
    print(f"  counting costs {result['difference_ns']['p50']:+.0f} ns of the p50 ({result['ratio']:.3f} x), "
          f"{result['difference_ns']['min']:+.0f} ns of the fastest")
    report.write_json(arguments.json, result)


if __name__ == "__main__":
    main()
