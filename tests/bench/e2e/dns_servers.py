"""The DNS servers that are measured, each on one core of the node."""

import contextlib
import http.client
import os
import signal
import socket
import struct
import subprocess
import time
import typing

import process_usage
import proxies
from dns_cluster import CLIENT_CPU, CLUSTER_DNS, SERVER_CPU, UPSTREAM
from dns_names import OUTSIDE, ZONE
from harness.cluster import BIN, ROOT, wait_for

BENCH = os.path.join(ROOT, "build/release/tests/bench")
PORT = 5300
START_LIMIT_SECONDS = 60
REST_SECONDS, REST_SHARE = 0.5, 0.05
_HOST_TTL = 86400
_NOERROR, _NXDOMAIN = 0, 3


def knot_configuration(cluster, folder, listen, zones):
    """A configuration of knot with these zones: name -> file."""
    lines = "\n".join(f"  - domain: {name}\n    storage: {folder}\n    file: {file}\n    zonefile-sync: -1\n    journal-content: none"
                      for name, file in zones.items())
    return f"""
server:
  listen: {listen}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
  rundir: {folder}
database:
  storage: {folder}
zone:
{lines}
"""


def zone_file(origin, ttl, records):
    lines = "".join(f"{name} {ttl} A {address}\n" for name, address in records)
    return f"$ORIGIN {origin}.\n@ {ttl} SOA ns.dns hostmaster 1 7200 1800 86400 5\n@ {ttl} NS ns.dns\n{lines}"


def read_reply(packet):
    """(response code, number of answers)."""
    flags, _, answers = struct.unpack_from("!HHH", packet, 2)
    return flags & 15, answers


def query(name):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!6H", 7, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", 1, 1)


class Server:
    """A program that answers the first pod's questions; with `running()` it does so on SERVER_CPU."""

    name = ""
    # Whether it forwards names outside and keeps their answers, ends walks at their first question, and takes TCP.
    has_cache, has_collapse, has_tcp = False, False, True

    def __init__(self, cluster):
        self.cluster = cluster
        self.address, self.port = cluster.pods[0].gateway, PORT
        self.folder = os.path.join(cluster.folder, self.name)
        os.makedirs(self.folder, exist_ok=True)
        self.process = None
        self.load_seconds = None

    def command(self):
        raise NotImplementedError

    def write(self, name, text):
        return self.cluster.write(os.path.join(self.name, name), text)

    def start(self):
        """Until it answers for the last Service."""
        with open(os.path.join(self.folder, "log"), "a") as log:
            started = time.monotonic()
            self.process = self.cluster.node.popen(["taskset", "-c", SERVER_CPU, *self.command()], stdout=log, stderr=subprocess.STDOUT,
                                                   env={**os.environ, "GOMAXPROCS": "1"})
        wait_for(f"{self.name} to answer", self._answers, timeout=START_LIMIT_SECONDS, pause=0.01)
        self.load_seconds = time.monotonic() - started

    def stop(self, how=signal.SIGTERM):
        if not self.process:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    @contextlib.contextmanager
    def running(self):
        try:
            self.start()
            yield self
        finally:
            self.stop()

    def _answers(self):
        if self.process.poll() is not None:
            with open(os.path.join(self.folder, "log")) as log:
                raise RuntimeError(f"{self.name} ended: {log.read()[-2000:]}")
        last = f"{self.cluster.names.services[-1][0]}.{ZONE}"
        # What is missing is known only once everything has been seen.
        return self.is_ready(self._ask(last), self._ask("missing-" + last))

    def _ask(self, name):
        with self.cluster.pods[0].namespace.inside():
            asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with asking:
            asking.settimeout(0.2)
            asking.connect((self.address, self.port))
            asking.send(query(name))
            return read_reply(asking.recv(4096))

    def is_ready(self, known, missing):
        return known == (_NOERROR, 1) and missing == (_NXDOMAIN, 0)

    def await_rest(self):
        """Until what it has to do from its start beside answering, such as the agent's rules for Services, is done."""
        def at_rest():
            before = process_usage.cpu_seconds(self.process.pid)
            time.sleep(REST_SECONDS)
            return process_usage.cpu_seconds(self.process.pid) - before < REST_SHARE * REST_SECONDS

        wait_for(f"{self.name} to rest", at_rest, timeout=START_LIMIT_SECONDS)

    def peak_memory_mib(self):
        return process_usage.peak_memory_mib(self.process.pid)


class Echo(Server):
    """Sends each datagram back through fairlead's sockets."""

    name = "echo"
    has_tcp = False

    def command(self):
        return [os.path.join(BENCH, "dns_echo"), f"{self.address}:{self.port}"]

    def is_ready(self, known, missing):
        return True


class Fairlead(Server):
    """The agent as it is on a node, in mode bind."""

    name = "fairlead"
    has_cache = has_collapse = True
    mode = "bind"

    def command(self):
        return [proxies.FAIRLEAD, "agent", "--node", "n1", "--kubeconfig", self.cluster.control.kubeconfig, "--cluster-cidr", proxies.POD_CIDR,
                "--service-cidr", "10.96.0.0/12", "--log-level", "warning", "--dns-mode", self.mode, "--dns-listen",
                f"{self.address}:{self.port}", "--dns-resolv-conf", self.cluster.resolv_conf]

    def requests(self):
        """How many it has seen since it was started."""
        with self.cluster.node.inside():
            connection = http.client.HTTPConnection("127.0.0.1", 10249, timeout=5)
            connection.connect()
        with contextlib.closing(connection):
            connection.request("GET", "/metrics")
            lines = connection.getresponse().read().decode().splitlines()
        return sum(int(float(line.rpartition(" ")[2])) for line in lines if line.startswith("fairlead_dns_requests_total"))


class Interception(Fairlead):
    """The same in mode intercept: questions go to the cluster DNS Service."""

    name = "fairlead-intercept"
    mode = "intercept"

    def __init__(self, cluster):
        super().__init__(cluster)
        self.address, self.port = CLUSTER_DNS, 53

    def is_ready(self, known, missing):
        # The upstream stands behind the Service, and says the same.
        return super().is_ready(known, missing) and "fairlead-dns" in self.cluster.node.sh("nft list tables")


class CoreDns(Server):
    """As kubeadm sets it up."""

    name = "coredns"
    has_cache = True

    def command(self):
        return [os.path.join(BIN, "coredns"), "-conf", self.write("Corefile", f""".:{self.port} {{
    bind {self.address}
    errors
    kubernetes {ZONE} in-addr.arpa ip6.arpa {{
        kubeconfig {self.cluster.control.kubeconfig}
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }}
    prometheus 127.0.0.1:9153
    forward . {UPSTREAM} {{
        max_concurrent 1000
    }}
    cache 3600 {{
        disable success {ZONE}
        disable denial {ZONE}
    }}
    loadbalance
}}
""")]


class Knot(Server):
    """An authoritative server alone: no cache."""

    name = "knot"

    def command(self):
        self.write("zone", zone_file(ZONE, 30, self.cluster.names.services))
        return ["knotd", "-c", self.write("knot.conf", knot_configuration(self.cluster, self.folder, f"{self.address}@{self.port}", {ZONE: "zone"}))]


class Unbound(Server):
    name = "unbound"
    has_cache = True

    def command(self):
        records = "".join(f'  local-data: "{name}.{ZONE}. 30 A {address}"\n' for name, address in self.cluster.names.services)
        return ["unbound", "-d", "-c", self.write("unbound.conf", f"""
server:
  interface: {self.address}@{self.port}
  do-daemonize: no
  username: ""
  chroot: ""
  pidfile: ""
  directory: {self.folder}
  use-syslog: no
  num-threads: 1
  incoming-num-tcp: 64
  module-config: "iterator"
  access-control: 10.64.0.0/11 allow
  local-zone: "{ZONE}." static
{records}
forward-zone:
  name: "."
  forward-addr: {UPSTREAM}
remote-control:
  control-enable: no
""")]


ALL = (Echo, Fairlead, Interception, CoreDns, Unbound, Knot)


class Upstream(typing.NamedTuple):
    address: str
    port: int
    process: subprocess.Popen


@contextlib.contextmanager
def upstream(cluster):
    """knot at UPSTREAM, with the hosts, and the Services as the cluster DNS has them. It has the clients' core."""
    folder = os.path.join(cluster.folder, "upstream")
    os.makedirs(folder)
    cluster.write("upstream/hosts", zone_file(OUTSIDE, _HOST_TTL, [(name.removesuffix("." + OUTSIDE), address) for name, address in cluster.names.hosts]))
    cluster.write("upstream/services", zone_file(ZONE, 30, cluster.names.services))
    path = cluster.write("upstream/knot.conf", knot_configuration(cluster, folder, f"{UPSTREAM}@53", {OUTSIDE: "hosts", ZONE: "services"}))
    with open(os.path.join(folder, "log"), "w") as log:
        process = cluster.outside.popen(["taskset", "-c", CLIENT_CPU, "knotd", "-c", path], stdout=log, stderr=subprocess.STDOUT)
    try:
        yield Upstream(UPSTREAM, 53, process)
    finally:
        process.kill()
        process.wait()
