"""The agent as a process: flags, configuration file, signals, rights, what it leaves and what stands in its way."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

from harness import netns, world
from harness.cluster import ROOT, wait_for

NODE = None

SERVICE = """apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec: {ipFamilyPolicy: PreferDualStack, ports: [{name: tcp, port: 80}]}
"""


KUBECONFIG = """{apiVersion: v1, kind: Config, current-context: here,
contexts: [{name: here, context: {cluster: here, user: me}}],
clusters: [{name: here, cluster: {server: "https://127.0.0.1:6443"}}],
users: [{name: me, user: {token: secret}}]}
"""


def setUpModule():
    global NODE
    netns.remove_leftovers()
    NODE = netns.Namespace("node")
    unittest.addModuleCleanup(NODE.delete)


def listening():
    return NODE.sh("ss -Hltn | awk '{print $4}' | sort").split()


class AgentTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix=f"{netns.PREFIX}-{os.getpid()}-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.manifests = f"{self.folder}/manifests"
        os.mkdir(self.manifests)
        self.config = f"{self.folder}/agent.yaml"
        with open(f"{self.manifests}/cart.yaml", "w") as file:
            file.write(SERVICE)

    def configure(self, **fields):
        with open(self.config, "w") as file:
            file.write("apiVersion: fairlead.config/v1alpha1\nkind: AgentConfiguration\n")
            file.writelines(f"{name}: {value}\n" for name, value in fields.items())

    def agent(self, program=world.FAIRLEAD, wrapper=()):
        """An agent that reads the manifests, and the configuration file for all else; not started."""
        agent = world.Agent(NODE, [])
        agent.command = [*wrapper, program, "agent", "--node", "n1", "--manifests", self.manifests, "--config", self.config]
        self.addCleanup(agent.close)
        return agent

    def reload(self, agent, result="ok"):
        name = f'fairlead_config_reloads_total{{result="{result}"}}'
        before = agent.metric(name)
        agent.process.send_signal(signal.SIGHUP)
        wait_for(f"reload {result}", lambda: agent.metric(name) == before + 1)

    def fairlead(self, *arguments):
        """(exit status, standard output, standard error) of a command that ends by itself."""
        done = subprocess.run(["ip", "netns", "exec", NODE.name, world.FAIRLEAD, *arguments],
                              capture_output=True, text=True, timeout=30)
        return done.returncode, done.stdout, done.stderr


class ReloadTest(AgentTest):
    def test_pages_move_on_sighup_even_to_an_address_that_overlaps_the_old_one(self):
        self.configure(healthAddress="0.0.0.0:7001", adminAddress="127.0.0.1:10249")
        agent = self.start_at(7001)
        self.configure(healthAddress="127.0.0.1:7001", adminAddress="127.0.0.1:10249")
        self.reload(agent)
        self.assertEqual(listening(), ["127.0.0.1:10249", "127.0.0.1:7001"])
        self.configure(healthAddress="127.0.0.1:10249", adminAddress="127.0.0.1:7001")
        agent.process.send_signal(signal.SIGHUP)
        wait_for("swapped pages", lambda: agent.get("/readyz", 10249) == "ok\n" and agent.get("/metrics", 7001))

    def test_a_reload_that_cannot_have_one_address_moves_neither(self):
        self.configure(healthAddress="0.0.0.0:7001")
        agent = self.start_at(7001)
        with NODE.inside():
            stranger = socket.create_server(("127.0.0.1", 7002))
        self.addCleanup(stranger.close)
        for _ in range(2):
            self.configure(healthAddress="0.0.0.0:7003", adminAddress="127.0.0.1:7002")
            self.reload(agent, "refused")
            self.assertEqual(listening(), ["0.0.0.0:7001", "127.0.0.1:10249", "127.0.0.1:7002"])
        self.assertIn("listen on 127.0.0.1:7002: Address already in use (kube-proxy or another agent?)", agent.log())
        self.configure(healthAddress="0.0.0.0:7003")
        self.reload(agent)
        self.assertEqual(listening(), ["0.0.0.0:7003", "127.0.0.1:10249", "127.0.0.1:7002"])

    def start_at(self, health_port):
        agent = self.agent().start(wait=False)
        wait_for("agent ready", lambda: agent.get("/readyz", health_port) == "ok\n")
        return agent

    def test_new_ranges_give_new_cluster_ips_and_reach_the_kernel(self):
        self.configure(serviceCIDRs='[10.96.0.0/16, "fd00:96::/112"]')
        agent = self.agent().start()
        self.assertIn("10.96.0.0/16", NODE.sh("nft list set ip fairlead service_cidrs"))
        self.configure(serviceCIDRs='[10.97.0.0/16, "fd00:97::/112"]', clusterCIDRs="[10.64.0.0/11]")
        self.reload(agent)
        wait_for("an address of the new range", lambda: "10.97." in NODE.sh("nft list set ip fairlead cluster_ips"))
        self.assertNotIn("10.96.", NODE.sh("nft list table ip fairlead"))
        self.assertIn("fd00:97::", NODE.sh("nft list set ip6 fairlead cluster_ips"))
        self.assertIn("10.64.0.0/11", NODE.sh("nft list set ip fairlead pod_cidrs"))

    def test_a_new_log_level_and_format_hold_at_once(self):
        self.configure(logLevel="error")
        agent = self.agent().start()
        self.assertEqual(agent.log(), "")
        self.configure(logLevel="debug", logFormat="json")
        self.reload(agent)
        self.assertIn('"level":"info","message":"configuration reloaded"}', agent.log())


class MetricsTest(AgentTest):
    def test_every_documented_metric_exists_from_the_start_and_no_other(self):
        with open(f"{ROOT}/docs/metrics.md") as file:
            documented = set(re.findall(r"`((?:kubeproxy|fairlead|process)_[a-z_]+)", file.read()))
        documented.remove("fairlead_watch_requests_total")  # only with an API server
        documented.remove("fairlead_conntrack_seconds_until_full")  # only while that can be foreseen
        # Only where connections are counted.
        documented -= {"fairlead_service_connections_total", "fairlead_service_denied_connections_total",
                       "fairlead_endpoint_connections_total"}
        documented = {name for name in documented if not name.startswith("fairlead_dns_")}  # only with DNS: test_dns.py
        self.configure()
        exposed = set(re.findall(r"^# TYPE (\S+)", self.agent().start().get("/metrics"), re.MULTILINE))
        self.assertEqual(exposed, documented)

    def test_problems_of_manifests_are_counted_from_the_start(self):
        self.configure()
        with open(f"{self.manifests}/broken.yaml", "w") as file:
            file.write("{")
        agent = self.agent().start()
        self.assertEqual(agent.metric("fairlead_manifest_problems"), 1)
        os.unlink(f"{self.manifests}/broken.yaml")
        wait_for("no problem", lambda: agent.metric("fairlead_manifest_problems") == 0)


class SignalTest(AgentTest):
    def test_it_outlives_the_reader_of_its_log(self):
        self.configure()
        reader, writer = os.pipe()
        agent = self.agent()
        agent.process = NODE.popen(agent.command, stderr=writer, stdout=subprocess.DEVNULL)
        os.close(writer)
        wait_for("agent ready", lambda: agent.get("/readyz", 10256) == "ok\n")
        os.close(reader)
        for _ in range(2):
            self.reload(agent)
        self.assertIsNone(agent.process.poll())


class OneAgentTest(AgentTest):
    def test_a_second_agent_in_the_namespace_is_refused_and_told_of_the_first(self):
        self.configure()
        first = self.agent().start()
        status, _, error = self.fairlead("agent", "--node", "n1", "--manifests", self.manifests, "--health-address", "127.0.0.1:7001",
                                          "--admin-address", "127.0.0.1:7002")
        self.assertEqual(status, 1)
        self.assertIn(f"an agent is running in this network namespace (pid {first.process.pid})", error)
        first.kill()
        self.agent().start()

    def test_cleanup_beside_an_agent_is_refused_but_for_force(self):
        self.configure()
        agent = self.agent().start()
        status, output, error = self.fairlead("cleanup")
        self.assertEqual((status, output), (1, ""))
        self.assertIn(f"(pid {agent.process.pid}): stop it first", error)
        self.assertIn("table ip fairlead", NODE.sh("nft list tables"))
        self.assertEqual(self.fairlead("cleanup", "--force")[0], 0)
        wait_for("tables put back", lambda: "table ip6 fairlead" in NODE.sh("nft list tables"))

    def test_cleanup_says_what_it_removed(self):
        self.configure()
        self.agent().start().kill()
        self.assertEqual(self.fairlead("cleanup"), (0, "removed table ip fairlead\nremoved table ip6 fairlead\n", ""))
        self.assertEqual(self.fairlead("cleanup"), (0, "nothing to remove: fairlead has no table here\n", ""))
        self.assertEqual(NODE.sh("nft list tables"), "")


class FlagTest(AgentTest):
    def test_an_empty_flag_is_refused_and_named(self):
        for flag, text in (("--manifests", ""), ("--service-cidr", ","), ("--node", ""), ("--config", "")):
            with self.subTest(flag=flag):
                status, _, error = self.fairlead("agent", "--check", flag, text)
                self.assertEqual(status, 1)
                self.assertIn(f"{flag}: '{text}' has an empty value", error)

    def test_lists_are_given_with_commas_or_by_repeating_the_flag(self):
        status, output, _ = self.fairlead("agent", "--check", "--manifests", self.manifests, "--cluster-cidr", "10.64.0.0/11,10.32.0.0/11",
                                           "--cluster-cidr", "fd00:64::/48")
        self.assertEqual(status, 0)
        self.assertIn('clusterCIDRs:\n- "10.64.0.0/11"\n- "10.32.0.0/11"\n- "fd00:64::/48"\n', output)

    def test_check_passes_what_the_agent_could_start_with(self):
        with open(f"{self.folder}/kubeconfig", "w") as file:
            file.write(KUBECONFIG)
        for source in (["--manifests", self.manifests], ["--kubeconfig", f"{self.folder}/kubeconfig"], ["--server", "http://127.0.0.1:1"]):
            with self.subTest(source=source):
                status, output, error = self.fairlead("agent", "--check", "--node", "n1", *source)
                self.assertEqual((status, error), (0, ""))
                self.assertIn('nodeName: "n1"', output)

    def test_check_refuses_what_the_agent_could_not_start_with(self):
        with open(f"{self.folder}/kubeconfig", "w") as file:
            file.write(KUBECONFIG)
        with open(f"{self.folder}/no-authority", "w") as file:
            file.write(KUBECONFIG.replace("{server: ", "{certificate-authority: /nowhere/ca.crt, server: "))
        cases = (
            (["--manifests", f"{self.folder}/none"], "fairlead: manifests: " + f"{self.folder}/none: No such file or directory\n"),
            (["--manifests", f"{self.folder}/kubeconfig"], "kubeconfig: Not a directory\n"),
            (["--kubeconfig", f"{self.folder}/none"], f"{self.folder}/none: No such file or directory\n"),
            (["--kubeconfig", f"{self.folder}/kubeconfig", "--context", "test"], "test"),
            (["--kubeconfig", f"{self.folder}/no-authority"], "/nowhere/ca.crt: No such file or directory\n"),
            ([], "KUBERNETES_SERVICE_HOST"),
            (["--kube-proxy-config", f"{self.folder}/none"], f"{self.folder}/none: No such file or directory\n"),
            (["--kube-proxy-config", ""], "--kube-proxy-config: '' has an empty value"),
            (["--config", f"{self.folder}/none"], f"{self.folder}/none: No such file or directory\n"),
            (["--admin-address", "0.0.0.0:10256"], "cannot both be listened on"),
        )
        for source, wanted in cases:
            with self.subTest(source=source):
                status, output, error = self.fairlead("agent", "--check", "--node", "n1", *source)
                self.assertEqual((status, output), (1, ""))
                self.assertIn(wanted, error)
                self.assertTrue(error.startswith("fairlead: "), error)

    def test_what_stops_it_is_json_where_the_log_is(self):
        self.configure(logFormat="json", nodename="n1")
        for arguments in (["--config", self.config], ["--log-format", "json", "--manifests", ""],
                          ["--log-format", "json", "--manifests", f"{self.folder}/none"]):
            with self.subTest(arguments=arguments):
                status, _, error = self.fairlead("agent", *arguments)
                self.assertEqual(status, 1)
                for line in error.splitlines():
                    said = json.loads(line)
                self.assertEqual((said["level"], said["message"]), ("error", "failed"))
                self.assertIn(":" , said["error"])


class KubeProxyConfigTest(AgentTest):
    def setUp(self):
        super().setUp()
        self.file = f"{self.folder}/config.conf"
        shutil.copy(f"{ROOT}/tests/fuzz/corpus/agent_config/kubeadm.yaml", self.file)

    def change(self, old, new):
        with open(self.file) as file:
            text = file.read()
        self.assertIn(old, text)
        with open(self.file, "w") as file:
            file.write(text.replace(old, new))

    def kube_proxy_agent(self):
        """An agent with kube-proxy's file and objects from manifests; not started."""
        self.change("kubeconfig: /var/lib/kube-proxy/kubeconfig.conf", 'kubeconfig: ""')
        agent = world.Agent(NODE, [])
        agent.command = [world.FAIRLEAD, "agent", "--node", "n1", "--manifests", self.manifests, "--kube-proxy-config", self.file]
        self.addCleanup(agent.close)
        return agent

    def test_it_runs_with_the_file_of_kube_proxy_as_kubeadm_writes_it(self):
        agent = self.kube_proxy_agent().start()
        self.assertEqual(listening(), ["0.0.0.0:10256", "127.0.0.1:10249"])
        self.assertIn("10.244.0.0/16", NODE.sh("nft list set ip fairlead pod_cidrs"))
        self.assertEqual(NODE.sh("cat /proc/sys/net/netfilter/nf_conntrack_tcp_timeout_close_wait"), "3600\n")
        self.assertIn("mode: none is given, for which kube-proxy takes iptables", agent.log())

    def test_the_admin_pages_of_kube_proxy_are_there(self):
        agent = self.kube_proxy_agent().start()
        self.assertEqual(agent.get("/proxyMode"), "nftables")
        self.assertEqual(agent.get("/healthz"), "ok")
        self.assertIn('kubernetes_healthchecks_total{name="ping",status="success",type="healthz"} 1\n', agent.get("/metrics/slis"))
        in_effect = json.loads(agent.get("/configz"))
        self.assertEqual(in_effect["kubeproxy.config.k8s.io"]["clusterCIDR"], "10.244.0.0/16,fd00:10:244::/56")
        self.assertEqual(in_effect["fairlead.config"]["conntrack"]["tcpEstablishedTimeout"], "24h0m0s")
        self.assertIn("\ncluster-cidr=10.244.0.0/16,fd00:10:244::/56\n", agent.get("/flagz"))
        status = agent.get("/statusz")
        self.assertRegex(status, r"\nUp: 0 hr 00 min \d\d sec\n")
        paths = status.split("\nPaths: ")[1].split()
        self.assertIn("/statusz", paths)
        for path in paths:
            self.assertFalse(agent.get(path).startswith("no page"), path)
        self.change("10.244.0.0/16", "10.245.0.0/16")
        self.reload(agent)
        self.assertIn("10.245.0.0/16", json.loads(agent.get("/configz"))["fairlead.config"]["clusterCIDRs"])

    def test_it_reads_the_file_again_on_sighup_and_refuses_a_broken_one(self):
        agent = self.kube_proxy_agent().start()
        self.change("10.244.0.0/16", "10.245.0.0/16")
        self.change("udpTimeout: 0s\ndetect", "udpTimeout: 77s\ndetect")
        self.change("oomScoreAdj: null", "oomScoreAdj: 7")  # anyone may raise it
        self.reload(agent)
        with open(f"/proc/{agent.process.pid}/oom_score_adj") as file:
            self.assertEqual(file.read(), "7\n")
        self.assertIn("10.245.0.0/16", NODE.sh("nft list set ip fairlead pod_cidrs"))
        self.assertEqual(NODE.sh("cat /proc/sys/net/netfilter/nf_conntrack_udp_timeout"), "77\n")
        self.assertEqual(agent.log().count("for which kube-proxy takes iptables"), 1, "said once")
        self.change("portRange:", "portrange:")
        self.reload(agent, "refused")
        self.assertIn("config.conf:60: portrange: no such field", agent.log())

    def test_it_starts_beside_kube_proxy_and_takes_the_ports_when_that_goes(self):
        with NODE.inside():
            kube_proxy = socket.create_server(("127.0.0.1", 10249))
        self.addCleanup(kube_proxy.close)
        agent = self.kube_proxy_agent().start()
        self.assertIn("listen on 127.0.0.1:10249: Address already in use (kube-proxy or another agent?)", agent.log())
        kube_proxy.close()
        wait_for("the admin page", lambda: "127.0.0.1:10249" in listening())
        self.assertEqual(json.loads(agent.get("/status", 10249))["problems"], [])

    def test_check_prints_what_it_comes_to_as_a_file_of_our_own(self):
        self.change("kubeconfig: /var/lib/kube-proxy/kubeconfig.conf", 'kubeconfig: ""')
        self.change("portRange: \"\"", "portRange: 1-2")
        flags = ["--manifests", self.manifests, "--node", "n1"]
        status, output, error = self.fairlead("agent", "--kube-proxy-config", self.file, "--check", *flags)
        self.assertEqual(status, 0)
        self.assertIn(f"fairlead: {self.file}:60: portRange: is not used: it means nothing to kube-proxy either\n", error)
        with open(self.config, "w") as file:
            file.write(output)
        self.assertEqual(self.fairlead("agent", "--config", self.config, "--check"), (0, output, ""))

    def test_flags_go_over_it_and_a_second_file_is_refused(self):
        status, output, _ = self.fairlead("agent", "--check", "--kube-proxy-config", self.file, "--cluster-cidr", "10.9.0.0/16",
                                          "--kubeconfig", self.kubeconfig())
        self.assertEqual(status, 0)
        self.assertIn('clusterCIDRs:\n- "10.9.0.0/16"\n', output)
        self.configure()
        status, _, error = self.fairlead("agent", "--check", "--kube-proxy-config", self.file, "--config", self.config)
        self.assertEqual(status, 2)
        self.assertIn("--config excludes --kube-proxy-config", error)

    def kubeconfig(self):
        with open(f"{self.folder}/kubeconfig", "w") as file:
            file.write(KUBECONFIG)
        return f"{self.folder}/kubeconfig"


class RightsTest(AgentTest):
    def test_it_runs_as_nobody_with_net_admin_alone(self):
        self.configure()
        os.chmod(self.folder, 0o755)  # mkdtemp lets only us in
        program = f"{self.folder}/fairlead"
        shutil.copy(world.FAIRLEAD, program)
        agent = self.agent(program, wrapper=["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
                                             "--inh-caps", "-all,+net_admin", "--ambient-caps", "-all,+net_admin",
                                             "--bounding-set", "-all,+net_admin"]).start()
        with open(f"/proc/{agent.process.pid}/status") as file:
            status = dict(line.split(":\t", 1) for line in file)
        self.assertEqual(status["Uid"].split(), ["65534"] * 4)
        self.assertEqual(int(status["CapEff"], 16), 1 << 12, "CAP_NET_ADMIN")
        self.assertIn("tcp . 80", NODE.sh("nft list table ip fairlead"))
        os.unlink(f"{self.manifests}/cart.yaml")
        wait_for("the Service gone", lambda: "tcp . 80" not in NODE.sh("nft list table ip fairlead"))
        NODE.sh("nft flush ruleset")
        wait_for("a repair", lambda: "service_cidrs" in NODE.sh("nft list ruleset"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
