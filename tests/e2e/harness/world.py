"""One node with pods and a client outside, in namespaces, and the agent under test on the node."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys

from . import netns
from .cluster import ROOT, wait_for

FAIRLEAD = os.environ.get("FAIRLEAD", os.path.join(ROOT, "build/release/fairlead"))
POD_CIDRS = "10.64.0.0/11,fd00:64::/48"
SERVICE_CIDRS = "10.96.0.0/16,fd00:96::/112"
PORT = 8080


def connect_to(namespace, address, port, kind="tcp", timeout=5.0, payload=b"hello", source=None):
    """Opens a connection from a namespace, and from the address `source` of it; returns (socket, first words of the server)."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with namespace.inside():
        sock = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
    sock.settimeout(timeout)
    try:
        if source:
            sock.bind((source, 0))
        sock.connect((address, port))
        if kind == "udp":
            sock.send(payload)
        return sock, sock.recv(4096).decode().split()
    except BaseException:
        sock.close()
        raise


def ask(namespace, address, port, kind="tcp", timeout=5.0, source=None):
    """(name of the pod that answered, address it saw)."""
    sock, words = connect_to(namespace, address, port, kind, timeout, source=source)
    sock.close()
    return words[0], words[1]


class Pod:
    def __init__(self, node, node_name, name, number):
        self.name = name
        self.node_name = node_name
        self.addresses = [f"10.64.{number}.2", f"fd00:64:0:{number:x}::2"]
        self.gateways = [f"10.64.{number}.1", f"fd00:64:0:{number:x}::1"]
        self.namespace = netns.Namespace(f"pod{number}")
        netns.connect(node, f"pod{number}", [f"{self.gateways[0]}/24", f"{self.gateways[1]}/64"],
                      self.namespace, "eth0", [f"{self.addresses[0]}/24", f"{self.addresses[1]}/64"])
        self.namespace.ip("route", "add", "default", "via", self.gateways[0])
        self.namespace.ip("-6", "route", "add", "default", "via", self.gateways[1])
        workload = os.path.join(os.path.dirname(__file__), "workload.py")
        self.process = self.namespace.popen([sys.executable, workload, name, str(PORT)], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline().strip() == "ready"

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.namespace.delete()


def make_node(name):
    node = netns.Namespace(name)
    node.sysctl("net.ipv4.ip_forward", 1)
    node.sysctl("net.ipv6.conf.all.forwarding", 1)
    return node


class World:
    """`node` (n1) forwards between `pods`, `outside` (a client that is no pod) and `control` (where the API server runs).

    With `remote_pod_count` there is a second node (n2), `remote_node`, with `remote_pods`.
    """

    def __init__(self, pod_count, remote_pod_count=0):
        netns.remove_leftovers()
        self.node = make_node("node")
        self.outside = netns.Namespace("outside")
        self.control = netns.Namespace("control")
        netns.connect(self.node, "outside", ["192.0.2.1/24", "2001:db8::1/64"],
                      self.outside, "eth0", ["192.0.2.2/24", "2001:db8::2/64"])
        self.outside.ip("route", "add", "default", "via", "192.0.2.1")
        self.outside.ip("-6", "route", "add", "default", "via", "2001:db8::1")
        netns.connect(self.node, "control", ["198.18.0.2/24", "2001:db8:18::2/64"],
                      self.control, "eth0", ["198.18.0.1/24", "2001:db8:18::1/64"])
        # The node reaches Service addresses by its default route, as nodes do; nothing answers there by itself.
        self.node.ip("route", "add", "default", "via", "198.18.0.1")
        self.node.ip("-6", "route", "add", "default", "via", "2001:db8:18::1")
        self.pods = [Pod(self.node, "n1", f"p{i}", i) for i in range(1, pod_count + 1)]
        self.remote_node = self._connect_remote_node() if remote_pod_count > 0 else None
        self.remote_pods = [self._remote_pod(100 + i) for i in range(1, remote_pod_count + 1)]

    def _connect_remote_node(self):
        remote = make_node("node2")
        netns.connect(self.node, "node2", ["198.19.0.1/24", "2001:db8:19::1/64"],
                      remote, "node1", ["198.19.0.2/24", "2001:db8:19::2/64"])
        remote.ip("route", "add", "default", "via", "198.19.0.1")
        remote.ip("-6", "route", "add", "default", "via", "2001:db8:19::1")
        netns.connect(remote, "control", ["198.18.2.2/24"], self.control, "eth1", ["198.18.2.1/24"])
        remote.ip("route", "add", "198.18.0.1/32", "via", "198.18.2.1")
        return remote

    def _remote_pod(self, number):
        pod = Pod(self.remote_node, "n2", f"p{number}", number)
        self.node.ip("route", "add", f"10.64.{number}.0/24", "via", "198.19.0.2")
        self.node.ip("-6", "route", "add", f"fd00:64:0:{number:x}::/64", "via", "2001:db8:19::2")
        return pod

    def close(self):
        for pod in self.pods + self.remote_pods:
            pod.close()
        for namespace in (self.node, self.outside, self.control, self.remote_node):
            if namespace:
                namespace.delete()


class Agent:
    """`fairlead agent` on the node."""

    def __init__(self, node, source, arguments=(), wrapper=(), name="n1", admin_port=10249, health_port=10256):
        self.node = node
        self.admin_port = admin_port
        self.health_port = health_port
        if (admin_port, health_port) != (10249, 10256):
            arguments = [*arguments, "--admin-address", f"127.0.0.1:{admin_port}", "--health-address", f"0.0.0.0:{health_port}"]
        self.command = [*wrapper, FAIRLEAD, "agent", "--node", name, *source, "--cluster-cidr", POD_CIDRS,
                        "--service-cidr", SERVICE_CIDRS, "--log-level", "debug", *arguments]
        self.log_path = f"/tmp/{node.name}-agent.log"
        self.process = None

    def start(self, wait=True):
        with open(self.log_path, "a") as log:
            self.process = self.node.popen(self.command, stdout=log, stderr=subprocess.STDOUT)
        if wait:
            wait_for("agent ready", lambda: self.get("/readyz", self.health_port) == "ok\n", timeout=30)
        return self

    def get(self, path, port=None):
        with self.node.inside():
            connection = http.client.HTTPConnection("127.0.0.1", port or self.admin_port, timeout=5)
            connection.connect()
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return text

    def status(self):
        return json.loads(self.get("/status"))

    def metric(self, name):
        for line in self.get("/metrics").splitlines():
            if line.startswith(name + " ") or line.startswith(name + "{"):
                return float(line.rsplit(" ", 1)[1])
        raise AssertionError(f"no metric {name}")

    def kill(self, how=signal.SIGKILL):
        if self.process:
            self.process.send_signal(how)
            self.process.wait()
            self.process = None

    def close(self):
        self.kill()
        self.node.sh([FAIRLEAD, "cleanup"])
        if os.path.exists(self.log_path):
            os.unlink(self.log_path)

    def log(self):
        with open(self.log_path) as file:
            return file.read()
