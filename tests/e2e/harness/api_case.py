"""Test cases with a real API server: two nodes, pods, a client outside, an agent on the first node."""

import time
import unittest

from . import world
from .cluster import ControlPlane, wait_for
from .shop import Shop
from .world import ask, connect_to


def refused_at_once(namespace, address, port, kind="tcp"):
    """True if a connection is refused; fails if it takes long."""
    start = time.monotonic()
    try:
        sock, _ = connect_to(namespace, address, port, kind, timeout=3)
        sock.close()
        return False
    # A datagram that the node's own output hook rejects fails in send() already: EPERM.
    except (ConnectionRefusedError, ConnectionResetError, PermissionError):
        took = time.monotonic() - start
        assert took < 1, f"refused, but only after {took:.1f} s"
        return True


class ApiServerCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = world.World(pod_count=4, remote_pod_count=2)
        cls.addClassCleanup(cls.world.close)
        cls.node = cls.world.node
        cls.outside = cls.world.outside
        cls.pods = cls.world.pods
        cls.control = ControlPlane(cls.world.control, "198.18.0.1")
        cls.addClassCleanup(cls.control.stop)
        cls.control.start()
        for name, address in (("n1", "192.0.2.1"), ("n2", "198.19.0.2")):
            cls.control.create("/api/v1/nodes", {"metadata": {"name": name}})
            cls.control.patch(f"/api/v1/nodes/{name}/status", {"status": {"addresses": [{"type": "InternalIP", "address": address}]}})

    def setUp(self):
        self.shop = Shop(self.control, self.pods)
        self.addCleanup(self.shop.delete)
        self.agent = world.Agent(self.node, ["--kubeconfig", self.control.kubeconfig]).start()
        self.addCleanup(self.agent.close)

    def serve(self, pods=None, **spec):
        """A Service "cart" with these pods behind it, reachable in both families; gives its ClusterIPs."""
        addresses = self.shop.service(**spec)
        for pod in pods or self.pods[:2]:
            self.shop.pod(pod)
        for address in addresses:
            self.wait_for_pods(address, {pod.name for pod in pods or self.pods[:2]})
        return addresses

    def answering(self, address, tries=40, source=None):
        return {ask(source or self.outside, address, 80)[0] for _ in range(tries)}

    def wait_for_pods(self, address, names, source=None):
        wait_for(f"{address} answered by {names}", lambda: self.answering(address, source=source) == names, timeout=20)
