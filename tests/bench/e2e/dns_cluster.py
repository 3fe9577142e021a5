"""A node with two pods, an upstream outside and a control plane, in namespaces: where DNS servers are measured."""

import contextlib
import os
import signal
import tempfile

import big_cluster
import dns_names
import proxies
from harness import netns
from harness.cluster import ControlPlane

CLUSTER_DNS = "10.96.0.10"
UPSTREAM = "192.0.2.2"
SERVER_CPU, CLIENT_CPU = "0", "1"
# 100,000 Services do not fit into the range of the other benchmarks.
_API_SERVER_ARGUMENTS = ("--service-cluster-ip-range", "10.96.0.0/12,fd00:96::/112")
_SYNC_LIMIT_SECONDS = 60
_DNS_PORTS = [{"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53, "protocol": "TCP"}]


class Pod:
    """A namespace behind the node, and the object of the same address."""

    def __init__(self, node, number, stack):
        self.name, self.address, self.gateway = f"client-{number}", f"10.64.{number}.2", f"10.64.{number}.1"
        self.namespace = netns.Namespace(self.name)
        stack.callback(self.namespace.delete)
        netns.connect(node, f"pod{number}", [f"{self.gateway}/24"], self.namespace, "eth0", [f"{self.address}/24"])
        self.namespace.ip("route", "add", "default", "via", self.gateway)

    def create(self, control):
        pods = "/api/v1/namespaces/default/pods"
        control.create(pods, {"metadata": {"name": self.name},
                              "spec": {"nodeName": "n1", "containers": [{"name": "main", "image": "none"}]}})
        control.patch(f"{pods}/{self.name}/status", {"status": {"phase": "Running", "podIP": self.address, "podIPs": [{"ip": self.address}]}})


class Cluster:
    """`node` (n1), `pods` on it, knot with all names at UPSTREAM outside, which also stands behind the cluster DNS Service, and `control`
    with the Services of `names`."""

    def __init__(self, names, stack):
        self.names = names
        self.folder = stack.enter_context(tempfile.TemporaryDirectory(prefix=f"{netns.PREFIX}-{os.getpid()}-"))
        self.node, self.outside, control = (self._namespace(name, stack) for name in ("node", "outside", "control"))
        netns.connect(self.node, "outside", ["192.0.2.1/24"], self.outside, "eth0", [f"{UPSTREAM}/24"])
        self.outside.ip("route", "add", "default", "via", "192.0.2.1")
        proxies.attach(self.node, control, stack)
        self.pods = [Pod(self.node, number, stack) for number in (1, 2)]
        self.control = ControlPlane(control, "198.18.0.1", _API_SERVER_ARGUMENTS)
        stack.callback(self.control.stop)
        self._bring_up()
        self._program_services()
        self.resolv_conf = self.write("resolv.conf", f"nameserver {UPSTREAM}\n")

    @staticmethod
    def _namespace(name, stack):
        namespace = netns.Namespace(name)
        stack.callback(namespace.delete)
        return namespace

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def _bring_up(self):
        self.control.start_etcd()
        big_cluster.fill(self.control, big_cluster.objects(len(self.names.services), 1))
        self.control.start_apiserver()
        # Nothing of it runs on the core of the servers that are measured.
        for process in self.control.processes.values():
            netns.sh(["taskset", "-a", "-p", "-c", CLIENT_CPU, str(process.pid)])
        self.control.create("/api/v1/namespaces", {"metadata": {"name": big_cluster.NAMESPACE}})
        self.control.create("/api/v1/nodes", {"metadata": {"name": "n1"}})
        for pod in self.pods:
            pod.create(self.control)
        self.control.create("/api/v1/namespaces/kube-system/services", {
            "metadata": {"name": "kube-dns"}, "spec": {"clusterIP": CLUSTER_DNS, "ports": _DNS_PORTS}})
        self.control.create("/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices", {
            "metadata": {"name": "kube-dns-1", "labels": {"kubernetes.io/service-name": "kube-dns"}}, "addressType": "IPv4",
            "ports": _DNS_PORTS, "endpoints": [{"addresses": [UPSTREAM], "conditions": {"ready": True}}]})

    def _program_services(self):
        """The rules of all Services, which stay: so connection tracking and rules cost every server what they cost on a node."""
        proxy = proxies.Fairlead(self.node, self.folder)
        try:
            proxy.start(self.control.kubeconfig)
            proxy.wait_for_sync(_SYNC_LIMIT_SECONDS)
        finally:
            proxy.kill()

    @contextlib.contextmanager
    def stopped(self):
        """The control plane does nothing meanwhile; watches stay open."""
        try:
            for process in self.control.processes.values():
                process.send_signal(signal.SIGSTOP)
            yield
        finally:
            for process in self.control.processes.values():
                process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def running(services):
    """A Cluster of so many Services."""
    netns.remove_leftovers()
    with contextlib.ExitStack() as stack:
        yield Cluster(dns_names.Names(services), stack)
