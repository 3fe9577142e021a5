"""What the guard against INVALID packets costs those that are none: a connect() and a byte there and back, in turns with each mode.

A third turn has the rules as they would be if the guard asked first: what established packets are spared.
"""

import argparse
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../e2e"))

import report
from bench_connect import CLIENT_CPU, PORT, PROGRAM, SERVER_CPU, ServedPath
from bench_counting import ADDRESS, OBJECTS, PROGRAM as FAIRLEAD, START_LIMIT_SECONDS
from harness import netns
from harness.cluster import ROOT, wait_for
from paths import SERVER

ECHO_PORT = PORT + 1
CHAIN = "chain ip fairlead filter-forward"
MODES = ("off", "endpoints", "guard first")


class GuardedPath(ServedPath):
    """A served path with a Service whose guard is switched, and an echo behind another port of it."""

    def __init__(self, stack, folder):
        super().__init__("guard", stack)
        echo = self.server.popen([PROGRAM, "echo", str(ECHO_PORT), SERVER_CPU], stdout=subprocess.PIPE, text=True)
        stack.callback(echo.stdout.close)
        stack.callback(echo.wait)
        stack.callback(echo.kill)
        if echo.stdout.readline() != "ready\n":
            raise AssertionError("the echo does not start")
        service, slices = json.loads(json.dumps(OBJECTS))
        service["spec"]["ports"] = [{"name": "connect", "port": 80}, {"name": "echo", "port": 7}]
        slices["ports"] = [{"name": "connect", "port": PORT}, {"name": "echo", "port": ECHO_PORT}]
        self.config = os.path.join(folder, "config.yaml")
        os.mkdir(os.path.join(folder, "objects"))
        with open(os.path.join(folder, "objects", "objects.json"), "w") as file:
            json.dump({"apiVersion": "v1", "kind": "List", "items": [service, slices]}, file)
        self._configure("off")
        self.agent = self.node.popen([FAIRLEAD, "agent", "--node", "n1", "--manifests", os.path.join(folder, "objects"),
                                      "--log-level", "warning", "--config", self.config])
        stack.callback(self.agent.wait)
        stack.callback(self.agent.kill)
        wait_for("the rules", lambda: SERVER in self.node.sh("nft list table ip fairlead 2> /dev/null || true"), timeout=START_LIMIT_SECONDS)
        self.agent.send_signal(signal.SIGSTOP)

    def switch(self, mode):
        if mode == "guard first":  # with the guard's rules, by hand, and away again with the next switch
            self.switch("endpoints")
            self.node.sh("nft insert rule ip fairlead filter-forward ct state invalid goto guard-forward comment first")
            return
        listed = self.node.sh(f"nft -a list {CHAIN}")
        for line in listed.splitlines():
            if 'comment "first"' in line:
                self.node.sh(f"nft delete rule ip fairlead filter-forward handle {line.rsplit(' ', 1)[1]}")
        self._configure(mode)
        self.agent.send_signal(signal.SIGHUP)
        self.agent.send_signal(signal.SIGCONT)
        wait_for("the switch", lambda: ("drop" in self.node.sh("nft list chain ip fairlead guard-forward")) == (mode == "endpoints"))
        self.agent.send_signal(signal.SIGSTOP)

    def in_mode(self, mode, measure):
        self.switch(mode)
        return measure()

    def talk(self, count):
        return json.loads(self.client.sh([PROGRAM, "talk", ADDRESS, "7", str(count), CLIENT_CPU]))

    def _configure(self, mode):
        with open(self.config, "w") as file:
            file.write(f"apiVersion: fairlead.config/v1alpha1\nkind: AgentConfiguration\nconntrack: {{guard: {mode}}}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds")
    parser.add_argument("--json", default=os.path.join(ROOT, "build/bench/guard.json"), help="where the figures go")
    arguments = parser.parse_args()
    rounds, count = (3, 300) if arguments.quick else (60, 1000)
    netns.remove_leftovers()
    machine = report.machine()
    found = {}
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix=f"{netns.PREFIX}-{os.getpid()}-"))
        path = GuardedPath(stack, folder)
        for what, measure in (("connect", lambda: path.measure(ADDRESS, 80, count)), ("round trip", lambda: path.talk(count))):
            # A measurement feels what went before it: each mode has each place in its turn, and nothing else comes between.
            found[what] = [{mode: path.in_mode(mode, measure) for mode in MODES[turn % 3:] + MODES[:turn % 3]} for turn in range(rounds)]
    result = {"machine": machine}
    print(f"{machine}\n# microseconds, median of {rounds} rounds of {count}; ratio to off of the same round")
    for what in ("connect", "round trip"):
        for mode in MODES:
            p50 = statistics.median(each[mode]["p50"] for each in found[what])
            ratio = statistics.median(each[mode]["p50"] / each["off"]["p50"] for each in found[what])
            result[f"{what}, {mode}"] = {"p50": p50, "ratio": ratio}
            print(f"  {what:10} {mode:12} p50 {p50:7.2f}  {ratio:.3f} x")
    report.write_json(arguments.json, result)


if __name__ == "__main__":
    main()
