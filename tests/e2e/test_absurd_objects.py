"""Objects that the API server takes though nobody should write them: none harms what stands beside it."""

import socket
import unittest

from harness.api_case import ApiServerCase, refused_at_once
from harness.cluster import ApiError, wait_for
from harness.world import PORT, ask

LONGEST_LABEL = "n" + 61 * "-" + "n"


class AbsurdObjectsTest(ApiServerCase):
    def setUp(self):
        super().setUp()
        self.cart = self.serve()[0]
        self.slices_made = []
        self.addCleanup(self.delete_slices)

    def delete_slices(self):
        for name in self.slices_made:
            self.control.delete(f"{self.slices_path()}/{name}")

    def slices_path(self):
        return f"/apis/discovery.k8s.io/v1/namespaces/{self.shop.name}/endpointslices"

    def service(self, name="odd", **spec):
        """Without selector: its slices are ours."""
        return self.shop.service(name, **{"selector": None, **spec})

    def slice(self, service, addresses, name=None, family="IPv4", ports=({"name": "tcp", "port": PORT},), **endpoint):
        name = name or f"{service}-{len(self.slices_made)}"
        ports = None if ports is None else [{"protocol": "TCP", **port} for port in ports]
        self.control.create(self.slices_path(), {
            "metadata": {"name": name, "labels": {"kubernetes.io/service-name": service}}, "addressType": family, "ports": ports,
            "endpoints": [{"addresses": [address], "nodeName": "n1", **endpoint} for address in addresses]})
        self.slices_made.append(name)

    def elements(self, of, family="ip"):
        """The lines of `nft list` about an address."""
        return [line for line in self.node.sh(f"nft list table {family} fairlead").splitlines() if of in line]

    def expect_no_harm(self):
        """What comes last is taken in, what was there is served, and nothing is said to be wrong."""
        self.shop.pod(self.pods[2])
        self.wait_for_pods(self.cart, {"p1", "p2", "p3"})
        status = self.agent.status()
        self.assertEqual((status["ready"], status["lastError"]), (True, ""))
        self.assertNotIn("sync failed", self.agent.log())

    def test_an_address_in_two_slices_counts_once(self):
        address = self.service()[0]
        for _ in range(2):
            self.slice("odd", [self.pods[0].addresses[0], self.pods[1].addresses[0]])
        self.wait_for_pods(address, {"p1", "p2"})
        wait_for("two endpoints", lambda: len([line for line in self.elements(f"{address} . tcp . 80 : 10.64") if "0x" in line]) == 2)
        self.expect_no_harm()

    def test_an_address_that_is_ready_in_one_slice_and_not_in_another_is_used(self):
        address = self.service()[0]
        self.slice("odd", [self.pods[0].addresses[0]])
        self.slice("odd", [self.pods[0].addresses[0]], conditions={"ready": False})
        self.wait_for_pods(address, {"p1"})
        self.expect_no_harm()

    def test_slices_of_a_family_that_the_service_does_not_have_and_of_names_are_passed_over(self):
        address = self.service(ipFamilyPolicy="SingleStack", ipFamilies=["IPv4"])[0]
        self.slice("odd", [self.pods[1].addresses[1]], family="IPv6")
        self.slice("odd", ["example.com"], family="FQDN")
        self.slice("odd", [self.pods[0].addresses[0]])
        self.wait_for_pods(address, {"p1"})
        self.expect_no_harm()

    def test_the_api_server_itself_refuses_a_repeated_port_and_addresses_of_another_family_than_the_slice(self):
        """The agent may meet both in manifests: the random tests of the data plane have them."""
        self.service()
        with self.assertRaisesRegex(ApiError, "422"):
            self.service("twice", ports=[{"name": "a", "port": 80}, {"name": "b", "port": 80}])
        for family, address in (("IPv6", "10.64.1.2"), ("IPv4", "fd00:64:0:1::2")):
            with self.assertRaisesRegex(ApiError, "422"):
                self.slice("odd", [address], family=family)
        self.expect_no_harm()

    def test_ten_thousand_endpoints_of_one_service(self):
        address = self.service()[0]
        for number in range(10):
            self.slice("odd", [f"10.{70 + number}.{i // 250}.{i % 250 + 1}" for i in range(1000)])
        wait_for("a balancer of 10,000", lambda: self.elements("goto balance-10000"), timeout=60)
        self.assertEqual(len(self.elements(f"{address} . tcp . 80 : 10.7")), 10_000)
        self.expect_no_harm()

    def test_a_service_of_a_thousand_ports(self):
        ports = [{"name": f"p{i}", "port": 1000 + i, "targetPort": PORT} for i in range(1000)]
        address = self.service(ports=ports, ipFamilyPolicy="SingleStack")[0]
        for first in range(0, 1000, 100):
            self.slice("odd", [self.pods[0].addresses[0]], ports=[{"name": f"p{i}", "port": PORT} for i in range(first, first + 100)])
        wait_for("1,000 frontends", lambda: len(self.elements(f"{address} . tcp . 1")) + len(self.elements(f"{address} . udp")) >= 1000,
                 timeout=60)
        for port in (1000, 1500, 1999):
            wait_for(f"port {port}", lambda: ask(self.outside, address, port)[0] == "p1")
        self.expect_no_harm()

    def test_names_as_long_as_they_may_be(self):
        service = LONGEST_LABEL.replace("-", "x")
        port = "p" + 13 * "x" + "p"
        address = self.service(service, ports=[{"name": port, "port": 80}])[0]
        name = ".".join(4 * [LONGEST_LABEL])[:253].rstrip("-.")
        name += (253 - len(name)) * "n"
        self.slice(service, [self.pods[0].addresses[0]], name=name, ports=[{"name": port, "port": PORT}])
        self.wait_for_pods(address, {"p1"})
        self.expect_no_harm()

    def test_a_service_that_is_its_own_endpoint_is_refused_and_goes_round_nowhere(self):
        address = self.service()[0]
        self.slice("odd", [address])
        wait_for("the endpoint", lambda: self.elements(f"{address} . tcp . 80 : {address}"))
        self.assertTrue(refused_at_once(self.outside, address, 80))
        self.slice("odd", [self.pods[0].addresses[0]])
        wait_for("the good endpoint", lambda: self.elements(f"{address} . tcp . 80 : {self.pods[0].addresses[0]}"))
        self.expect_no_harm()

    def test_two_services_that_are_endpoints_of_each_other(self):
        first, second = self.service("odd")[0], self.service("even")[0]
        self.slice("odd", [second], ports=[{"name": "tcp", "port": 80}])
        self.slice("even", [first], ports=[{"name": "tcp", "port": 80}])
        wait_for("the endpoints", lambda: self.elements(f"{second} . tcp . 80 : {first}"))
        self.assertTrue(refused_at_once(self.outside, first, 80))
        self.expect_no_harm()

    def test_slices_without_ports_or_with_ports_without_numbers_give_nothing(self):
        for ports in (None, [], [{"name": "tcp"}]):
            with self.subTest(ports=ports):
                name = f"odd{len(self.slices_made)}"
                address = self.service(name)[0]
                self.slice(name, [self.pods[0].addresses[0]], ports=ports)
                wait_for("rejected", lambda: refused_at_once(self.outside, address, 80))
        self.expect_no_harm()

    def test_slices_of_no_service_and_services_of_no_slice(self):
        address = self.service("lonely")[0]
        self.slice("nobody", [self.pods[0].addresses[0]])
        wait_for("rejected", lambda: refused_at_once(self.outside, address, 80))
        self.expect_no_harm()


if __name__ == "__main__":
    socket.setdefaulttimeout(10)
    unittest.main(verbosity=2)
