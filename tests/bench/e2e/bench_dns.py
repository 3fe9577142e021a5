"""DNS servers on one core each, one after the other, with the same names: queries per second of processor time, and the share of what
their sockets could do (a program that sends each datagram back).

The load comes from a client of our own on another core; its latencies count from when a query was due, not from when it was sent.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../e2e"))

import report
from harness.cluster import ROOT

BENCH = os.path.join(ROOT, "build/release/tests/bench")
ADDRESS, PORT = "127.0.0.1", 5300
SERVER_CPU, CLIENT_CPU = "0", "1"
ZONE = "cluster.local"
START_LIMIT_SECONDS = 15
# Enough to keep a server busy whose batches are 64.
OUTSTANDING = 256
LATENCY_RATE = 50_000
GOAL_SHARE = 0.8


class Names:
    """Services of a cluster, as records of a zone and as questions: three in four for names that are there."""

    def __init__(self, count):
        self.services = [(f"service-{i}.namespace-{i % 50}.svc", f"10.{96 + i // 65536}.{i // 256 % 256}.{i % 256}") for i in range(count)]

    def questions(self):
        lines = []
        for i, (name, _) in enumerate(self.services):
            known = i % 4 != 3
            lines.append(f"{name if known else 'missing-' + name}.{ZONE} {'AAAA' if i % 8 == 0 else 'A'}")
        return "\n".join(lines) + "\n"


class Server:
    """A program that answers at ADDRESS and PORT on one core."""

    name = ""

    def __init__(self, folder, names):
        self.folder, self.names = folder, names

    def command(self):
        raise NotImplementedError

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    @contextlib.contextmanager
    def running(self):
        process = subprocess.Popen(["taskset", "-c", SERVER_CPU, *self.command()], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            self._await_answer(process)
            yield process.pid
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=10)
            process.kill()
            process.wait()
            process.stderr.close()

    def _await_answer(self, process):
        first = self.write("first", f"{self.names.services[0][0]}.{ZONE} A\n")
        limit = time.monotonic() + START_LIMIT_SECONDS
        while time.monotonic() < limit:
            if process.poll() is not None:
                raise AssertionError(f"{self.name} ended: {process.stderr.read()}")
            with contextlib.suppress(subprocess.CalledProcessError):
                if ask("udp", first, 1, "rate", 10, process.pid)["answered"] > 0:
                    return
            time.sleep(0.1)
        raise AssertionError(f"{self.name} does not answer")


class Echo(Server):
    name = "echo"

    def command(self):
        return [os.path.join(BENCH, "dns_echo"), f"{ADDRESS}:{PORT}"]


class Fairlead(Server):
    """Sockets, worker, codec and zone of fairlead, without search lists, cache and upstreams."""

    name = "fairlead"

    def command(self):
        lines = (" ".join([*name.split(".")[:2], address]) for name, address in self.names.services)
        return [os.path.join(BENCH, "dns_zone_server"), f"{ADDRESS}:{PORT}", self.write("services", "\n".join(lines) + "\n")]


class Knot(Server):
    name = "knot"

    def command(self):
        records = "".join(f"{name} 30 A {address}\n" for name, address in self.names.services)
        self.write("zone", f"$ORIGIN {ZONE}.\n@ 30 SOA ns.dns hostmaster 1 7200 1800 86400 5\n@ 30 NS ns.dns\n{records}")
        return ["knotd", "-c", self.write("knot.conf", f"""
server:
  listen: {ADDRESS}@{PORT}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
  rundir: {self.folder}
database:
  storage: {self.folder}
zone:
  - domain: {ZONE}
    storage: {self.folder}
    file: zone
    zonefile-sync: -1
""")]


class Unbound(Server):
    name = "unbound"

    def command(self):
        records = "".join(f'  local-data: "{name}.{ZONE}. 30 A {address}"\n' for name, address in self.names.services)
        return ["unbound", "-d", "-c", self.write("unbound.conf", f"""
server:
  interface: {ADDRESS}@{PORT}
  do-daemonize: no
  username: ""
  chroot: ""
  pidfile: ""
  directory: {self.folder}
  use-syslog: no
  num-threads: 1
  incoming-num-tcp: 64
  access-control: 127.0.0.0/8 allow
  local-zone: "{ZONE}." static
{records}
remote-control:
  control-enable: no
""")]


SERVERS = (Echo, Fairlead, Knot, Unbound)


def ask(transport, questions, seconds, mode, number, pid):
    command = [os.path.join(BENCH, "dns_client"), transport, ADDRESS, str(PORT), questions, str(seconds), mode, str(number), str(pid), CLIENT_CPU]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def measure(server_class, names, seconds):
    with tempfile.TemporaryDirectory() as folder:
        server = server_class(folder, names)
        questions = server.write("questions", names.questions())
        with server.running() as pid:
            figures = {"throughput": ask("udp", questions, seconds, "outstanding", OUTSTANDING, pid),
                       "latency": ask("udp", questions, seconds, "rate", LATENCY_RATE, pid)}
            if server_class is not Echo:
                figures["tcp"] = ask("tcp", questions, seconds, "outstanding", OUTSTANDING, pid)
            return figures


def per_cpu_second(figures):
    return figures["answered"] / max(figures["server_cpu_seconds"], 0.01)


def print_table(results):
    limit = per_cpu_second(results["echo"]["throughput"])
    print(f"  {'':12}{'queries per CPU second':>24}{'share of echo':>15}{'over TCP':>12}{'p50':>9}{'p99':>9}{'p99.9':>9}  us at {LATENCY_RATE:,}/s"
          f"{'lost':>8}")
    for name, figures in results.items():
        speed, latency = per_cpu_second(figures["throughput"]), figures["latency"]
        tcp = f"{per_cpu_second(figures['tcp']):,.0f}" if "tcp" in figures else "-"
        print(f"  {name:12}{speed:>24,.0f}{speed / limit:>15.2f}{tcp:>12}{latency['p50']:>9.0f}{latency['p99']:>9.0f}{latency['p99.9']:>9.0f}"
              f"{latency['sent'] - latency['answered']:>23,}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two seconds each")
    parser.add_argument("--only", choices=[each.name for each in SERVERS], action="append", help="these alone, and echo")
    parser.add_argument("--json", default=os.path.join(ROOT, "build/bench/dns.json"), help="where the figures go")
    arguments = parser.parse_args()
    names, seconds = Names(1000), 2 if arguments.quick else 10
    machine = report.machine()
    print(f"{machine}\n# DNS servers on one core each, {len(names.services)} Services", flush=True)
    chosen = [each for each in SERVERS if each is Echo or arguments.only is None or each.name in arguments.only]
    results = {each.name: measure(each, names, seconds) for each in chosen}
    print_table(results)
    goals = report.Goals()
    if "fairlead" in results:
        ratio = per_cpu_second(results["echo"]["throughput"]) / per_cpu_second(results["fairlead"]["throughput"])
        goals.verdict("echo, times as fast as fairlead", ratio, 1 / GOAL_SHARE)
        print(goals.summary())
    report.write_json(arguments.json, {"machine": machine, "servers": results})
    print(f"figures in {os.path.relpath(arguments.json)}")


if __name__ == "__main__":
    main()
