"""A thousand Services that come and go in a loop while connections to others flow.

FAIRLEAD_CHURN_SECONDS is how long (20).
"""

import os
import shutil
import socket
import tempfile
import time
import unittest

from harness import netns, world
from harness.cluster import wait_for
from harness.load import Load

COUNT = 1000
SECONDS = float(os.environ.get("FAIRLEAD_CHURN_SECONDS", "20"))


def service(name, addresses, endpoints):
    """A Service without selector on TCP and UDP port 80, and one slice of each family."""
    ports = "[{name: t, port: 80}, {name: u, port: 80, protocol: UDP}]"
    behind = f"[{{name: t, port: {world.PORT}}}, {{name: u, port: {world.PORT}, protocol: UDP}}]"
    text = f"""apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: shop}}
spec: {{clusterIPs: ["{addresses[0]}", "{addresses[1]}"], ipFamilies: [IPv4, IPv6], ports: {ports}}}
"""
    for family in (4, 6):
        each = ", ".join(f'{{addresses: ["{endpoint[family == 6]}"], nodeName: n1}}' for endpoint in endpoints)
        text += f"""---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: {name}-{family}, namespace: shop, labels: {{kubernetes.io/service-name: {name}}}}}
addressType: IPv{family}
ports: {behind}
endpoints: [{each}]
"""
    return text


class ChurnTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = world.World(pod_count=4)
        cls.addClassCleanup(cls.world.close)
        # For so many short connections: ports and memory of conntrack are soon free again.
        cls.world.outside.sysctl("net.ipv4.tcp_tw_reuse", 1)
        cls.world.node.sysctl("net.netfilter.nf_conntrack_tcp_timeout_time_wait", 1)

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix=f"{netns.PREFIX}-{os.getpid()}-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.endpoints = [pod.addresses for pod in self.world.pods]
        self.write("cart.yaml", service("cart", ("10.96.0.10", "fd00:96::10"), self.endpoints[:2]))
        self.agent = world.Agent(self.world.node, ["--manifests", self.folder]).start()
        self.addCleanup(self.agent.close)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path + ".new", "w") as file:
            file.write(text)
        os.rename(path + ".new", path)

    def wait_for_frontends(self, count):
        for family in ("IPv4", "IPv6"):
            name = f'fairlead_frontends{{ip_family="{family}"}}'
            wait_for(f"{count} frontends", lambda: self.agent.metric(name) == count, timeout=60, pause=0.02)

    def many(self, round_number):
        """Each time with other addresses and numbers of endpoints."""
        texts = []
        for i in range(COUNT):
            number = (i + 37 * round_number) % 4000 + 256
            behind = self.endpoints[: 1 + (i + round_number) % 4]
            texts.append(service(f"s{i}", (f"10.96.{number // 256}.{number % 256}", f"fd00:96::{number:x}"), behind))
        return "---\n".join(texts)

    def test_services_that_come_and_go_cost_others_no_connection(self):
        load = Load(self.world.outside, [(address, kind) for address in ("10.96.0.10", "fd00:96::10") for kind in ("tcp", "udp")])
        load.wait_for_more()
        end = time.monotonic() + SECONDS
        rounds = 0
        while rounds < 2 or time.monotonic() < end:
            self.write("many.yaml", self.many(rounds))
            self.wait_for_frontends(2 + 2 * COUNT)
            load.wait_for_more(5)
            os.unlink(os.path.join(self.folder, "many.yaml"))
            self.wait_for_frontends(2)
            rounds += 1
        load.wait_for_more()
        load.stop()
        self.assertEqual(self.agent.metric("fairlead_repairs_total"), 0)
        self.assertEqual(self.agent.status()["problems"], [])
        self.assertNotIn("sync failed", self.agent.log())
        print(f"{rounds} times {COUNT} Services; {load.total()} connections and exchanges, none failed", flush=True)


if __name__ == "__main__":
    socket.setdefaulttimeout(10)
    unittest.main(verbosity=2)
