"""What `fairlead trace` says is what becomes of real packets: of pods, of the node and from outside, in both families."""

import json
import unittest

import test_service_types as types
from harness import world
from harness.world import ask, connect_to
from test_service_types import BALANCER, BOTH, CLUSTER_IPS, NODE_PORT, OUTSIDE, PRIMARY, on, service, slices

UNUSED = ("10.96.7.7", "fd00:96::7707")
UNALLOCATED_PORT = 81
LEAVING = {"conditions": {"ready": False, "serving": True, "terminating": True}}


def setUpModule():
    types.setUpModule()
    # So many refusals in a second are no attack.
    types.W.node.sysctl("net.ipv4.icmp_ratemask", 0)
    types.W.node.sysctl("net.ipv6.icmp.ratelimit", 0)


class TraceTest(types.ManifestCase):
    load_balancer = types.ServiceTypesTest.load_balancer
    sticky = types.ServiceTypesTest.sticky

    def clients(self, family):
        """By name: (namespace, what the trace is given as source, the client's address; None: any of the node's)."""
        pods = {f"pod {pod.name}": (pod.namespace, pod.addresses[family], pod.addresses[family]) for pod in types.W.pods}
        return {"node": (types.W.node, "node", None),
                "outside": (types.W.outside, OUTSIDE[family], OUTSIDE[family]), **pods}

    def trace(self, source, address, port, kind="tcp", *arguments):
        destination = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        command = [world.FAIRLEAD, "trace", source, destination, "--protocol", kind, *arguments]
        process = types.W.node.popen(command, stdout=types.netns.subprocess.PIPE, text=True)
        text, _ = process.communicate()
        return process.returncode, text

    def traced(self, source, address, port, kind="tcp"):
        status, text = self.trace(source, address, port, kind, "-o", "json")
        traced = json.loads(text)
        self.assertFalse(traced["drift"], text)
        self.assertEqual(status, 0 if traced["fate"] in ("endpoint", "untouched") else 1, text)
        return traced

    def names_of(self, traced, family):
        by_address = {pod.addresses[family]: pod.name for pod in types.W.pods}
        return {by_address[e["endpoint"].rsplit(":", 1)[0].strip("[]")]: e for e in traced["endpoints"]}

    def check(self, client, family, address, port, kind="tcp"):
        """A trace against real connections; returns the trace."""
        namespace, source, own_address = self.clients(family)[client]
        traced = self.traced(source, address, port, kind)
        about = f"{client} to {address} {port}/{kind}: {traced['verdict']}"
        if traced["fate"] == "rejected":
            self.assert_refused(namespace, address, port, kind)
        elif traced["fate"] == "dropped":
            self.assert_silent(namespace, address, port, kind)
        else:
            self.assertEqual(traced["fate"], "endpoint", about)
            endpoints = self.names_of(traced, family)
            for _ in range(6):
                sock, (name, peer, *_) = connect_to(namespace, address, port, kind)
                with sock:
                    self.assertEqual(sock.getsockname()[0], traced["packet"]["source"], about)
                self.assertIn(name, endpoints, about)
                if own_address:
                    self.assertEqual(peer != own_address, endpoints[name]["masqueraded"], f"{about}: {name} saw {peer}")
        return traced

    def check_all(self, expected, frontends, clients=None, kinds=("tcp", "udp")):
        """Every client at every frontend; `expected`: fates by client, the last one for all that it does not name."""
        for family in BOTH:
            for client in clients or self.clients(family):
                for addresses, port in frontends:
                    for kind in kinds:
                        with self.subTest(client=client, address=addresses[family], port=port, kind=kind):
                            traced = self.check(client, family, addresses[family], port, kind)
                            self.assertEqual(traced["fate"], expected.get(client, expected["others"]), traced["verdict"])

    def test_every_address_of_a_service_and_hairpins(self):
        self.start([self.load_balancer(), *slices(on(1), on(2))])
        self.check_all({"others": "endpoint"}, [(CLUSTER_IPS, 80), (PRIMARY, NODE_PORT), (BALANCER, 80)])
        self.check_all({"others": "rejected"}, [(CLUSTER_IPS, UNALLOCATED_PORT), (UNUSED, 80)])

    def test_external_ips(self):
        self.start([service(externalIPs=list(BALANCER)), *slices(on(1))])
        self.check_all({"others": "endpoint"}, [(BALANCER, 80)], kinds=("tcp",))

    def test_source_ranges(self):
        ranges = [OUTSIDE[0] + "/32", OUTSIDE[1] + "/128"]
        self.start([self.load_balancer(loadBalancerSourceRanges=ranges), *slices(on(1))])
        self.check_all({"outside": "endpoint", "others": "dropped"}, [(BALANCER, 80)], ["outside", "pod p3"], ("tcp",))
        self.check_all({"others": "endpoint"}, [(CLUSTER_IPS, 80), (PRIMARY, NODE_PORT)], ["outside", "pod p3"], ("tcp",))

    def test_policy_local(self):
        frontends = [(PRIMARY, NODE_PORT), (BALANCER, 80)]
        self.start([self.load_balancer(externalTrafficPolicy="Local"), *slices(on(1), on(2, "n2"))])
        self.check_all({"others": "endpoint"}, frontends, ["outside", "node", "pod p1", "pod p3"])
        self.change([self.load_balancer(externalTrafficPolicy="Local"), *slices(on(2, "n2"))])
        self.check_all({"outside": "dropped", "others": "endpoint"}, frontends, ["outside", "node", "pod p3"], ("tcp",))
        self.change([service(internalTrafficPolicy="Local"), *slices(on(2, "n2"))])
        self.check_all({"others": "dropped"}, [(CLUSTER_IPS, 80)], ["outside", "node", "pod p3"], ("tcp",))

    def test_no_endpoints_and_what_terminates(self):
        self.start([service(type="NodePort"), *slices(on(1, conditions={"ready": False}))])
        self.check_all({"others": "rejected"}, [(CLUSTER_IPS, 80), (PRIMARY, NODE_PORT)], ["outside", "node", "pod p3"])
        verdict = self.traced(OUTSIDE[0], CLUSTER_IPS[0], 80)["verdict"]
        self.assertIn(f"{types.W.pods[0].addresses[0]}:8080 is not ready", verdict)
        self.change([service(type="NodePort"), *slices(on(1, **LEAVING))])
        self.check_all({"others": "endpoint"}, [(CLUSTER_IPS, 80)], ["outside", "pod p1"])

    def test_affinity_names_the_one_endpoint_that_a_client_keeps(self):
        self.start([self.sticky(100), *slices(on(1), on(2), on(3))])
        for family in BOTH:
            for client in ("outside", "pod p2"):
                namespace, source, _ = self.clients(family)[client]
                self.assertEqual(self.traced(source, CLUSTER_IPS[family], 80)["endpointCount"], 3)
                name, _ = ask(namespace, CLUSTER_IPS[family], 80)
                traced = self.check(client, family, CLUSTER_IPS[family], 80)
                self.assertEqual(set(self.names_of(traced, family)), {name})
                memory = next(step for step in traced["steps"] if step["topic"] == "Affinity")["elements"][0]
                self.assertRegex(memory["element"], r"timeout 1m40s expires 1m\d+s\d*m?s? : 80 \. ")

    def test_consistent_balancing_names_the_one_endpoint_that_the_clients_address_gives(self):
        self.start([service({"fairlead.io/balancing": "consistent"}, type="NodePort"), *slices(on(1), on(2), on(3))])
        reached = set()
        for family in BOTH:
            for client in self.clients(family):
                for address, port in ((CLUSTER_IPS[family], 80), (PRIMARY[family], NODE_PORT)):
                    traced = self.check(client, family, address, port)
                    self.assertEqual(traced["endpointCount"], 1)
                    reached |= set(self.names_of(traced, family))
        self.assertGreater(len(reached), 1, "clients that all get one endpoint prove nothing")

    def test_masquerading_and_pods_by_interface(self):
        self.start([service(), *slices(on(3))], ["--masquerade-all", "true"])
        self.check_all({"others": "endpoint"}, [(CLUSTER_IPS, 80)], ["outside", "pod p1"], ("tcp",))
        self.agent.close()
        self.start([service(), *slices(on(3))], ["--detect-local-mode", "InterfaceNamePrefix", "--pod-interface-name-prefix", "pod"])
        source = types.W.pods[0].addresses[0]
        for arguments, masqueraded in ((("--interface", "pod1"), False), ((), True)):
            _, text = self.trace(source, CLUSTER_IPS[0], 80, "tcp", *arguments, "-o", "json")
            self.assertEqual(json.loads(text)["endpoints"][0]["masqueraded"], masqueraded, text)
        self.assertIn("--interface says which", text)

    def test_names_of_services_ports_and_pods(self):
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"},
               "status": {"podIPs": [{"ip": address} for address in types.W.pods[2].addresses]}}
        self.start([service(), pod, *slices(on(1))])
        run = lambda *words: types.W.node.sh([world.FAIRLEAD, "trace", *words])
        for words in (("pod/web", "cart:80", "-n", "shop"), ("pod/web", "->", "cart:tcp", "-n", "shop"),
                      (types.W.pods[2].addresses[0], "cart.shop:80")):
            self.assertIn("Verdict:        reaches 10.64.1.2:8080, an endpoint of shop/cart, which sees 10.64.3.2", run(*words))
        self.assertIn("10.64.3.2 -> 10.96.0.10:80/UDP", run("pod/web", "cart:udp", "-n", "shop"))
        self.assertIn("left alone", run("node", "198.51.100.7:80"))
        for words, message in ((("pod/none", "cart:80", "-n", "shop"), "no manifest has a Pod shop/none"),
                               (("node", "none:80"), "there is no Service default/none"),
                               (("node", "cart.shop:http"), "has no port 'http'; its ports are called tcp, udp"),
                               (("10.0.0.1", "[fd00:96::10]:80"), "no address of the same family")):
            process = types.W.node.popen([world.FAIRLEAD, "trace", *words], stderr=types.netns.subprocess.PIPE, text=True)
            self.assertIn(message, process.communicate()[1])
            self.assertEqual(process.returncode, 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
