"""`fairlead describe service` on a real Service: reasons of endpoints, kernel elements as nft prints them, flows."""

import unittest

import test_service_types as types
from harness import world
from harness.world import connect_to
from test_service_types import CLUSTER_IPS, PRIMARY, on, service, slices


def setUpModule():
    types.setUpModule()


class DescribeTest(types.ManifestCase):
    def describe(self, name="cart"):
        return types.W.node.sh([world.FAIRLEAD, "describe", "svc", name, "-n", "shop"])

    def test_endpoints_in_different_states_and_why_each_is_used(self):
        made = service(type="NodePort", externalTrafficPolicy="Local")
        made["metadata"]["annotations"] = {"fairlead.io/note": "hello", "other": "unseen"}
        self.start([made, *slices(on(1), on(2, "n2"), on(3, conditions={"ready": False}))])
        text = self.describe()
        self.assertIn("Annotations:             fairlead.io/note: hello\n", text)
        self.assertIn("""  ClusterIP 10.96.0.10:80: balanced
    + 10.64.1.2:8080 is ready
    + 10.64.2.2:8080 is ready
    - 10.64.3.2:8080 is not ready
""", text)
        self.assertIn(f"""  NodePort {PRIMARY[0]}:30080: balanced
    + 10.64.1.2:8080 is ready
    + 10.64.2.2:8080 is ready
    - 10.64.3.2:8080 is not ready
    from outside the cluster (externalTrafficPolicy Local):
    + 10.64.1.2:8080 is ready
    - 10.64.2.2:8080 policy Local: its node is n2, this is n1
    - 10.64.3.2:8080 is not ready
""", text)

    def test_kernel_elements_are_those_that_nft_lists(self):
        self.start([service(type="NodePort", externalTrafficPolicy="Local"), *slices(on(1), on(2, "n2"))])
        listed = "".join(types.W.node.sh(["nft", "list", "table", family, "fairlead"]) for family in ("ip", "ip6"))
        described = self.describe().split("Kernel elements:\n")[1].split("Flows:")[0]
        self.assertNotIn("!", described)
        elements = [line.split(None, 1)[1] for line in described.splitlines()]
        self.assertGreater(len(elements), 20)
        for element in elements:
            self.assertIn(element, listed)

    def test_flows_are_counted_by_protocol_and_endpoint(self):
        self.start([service(), *slices(on(1))])
        types.W.node.sh("conntrack -F 2>/dev/null || true")
        self.assertIn("Flows:  <none>", self.describe())
        for kind in ("tcp", "tcp", "udp"):
            sock, _ = connect_to(types.W.pods[2].namespace, CLUSTER_IPS[0], 80, kind)
            self.addCleanup(sock.close)
        sock, _ = connect_to(types.W.pods[2].namespace, CLUSTER_IPS[1], 80)
        self.addCleanup(sock.close)
        flows = self.describe().split("Flows:")[1]
        self.assertTrue(flows.startswith("  4\n         2 TCP 10.64.1.2:8080\n"), flows)
        self.assertIn("         1 UDP 10.64.1.2:8080\n", flows)
        self.assertIn("         1 TCP [fd00:64:0:1::2]:8080\n", flows)


if __name__ == "__main__":
    unittest.main(verbosity=2)
