"""Sizes and timeouts of connection tracking: what is written, what `conntrack plan` says, and what happens beside the real kube-proxy.

No test touches the machine's own sizes: the node is a network namespace, which cannot, and where a test needs a node that can, files of
its own stand over those of the kernel, in a mount namespace of the test.
"""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import unittest

from harness import netns, world
from harness.api_case import ApiServerCase
from harness.cluster import wait_for
from harness.kube_proxy import KubeProxy

FOLDER = "/proc/sys/net/netfilter"
NUMBERS = {"max": 262144, "buckets": 262144, "count": 0, "tcp_timeout_established": 432000, "tcp_timeout_close_wait": 60,
           "tcp_be_liberal": 0, "udp_timeout": 30, "udp_timeout_stream": 120}
SIXTEEN_GIB = "MemTotal:       16777216 kB"


class Machine:
    """A network namespace with files of its own where the kernel's sizes are, as the initial one has them."""

    def __init__(self, node):
        self.folder = tempfile.mkdtemp(prefix=f"{netns.PREFIX}-{os.getpid()}-")
        with open(f"{self.folder}/meminfo", "w") as file:
            file.write(SIXTEEN_GIB + "\n")
        os.mkdir(f"{self.folder}/netfilter")
        for name, value in NUMBERS.items():
            self.set(name, value)
        self.holder = node.popen(["unshare", "-m", "sh", "-ec", f"mount --bind {self.folder}/netfilter {FOLDER}; "
                                  f"mount --bind {self.folder}/meminfo /proc/meminfo; echo ready; exec sleep infinity"],
                                 stdout=subprocess.PIPE, text=True)
        assert self.holder.stdout.readline() == "ready\n"
        self.enter = ["nsenter", "-t", str(self.holder.pid), "-m", "-n"]

    def path(self, name):
        # Not by /proc/PID/root: files of /proc/sys/net are those of the namespace of whoever looks.
        return f"{self.folder}/netfilter/nf_conntrack_{name}"

    def value(self, name):
        with open(self.path(name)) as file:
            return int(file.read())

    def set(self, name, value):
        with open(self.path(name), "w") as file:
            file.write(f"{value}\n")

    def close(self):
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()
        shutil.rmtree(self.folder)


def fairlead(*arguments, wrapper, status=0):
    """Standard output, or with another status standard error."""
    done = subprocess.run([*wrapper, world.FAIRLEAD, *arguments], capture_output=True, text=True, timeout=30)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stderr if status else done.stdout


def planned(text):
    """Value -> (action, wanted, why), from -o json."""
    return {value["name"].removeprefix("nf_conntrack_"): (value["action"], value["wanted"], value["why"])
            for value in json.loads(text)["values"]}


class SizingTest(unittest.TestCase):
    def setUp(self):
        netns.remove_leftovers()
        self.node = netns.Namespace("node")
        self.addCleanup(self.node.delete)
        self.manifests = tempfile.mkdtemp(prefix=f"{netns.PREFIX}-{os.getpid()}-")
        self.addCleanup(shutil.rmtree, self.manifests)

    def machine(self):
        machine = Machine(self.node)
        self.addCleanup(machine.close)
        return machine

    def agent(self, *arguments, wrapper=()):
        agent = world.Agent(self.node, ["--manifests", self.manifests], arguments, wrapper=wrapper)
        self.addCleanup(agent.close)
        return agent.start()

    def reload(self, agent):
        before = agent.metric('fairlead_config_reloads_total{result="ok"}')
        agent.process.send_signal(signal.SIGHUP)
        wait_for("reload", lambda: agent.metric('fairlead_config_reloads_total{result="ok"}') == before + 1)

    def test_an_agent_does_at_its_start_what_the_plan_says(self):
        machine = self.machine()
        plan = fairlead("conntrack", "plan", wrapper=machine.enter)
        self.assertIn("Memory: 16.0 GiB", plan)
        self.assertRegex(plan, r"nf_conntrack_max +262144 +696320 +1/64 of 16.0 GiB of memory at 384 bytes an entry")
        self.assertRegex(plan, r"nf_conntrack_buckets +262144 +696320 +chains of 2 on average")
        self.assertRegex(plan, r"nf_conntrack_udp_timeout +30 +30 +nothing is configured")
        self.assertRegex(plan, r"nf_conntrack_tcp_timeout_established +432000 +86400 +kube-proxy's default instead of the kernel's, 432000")
        self.assertRegex(plan, r"nf_conntrack_tcp_timeout_close_wait +60 +3600 +kube-proxy's default instead of the kernel's, 60")
        self.assertIn("\n4 values would change.\n", plan)
        self.assertEqual(machine.value("max"), 262144)
        agent = self.agent(wrapper=machine.enter)
        self.assertEqual((machine.value("max"), machine.value("buckets"), machine.value("udp_timeout")), (696320, 696320, 30))
        self.assertEqual((machine.value("tcp_timeout_established"), machine.value("tcp_timeout_close_wait")), (86400, 3600))
        self.assertIn("Nothing would change.\n", fairlead("conntrack", "plan", wrapper=machine.enter))
        agent.kill()
        self.assertEqual(machine.value("max"), 696320)

    def test_a_size_that_something_else_rewrites_is_left_to_it_until_sighup(self):
        machine = self.machine()
        agent = self.agent(wrapper=machine.enter)
        machine.set("max", 262144)
        wait_for("the agent to notice", lambda: agent.status()["problems"])
        self.assertEqual(agent.metric('fairlead_conntrack_value_differs{value="nf_conntrack_max"}'), 1)
        self.assertEqual(machine.value("max"), 262144)
        problem = agent.status()["problems"][0]
        self.assertIn("nf_conntrack_max: something else set it from 696320 to 262144; it is left alone until SIGHUP", problem)
        self.assertEqual(agent.log().count("something else rewrote a value"), 1)
        self.reload(agent)
        self.assertEqual(machine.value("max"), 696320)
        self.assertEqual(agent.status()["problems"], [])

    def test_files_and_flags_are_planned_as_an_agent_would_take_them(self):
        machine = self.machine()
        file = f"{self.manifests}/config.conf"
        with open(file, "w") as text:
            text.write("apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nmode: nftables\n"
                       "conntrack: {maxPerCore: 0, tcpCloseWaitTimeout: 60s}\n")
        plan = planned(fairlead("conntrack", "plan", "--kube-proxy-config", file, "--conntrack-udp-timeout", "31s", "-o", "json",
                                wrapper=machine.enter))
        self.assertEqual(plan["max"], ("keep", None, "nothing is configured"))
        self.assertEqual(plan["tcp_timeout_established"], ("write", 86400, "as configured"))
        self.assertEqual(plan["tcp_timeout_close_wait"], ("keep", 60, "as configured"))
        self.assertEqual(plan["udp_timeout"], ("write", 31, "as configured"))
        wide = fairlead("conntrack", "plan", "--conntrack-min", "900000", "-o", "wide", wrapper=machine.enter)
        self.assertRegex(wide, rf"nf_conntrack_max +262144 +900000 +conntrack.min +{FOLDER}/nf_conntrack_max +at least 900000")
        yaml = fairlead("conntrack", "plan", "-o", "yaml", wrapper=machine.enter)
        self.assertIn('kind: "ConntrackPlan"', yaml)
        self.assertIn("--conntrack-sizing: 'x' is neither automatic nor fixed",
                      fairlead("conntrack", "plan", "--conntrack-sizing", "x", wrapper=machine.enter, status=1))

    def test_a_plan_says_what_cannot_be_changed_here_and_why(self):
        inside = ["ip", "netns", "exec", self.node.name]
        plan = planned(fairlead("conntrack", "plan", "--conntrack-min", "2000000000", "--conntrack-udp-timeout", "32s", "-o", "json", wrapper=inside))
        self.assertEqual(plan["max"], ("blocked", 2000000000, "can be changed in the initial network namespace only (wanted: at least 2000000000)"))
        self.assertEqual(plan["udp_timeout"], ("write", 32, "as configured"))
        read_only = [*inside, "unshare", "-m", "sh", "-ec", 'mount --bind /proc/sys /proc/sys; mount -o remount,ro,bind /proc/sys; exec "$@"', "-"]
        text = fairlead("conntrack", "plan", "--conntrack-udp-timeout", "32s", wrapper=read_only)
        self.assertRegex(text, r"nf_conntrack_udp_timeout +30 +30 +.*Read-only file system \(wanted: as configured\)")
        self.assertIn("Nothing would change.\n3 values would not be as wanted, and cannot be changed here.\n", text, "with two that have defaults")
        without = [*inside, "unshare", "-m", "sh", "-ec", f'mount -t tmpfs none {FOLDER}; exec "$@"', "-"]
        self.assertIn("there is no connection tracking in this network namespace",
                      fairlead("conntrack", "plan", wrapper=without, status=1))

    def test_the_agent_serves_where_there_are_no_files_or_only_read_only_ones(self):
        for setup in (f"mount -t tmpfs none {FOLDER}", "mount --bind /proc/sys /proc/sys; mount -o remount,ro,bind /proc/sys"):
            with self.subTest(setup):
                agent = self.agent("--conntrack-udp-timeout", "32s", wrapper=["unshare", "-m", "sh", "-ec", f'{setup}; exec "$@"', "-"])
                self.assertEqual(self.node.sh(f"cat {FOLDER}/nf_conntrack_udp_timeout"), "30\n")
                agent.close()


class BesideKubeProxyTest(ApiServerCase):
    def setUp(self):
        """The node can change its sizes, and has no agent yet."""
        self.machine = Machine(self.node)
        self.addCleanup(self.machine.close)

    def test_the_agent_stops_when_kube_proxy_rewrites_its_values_and_names_it(self):
        agent = world.Agent(self.node, ["--kubeconfig", self.control.kubeconfig], ["--conntrack-tcp-timeout-close-wait", "61s"],
                            wrapper=self.machine.enter, admin_port=10349, health_port=10356)
        self.addCleanup(agent.close)
        agent.start()
        self.assertEqual((self.machine.value("max"), self.machine.value("tcp_timeout_close_wait")), (696320, 61))
        proxy = KubeProxy(self.node, self.control, "nftables")
        proxy.command = [*self.machine.enter, *[word for word in proxy.command if word not in ("--conntrack-max-per-core", "0")]]
        self.addCleanup(self.node.sh, "nft flush ruleset")
        self.addCleanup(proxy.stop)
        proxy.start([])
        wait_for("kube-proxy to write its timeout", lambda: self.machine.value("tcp_timeout_close_wait") == 3600)
        wait_for("the agent to notice", lambda: agent.status()["problems"])
        problem, = agent.status()["problems"]
        self.assertIn("nf_conntrack_tcp_timeout_close_wait: something else set it from 61 to 3600", problem)
        self.assertIn(f"kube-proxy runs here, pid {proxy.process.pid} ", problem)
        self.assertEqual(self.machine.value("tcp_timeout_close_wait"), 3600)
        self.assertEqual(self.machine.value("max"), 696320)  # kube-proxy raises it only


if __name__ == "__main__":
    unittest.main()
