"""What a large manifests directory costs the agent: memory at rest, and the most while a changed file is taken in."""

import argparse
import contextlib
import ipaddress
import os
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../e2e"))

import proxies
import report
from harness import netns
from harness.cluster import ROOT, wait_for

SERVICES = 44_125
A_FILE = 1000
CHANGES = 3
GOAL_MIB = 150
START_LIMIT_SECONDS = 120
_FIRST_POD = int(ipaddress.IPv4Address("10.65.0.0"))
_DOCUMENTS = """apiVersion: v1
kind: Service
metadata: {{name: service-{number}, namespace: bench}}
spec:
  selector: {{app: app-{number}}}
  ports: [{{name: http, port: 80, targetPort: 8080}}]
---
apiVersion: v1
kind: Pod
metadata: {{name: app-{number}-5d4f8b7c9-x2xlk, namespace: bench, labels: {{app: app-{number}}}}}
spec:
  nodeName: node-{node}
  containers: [{{name: c, ports: [{{name: http, containerPort: {port}}}]}}]
status:
  podIPs: [{{ip: {address}}}]
---
"""


class Directory:
    """Services with a Pod each."""

    def __init__(self, services, path):
        self.path = path
        self._services = services
        for first in range(0, services, A_FILE):
            self.write(first)

    def write(self, first, port=8080):
        """One file, atomically; another port of its Pods makes it differ."""
        text = "".join(_DOCUMENTS.format(number=number, node=number % 100, port=port,
                                         address=ipaddress.IPv4Address(_FIRST_POD + number))
                       for number in range(first, min(first + A_FILE, self._services)))
        path = f"{self.path}/services-{first}.yaml"
        with open(path + ".new", "w") as file:
            file.write(text)
        os.rename(path + ".new", path)

    def megabytes(self):
        return sum(entry.stat().st_size for entry in os.scandir(self.path)) / 1e6


class Agent(proxies.Fairlead):
    """Fed by the directory whose path start() is given."""

    def command(self, kubeconfig):
        return [proxies.FAIRLEAD, "agent", "--node", "n1", "--manifests", kubeconfig, "--cluster-cidr", proxies.POD_CIDR,
                "--service-cidr", proxies.SERVICE_CIDR, "--log-level", "warning"]

    def settle(self):
        """Until it has not worked for two seconds."""
        wait_for("an idle agent", self._idle, timeout=START_LIMIT_SECONDS, pause=0)

    def _idle(self):
        before = self.cpu_seconds()
        time.sleep(2)
        return self.cpu_seconds() - before < 0.05

    def memory_mib(self):
        """Of the process now."""
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:")) / 1024

    def forget_peak(self):
        with open(f"/proc/{self.process.pid}/clear_refs", "w") as file:
            file.write("5")  # proc_pid_clear_refs(5): the peak begins again


def measure(services):
    """What it took, in MiB and seconds."""
    with contextlib.ExitStack() as stack:
        folder = tempfile.mkdtemp(prefix=f"{netns.PREFIX}-{os.getpid()}-")
        stack.callback(shutil.rmtree, folder)
        os.mkdir(f"{folder}/manifests")
        directory = Directory(services, f"{folder}/manifests")
        node = netns.Namespace("n1")
        stack.callback(node.delete)
        agent = Agent(node, folder)
        stack.callback(agent.kill)
        agent.start(directory.path)
        ready = agent.wait_for_sync(START_LIMIT_SECONDS) - agent.started
        agent.settle()
        figures = {"files_mb": directory.megabytes(), "ready_s": ready, "start_peak_mib": agent.peak_memory_mib(),
                   "rest_mib": agent.memory_mib()}
        agent.forget_peak()
        cpu = agent.cpu_seconds()
        for change in range(CHANGES):
            directory.write(services // 2 // A_FILE * A_FILE, port=8081 + change)
            agent.settle()
        return figures | {"change_cpu_s": (agent.cpu_seconds() - cpu) / CHANGES, "change_peak_mib": agent.peak_memory_mib(),
                          "changed_mib": agent.memory_mib()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the Services")
    parser.add_argument("--json", default=os.path.join(ROOT, "build/bench/manifests.json"), help="where the figures go")
    arguments = parser.parse_args()
    netns.remove_leftovers()
    services = SERVICES // 10 if arguments.quick else SERVICES
    machine = report.machine()
    figures = measure(services)
    goals = report.Goals()
    print(f"{machine}\n# a manifests directory: {services:,} Services with a Pod each, {figures['files_mb']:.0f} MB")
    for name, label in (("start_peak_mib", "peak of the start"), ("rest_mib", "at rest"),
                        ("change_peak_mib", f"peak while {A_FILE:,} of each change"), ("changed_mib", "at rest after that")):
        print(f"  {label:34}{figures[name]:8.0f} MiB  {goals.verdict(label, figures[name], GOAL_MIB, 0)}")
    print(f"  {'ready after':34}{figures['ready_s']:8.1f} s\n  {'processor time of a change':34}{figures['change_cpu_s']:8.2f} s")
    print(goals.summary())
    report.write_json(arguments.json, {"machine": machine, "services": services, "figures": figures})


if __name__ == "__main__":
    main()
