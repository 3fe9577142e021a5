"""The two programs that are measured, seen the same way."""

import http.client
import os
import signal
import subprocess
import time

import process_usage
from harness import netns
from harness.cluster import BIN, ROOT, wait_for

FAIRLEAD = os.environ.get("FAIRLEAD", os.path.join(ROOT, "build/release/fairlead"))
POD_CIDR = "10.64.0.0/11"
SERVICE_CIDR = "10.96.0.0/16"
_LAST_SYNC = 'kubeproxy_sync_proxy_rules_last_timestamp_seconds{ip_family="IPv4"}'


def attach(node, control_namespace, stack):
    """Links a node to the control plane at 198.18.0.1. The kernel removes a dead namespace later: the link goes at once."""
    netns.connect(node, "control", ["198.18.0.2/24"], control_namespace, "eth0", ["198.18.0.1/24"])
    # A transaction of a program that was killed goes on in the kernel, and holds this up.
    stack.callback(netns.sh, ["ip", "-n", node.name, "link", "delete", "control"], timeout=900)
    node.ip("route", "add", "default", "via", "198.18.0.1")
    node.sysctl("net.ipv4.ip_forward", 1)


class Proxy:
    """A proxy in the namespace of a node. Both kinds show kube-proxy's metrics on 127.0.0.1:10249."""

    name = ""
    # Pause between changes, so that the rate limit of the proxy's own syncs is not what is measured.
    pause_seconds = 0.0
    # Whether it puts its rules back when somebody else removed them, not only within the hour.
    repairs_at_once = False

    def __init__(self, node, folder):
        self.node = node
        self.log_path = f"{folder}/{self.name}.log"
        self.process = None
        self._connection = None
        self.started = 0.0

    def command(self, kubeconfig):
        raise NotImplementedError

    def start(self, kubeconfig):
        with open(self.log_path, "a") as log:
            self.started = time.time()
            self.process = self.node.popen(self.command(kubeconfig), stdout=log, stderr=subprocess.STDOUT)

    def kill(self):
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None
        if self._connection:
            self._connection.close()
            self._connection = None

    def _get_metrics(self):
        if not self._connection:
            with self.node.inside():
                self._connection = http.client.HTTPConnection("127.0.0.1", 10249, timeout=60)
                self._connection.connect()
        try:
            self._connection.request("GET", "/metrics")
            return self._connection.getresponse().read().decode()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            self._connection = None
            raise

    def metrics(self):
        """Name with labels -> value."""
        values = {}
        try:
            text = self._get_metrics()
        except http.client.RemoteDisconnected:  # it was kept alive for too long
            text = self._get_metrics()
        for line in text.splitlines():
            if not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                values[name] = float(value)
        return values

    def wait_for_sync(self, timeout, after=0.0):
        """When the first IPv4 sync ended that ended after `after`; all in Unix time."""
        def ended():
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended by itself: {self.log_tail()}")
            last = self.metrics().get(_LAST_SYNC, 0)
            return last if last > after else None

        return wait_for(f"a sync of {self.name}", ended, timeout=timeout, pause=0.05)

    def log_tail(self):
        with open(self.log_path) as file:
            return file.read()[-2000:]

    def peak_memory_mib(self):
        return process_usage.peak_memory_mib(self.process.pid)

    def cpu_seconds(self):
        return process_usage.cpu_seconds(self.process.pid)

    def sync_seconds(self, metrics):
        """Seconds that all syncs of IPv4 took so far."""
        return metrics.get('kubeproxy_sync_proxy_rules_duration_seconds_sum{ip_family="IPv4"}', 0.0)

    def kernel_seconds(self, metrics):
        """What of that was waiting for the kernel; None if the program does not tell."""
        raise NotImplementedError

    def programmed_services(self):
        """How many Service addresses its table holds, as `nft` sees it."""
        raise NotImplementedError


class Fairlead(Proxy):
    name = "fairlead"
    repairs_at_once = True

    def command(self, kubeconfig):
        return [FAIRLEAD, "agent", "--node", "n1", "--kubeconfig", kubeconfig, "--cluster-cidr", POD_CIDR,
                "--service-cidr", SERVICE_CIDR, "--log-level", "warning"]

    def kernel_seconds(self, metrics):
        return metrics['fairlead_sync_kernel_seconds_total{ip_family="IPv4"}']

    def programmed_services(self):
        return self.node.sh("nft list map ip fairlead frontends", timeout=120).count("10.96.")


class KubeProxy(Proxy):
    name = "kube-proxy"
    pause_seconds = 2.2  # its minSyncPeriod is 1 s with a burst of 2

    def command(self, kubeconfig):
        program = os.path.join(BIN, "kube-proxy")
        if not os.path.exists(program):
            raise SystemExit(f"{program} is missing: run scripts/build-cluster")
        return [program, "--proxy-mode", "nftables", "--kubeconfig", kubeconfig, "--hostname-override", "n1",
                "--cluster-cidr", POD_CIDR, "--conntrack-max-per-core", "0", "-v", "1"]

    def kernel_seconds(self, metrics):
        return None

    def programmed_services(self):
        return self.node.sh("nft list map ip kube-proxy service-ips", timeout=300).count("10.96.")


ALL = (Fairlead, KubeProxy)
