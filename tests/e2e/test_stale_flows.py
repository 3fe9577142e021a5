"""UDP flows of clients that never stop sending: gone once they lead nowhere, and left alone while they do not.

What can happen to a Service, one case each, with a real API server. Prints how long flows outlived the write.
"""

import contextlib
import signal
import time
import unittest

from harness import world
from harness.api_case import ApiServerCase
from harness.cluster import wait_for
from harness.udp_sender import UdpSender
from harness.world import ask

SLICES = "/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices"
NODE_PORT, OTHER_NODE_PORT = 30080, 30081
NODE = ("192.0.2.1", "2001:db8::1")
EXTERNAL = ("203.0.113.30", "2001:db8:113::30")
BALANCER = ("203.0.113.40", "2001:db8:113::40")
# Not of the node at first.
EXTRA = ("203.0.113.77", "2001:db8:113::77")
BOTH = (0, 1)


def endpoint(pod, family, **conditions):
    return {"addresses": [pod.addresses[family]], "nodeName": pod.node_name, "conditions": {"ready": True, **conditions}}


class StaleFlowsTest(ApiServerCase):
    def setUp(self):
        super().setUp()
        self.agent.close()
        self.agent = world.Agent(self.node, ["--kubeconfig", self.control.kubeconfig], [
            "--nodeport-addresses", "192.0.2.0/24,2001:db8::/64,203.0.113.0/24,2001:db8:113::/64"]).start()
        self.addCleanup(self.agent.close)
        self.p1, self.p2, self.client = self.pods[:3]
        self.slices = SLICES.format(self.shop.name)
        self.senders = []
        self.addCleanup(lambda: [sender.close() for sender in self.senders])

    # What there is.

    def make(self, name="cart", pods=None, **spec):
        """A Service without a selector, with all kinds of addresses, and a slice per family with these pods (p1)."""
        addresses = self.shop.service(name, selector=None, **spec)
        for family in BOTH[:len(addresses)]:
            self.control.create(self.slices, {
                "metadata": {"name": f"{name}-{family}", "labels": {"kubernetes.io/service-name": name}},
                "addressType": ("IPv4", "IPv6")[family],
                "ports": [{"name": "udp", "protocol": "UDP", "port": world.PORT}],
                "endpoints": [endpoint(pod, family) for pod in pods or [self.p1]]})
        return addresses

    def make_cart(self, pods=None, **spec):
        ports = [{"name": "udp", "protocol": "UDP", "port": 80, "targetPort": world.PORT, "nodePort": NODE_PORT}]
        self.cluster_ips = self.make("cart", pods, **{"type": "LoadBalancer", "ports": ports, "externalIPs": list(EXTERNAL), **spec})
        if "type" not in spec:
            self.set_balancer(BALANCER)

    def set_balancer(self, addresses):
        self.control.patch(f"{self.shop.path}/services/cart/status", {"status": {"loadBalancer": {"ingress": [{"ip": ip} for ip in addresses]}}})

    def patch_slices(self, name="cart", **fields_of_family):
        """Each argument gives a field of the slice of a family."""
        for family in BOTH:
            self.control.patch(f"{self.slices}/{name}-{family}", {field: of(family) for field, of in fields_of_family.items()})

    def patch_service(self, **spec):
        self.control.patch(f"{self.shop.path}/services/cart", {"spec": spec})

    def only(self, *pods, **conditions):
        return lambda family: [endpoint(pod, family, **conditions) for pod in pods]

    def place(self, pod, family, port=world.PORT):
        return f"{pod.addresses[family]} {port}"

    # Who sends.

    def send(self, addresses, port=80, leads_to=None):
        """Senders to an address of each family, whose flows lead to this pod (p1) already."""
        made = [UdpSender(self.node, self.client.namespace, address, port) for address in addresses]
        self.senders += made
        for family, sender in enumerate(made):
            wait_for(f"a flow to {sender}", lambda: sender.leads_to() == self.place(leads_to or self.p1, family), timeout=20)
        return made

    def send_to_all(self):
        return [sender for addresses, port in ((self.cluster_ips, 80), (NODE, NODE_PORT), (EXTERNAL, 80), (BALANCER, 80))
                for sender in self.send(addresses, port)]

    @contextlib.contextmanager
    def healthy(self):
        """Flows to another Service, which must be the same afterwards."""
        senders = self.send(self.make("bystander", [self.p2]), leads_to=self.p2)
        before = [sender.flow() for sender in senders]
        yield
        self.assertEqual([sender.flow() for sender in senders], before, "a healthy flow was deleted")

    def assert_leave(self, senders, write, answered_by=None, timeout=20):
        """After `write` the flows no longer lead where they did; then this pod answers, or nobody."""
        before = {sender: sender.leads_to() for sender in senders}
        begin = time.monotonic()
        write()
        written = time.monotonic()
        left = {}

        def all_left():
            for sender in senders:
                if sender not in left and sender.leads_to() != before[sender]:
                    left[sender] = time.monotonic() - begin
            return len(left) == len(senders)

        wait_for("the flows to go", all_left, timeout=timeout, pause=0.002)
        print(f"  {self._testMethodName}: written in {1000 * (written - begin):.0f} ms, {len(left)} flows left "
              f"{1000 * min(left.values()):.0f} to {1000 * max(left.values()):.0f} ms after the write began", flush=True)
        for sender in senders:
            if answered_by:
                moment = time.monotonic()
                wait_for(f"{answered_by.name} at {sender}", lambda: sender.answered_by(moment) == answered_by.name, timeout=5)
            else:
                self.assertNotEqual(sender.leads_to(), before[sender], sender)

    def assert_stay(self, senders, write):
        before = [sender.flow() for sender in senders]
        write()
        self.assert_synced()
        self.assertEqual([sender.flow() for sender in senders], before)

    def assert_synced(self):
        """What was written before has reached the kernel, and flows were looked at: a Service that is made now has its own flows."""
        address = self.make("later", [self.p2], ipFamilyPolicy="SingleStack")[0]
        self.send([address], leads_to=self.p2)
        time.sleep(0.3)

    # Endpoints.

    def test_endpoint_replaced(self):
        self.make_cart()
        with self.healthy():
            self.assert_leave(self.send_to_all(), lambda: self.patch_slices(endpoints=self.only(self.p2)), self.p2)

    def test_last_endpoint_removed(self):
        """kubernetes #139628: kube-proxy skipped Services without endpoints."""
        self.make_cart()
        with self.healthy():
            self.assert_leave(self.send_to_all(), lambda: self.patch_slices(endpoints=self.only()))

    def test_slice_deleted(self):
        self.make_cart()
        with self.healthy():
            self.assert_leave(self.send(self.cluster_ips), lambda: [self.control.delete(f"{self.slices}/cart-{family}") for family in BOTH])

    def test_endpoint_becomes_not_ready(self):
        self.make_cart([self.p1])
        with self.healthy():
            self.assert_leave(self.send_to_all(), lambda: self.patch_slices(endpoints=lambda family: [
                endpoint(self.p1, family, ready=False, serving=False), endpoint(self.p2, family)]), self.p2)

    def test_terminating_endpoint_keeps_its_flows_while_it_serves(self):
        self.make_cart()
        senders = self.send_to_all()
        leaving = {"ready": False, "terminating": True}
        self.assert_stay(senders, lambda: self.patch_slices(endpoints=lambda family: [
            endpoint(self.p1, family, serving=True, **leaving), endpoint(self.p2, family)]))
        self.assert_leave(senders, lambda: self.patch_slices(endpoints=lambda family: [
            endpoint(self.p1, family, serving=False, **leaving), endpoint(self.p2, family)]), self.p2)

    def test_target_port_changed(self):
        """The endpoint keeps its address."""
        self.make_cart()
        with self.healthy():
            self.assert_leave(self.send_to_all(), lambda: self.patch_slices(
                ports=lambda _: [{"name": "udp", "protocol": "UDP", "port": world.PORT + 1}]))

    def test_first_endpoint_comes(self):
        """Packets that went to an address of the node before it was a NodePort lead past the Service."""
        self.cluster_ips = self.make("cart", type="ClusterIP")
        senders = [UdpSender(self.node, self.outside, address, NODE_PORT) for address in NODE]
        self.senders += senders
        for address, sender in zip(NODE, senders):
            wait_for("an untranslated flow", lambda: sender.leads_to() == f"{address} {NODE_PORT}")
        with self.healthy():
            self.assert_leave(senders, lambda: self.patch_service(type="NodePort", ports=[
                {"name": "udp", "protocol": "UDP", "port": 80, "targetPort": world.PORT, "nodePort": NODE_PORT}]), self.p1)

    # Frontends.

    def test_service_deleted(self):
        """kubernetes #141371: kube-proxy forgot deleted Services."""
        self.make_cart()
        with self.healthy():
            self.assert_leave(self.send_to_all(), self.shop.delete_service)

    def test_port_removed(self):
        ports = [{"name": name, "protocol": "UDP", "port": port, "targetPort": world.PORT} for name, port in (("udp", 80), ("more", 81))]
        self.make_cart(ports=ports, type="ClusterIP")
        stay = self.send(self.cluster_ips)
        self.patch_slices(ports=lambda _: [{"name": name, "protocol": "UDP", "port": world.PORT} for name in ("udp", "more")])
        gone = self.send(self.cluster_ips, 81)
        before = [sender.flow() for sender in stay]
        self.assert_leave(gone, lambda: self.patch_service(ports=ports[:1]))
        self.assertEqual([sender.flow() for sender in stay], before)

    def test_service_made_anew_with_another_cluster_ip(self):
        """While the agent cannot look: to it, the Service changed."""
        self.make_cart()
        senders = self.send(self.cluster_ips)

        def write():
            self.agent.process.send_signal(signal.SIGSTOP)
            self.shop.delete_service()
            self.shop.service("cart", selector=None, clusterIP="10.96.88.88", ipFamilyPolicy="SingleStack")
            self.agent.process.send_signal(signal.SIGCONT)

        with self.healthy():
            self.assert_leave(senders, write)

    def test_external_ips_removed(self):
        self.make_cart()
        with self.healthy():
            self.assert_leave(self.send(EXTERNAL), lambda: self.patch_service(externalIPs=[]))

    def test_load_balancer_addresses_removed(self):
        self.make_cart()
        with self.healthy():
            self.assert_leave(self.send(BALANCER), lambda: self.set_balancer(()))

    def test_node_port_changed(self):
        self.make_cart()
        with self.healthy():
            self.assert_leave(self.send(NODE, NODE_PORT), lambda: self.patch_service(ports=[
                {"name": "udp", "protocol": "UDP", "port": 80, "targetPort": world.PORT, "nodePort": OTHER_NODE_PORT}]))

    def test_node_port_removed(self):
        self.make_cart(type="NodePort")
        stay = self.send(self.cluster_ips)
        before = [sender.flow() for sender in stay]
        with self.healthy():
            self.assert_leave(self.send(NODE, NODE_PORT), lambda: self.patch_service(type="ClusterIP", ports=[
                {"name": "udp", "protocol": "UDP", "port": 80, "targetPort": world.PORT, "nodePort": None}]))
        self.assertEqual([sender.flow() for sender in stay], before)

    def add_extra_addresses(self):
        for address in EXTRA:
            self.node.ip("address", "add", address, "dev", "lo")
        self.addCleanup(self.node.ip, "address", "flush", "dev", "lo", "scope", "global")

    def test_node_loses_an_address(self):
        self.add_extra_addresses()
        self.make_cart()
        with self.healthy():
            self.assert_leave(self.send(EXTRA, NODE_PORT), lambda: self.node.ip("address", "flush", "dev", "lo", "scope", "global"))

    def test_node_gets_an_address(self):
        """What was sent there before went elsewhere, untranslated."""
        self.make_cart()
        senders = [UdpSender(self.node, self.client.namespace, address, NODE_PORT) for address in EXTRA]
        self.senders += senders
        for address, sender in zip(EXTRA, senders):
            wait_for("an untranslated flow", lambda: sender.leads_to() == f"{address} {NODE_PORT}")
        self.assert_leave(senders, self.add_extra_addresses, self.p1)

    def test_family_removed(self):
        self.make_cart(externalIPs=[])
        ipv4, ipv6 = self.send(self.cluster_ips)
        before = ipv4.flow()
        self.assert_leave([ipv6], lambda: self.patch_service(
            ipFamilyPolicy="SingleStack", ipFamilies=["IPv4"], clusterIPs=self.cluster_ips[:1]))
        self.assertEqual(ipv4.flow(), before)

    # What must not cost a flow.

    def answering_udp(self):
        return {ask(self.client.namespace, self.cluster_ips[0], 80, "udp")[0] for _ in range(20)}

    def test_policies_change_where_new_flows_go_and_leave_the_others(self):
        """The endpoint serves, though new flows would not be sent there."""
        remote = self.world.remote_pods[0]
        self.make_cart([remote])
        senders = self.send(self.cluster_ips, leads_to=remote) + self.send(NODE, NODE_PORT, leads_to=remote)
        self.patch_slices(endpoints=self.only(remote, self.p1))
        for policy in ("Local", "Cluster"):
            with self.subTest(policy):
                before = [sender.flow() for sender in senders]
                self.patch_service(internalTrafficPolicy=policy, externalTrafficPolicy=policy)
                wait_for("the policy", lambda: (self.answering_udp() == {"p1"}) == (policy == "Local"))
                self.assertEqual([sender.flow() for sender in senders], before)

    def test_a_restart_of_the_agent_leaves_healthy_flows(self):
        """kubernetes #122740: a restart of kube-proxy deleted all UDP flows to Services."""
        self.make_cart()

        def restart():
            self.agent.kill()
            self.agent.start()

        self.assert_stay(self.send_to_all(), restart)

    # While nobody looks.

    def test_what_went_while_the_agent_was_dead(self):
        self.make_cart()
        going = self.send(self.make("going"))
        senders = self.send_to_all()

        def write():
            self.agent.kill()
            self.patch_slices(endpoints=self.only(self.p2))
            self.shop.delete_service("going")
            self.agent.start()

        with self.healthy():
            self.assert_leave(going + senders, write)
        moment = time.monotonic()
        for sender in senders:
            wait_for(f"p2 at {sender}", lambda: sender.answered_by(moment) == "p2")

    def test_an_address_that_the_node_lost_while_the_agent_was_dead(self):
        self.add_extra_addresses()
        self.make_cart()
        senders = self.send(EXTRA, NODE_PORT)

        def write():
            self.agent.kill()
            self.node.ip("address", "flush", "dev", "lo", "scope", "global")
            self.agent.start()

        with self.healthy():
            self.assert_leave(senders, write)

    def test_what_went_while_the_api_server_could_not_be_reached(self):
        """The objects are listed anew: nobody tells that one was deleted."""
        self.make_cart()
        going = self.send(self.make("going"))
        senders = self.send_to_all()
        cut = "table inet cut { chain i { type filter hook input priority 0; ip saddr 198.18.0.2 drop; }; "

        def write():
            self.world.control.sh(["nft", cut + "chain o { type filter hook output priority 0; ip daddr 198.18.0.2 drop; }; }"])
            try:
                self.control.kill("kube-apiserver")
                self.control.start_apiserver()
                self.patch_slices(endpoints=self.only(self.p2))
                self.shop.delete_service("going")
            finally:
                self.world.control.sh("nft delete table inet cut")

        with self.healthy():
            self.assert_leave(going + senders, write, timeout=60)


if __name__ == "__main__":
    unittest.main(verbosity=2)
