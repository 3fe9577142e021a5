"""The ways to prove to a real kube-apiserver who we are, and what happens when they end."""

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import unittest

from harness import netns, world
from harness.cluster import ROOT, TOKEN, ControlPlane, wait_for

ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
# The proxy that stands between agent and API server in some of the tests: CONNECT for those who may.
PROXY = """
import base64, socket, sys, threading
listener = socket.create_server(("127.0.0.1", 3128))
print("ready", flush=True)
def pump(source, sink):
    while data := source.recv(65536):
        sink.sendall(data)
    sink.shutdown(socket.SHUT_WR)
while True:
    client, _ = listener.accept()
    head = b""
    while b"\\r\\n\\r\\n" not in head:
        head += client.recv(4096)
    if b"Proxy-Authorization: Basic " + base64.b64encode(b"jo:p@ss") not in head:
        client.sendall(b"HTTP/1.1 407 Who\\r\\n\\r\\n")
        client.close()
        continue
    host, port = head.split()[1].decode().rsplit(":", 1)
    server = socket.create_connection((host, int(port)))
    client.sendall(b"HTTP/1.1 200 Go\\r\\n\\r\\n")
    for pair in ((client, server), (server, client)):
        threading.Thread(target=pump, args=pair, daemon=True).start()
"""


def documented_role():
    """The ClusterRole that docs/api-server.md tells people to make."""
    rules = []
    with open(os.path.join(ROOT, "docs/api-server.md")) as page:
        for line in page:
            if line.startswith("    - {apiGroups: "):
                groups, resources, verbs = (part.split("[")[1].split("]")[0] for part in line.split("], ") if "[" in part)
                split = lambda text: [word.strip().strip('"') for word in text.split(",")]  # noqa: E731
                rules.append({"apiGroups": split(groups), "resources": split(resources), "verbs": split(verbs)})
    return rules


class CredentialsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = world.World(pod_count=1)
        cls.addClassCleanup(cls.world.close)
        cls.node = cls.world.node
        cls.control = ControlPlane(cls.world.control, "198.18.0.1")
        cls.addClassCleanup(cls.control.stop)
        cls.folder = cls.control.folder
        cls.make_client_authority()
        cls.control.apiserver_arguments = ["--client-ca-file", f"{cls.folder}/ca.pem"]
        cls.control.start_etcd()
        cls.control.start_apiserver()
        cls.control.create(f"{RBAC}/clusterroles", {"metadata": {"name": "fairlead"}, "rules": documented_role()})
        cls.control.create("/api/v1/namespaces/default/services", cls.service("first"))
        with open(f"{cls.control.folder}/certs/apiserver.crt") as file:
            cls.authority = base64.b64encode(file.read().encode()).decode()

    @classmethod
    def make_client_authority(cls):
        netns.sh(
            f"cd {cls.folder} && openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=ca"
            " && openssl req -newkey rsa:2048 -nodes -keyout user.key -out user.csr -subj /O=system:masters/CN=jo"
            " && openssl x509 -req -in user.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out user.pem")

    @staticmethod
    def service(name):
        return {"metadata": {"name": name}, "spec": {"ports": [{"port": 80}]}}

    def account(self, name, role="fairlead"):
        """A service account with that role, and a token of it. One that is there is made anew: its tokens end."""
        try:
            self.control.delete(f"{ACCOUNTS}/{name}")
        except AssertionError:
            self.control.create(f"{RBAC}/clusterrolebindings", {
                "metadata": {"name": name}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
                "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": "default"}]})
        self.control.create(ACCOUNTS, {"metadata": {"name": name}})
        return self.control.create(f"{ACCOUNTS}/{name}/token", {"spec": {"expirationSeconds": 3600}})["status"]["token"]

    def write(self, name, text, mode=0o644):
        path = os.path.join(self.folder, name)
        with open(path + ".new", "w") as file:
            file.write(text)
        os.chmod(path + ".new", mode)
        os.rename(path + ".new", path)
        return path

    def kubeconfig(self, user, cluster=None, **context):
        right = {"server": "https://198.18.0.1:6443", "certificate-authority-data": self.authority, "tls-server-name": "localhost"}
        return self.write("agent.kubeconfig", json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": context.get("current", "a"),
            "contexts": [{"name": "a", "context": {"cluster": "c", "user": "u"}},
                         {"name": "nobody", "context": {"cluster": "c", "user": "nobody"}}],
            "clusters": [{"name": "c", "cluster": {**right, **(cluster or {})}}],
            "users": [{"name": "u", "user": user}, {"name": "nobody", "user": {"token": "wrong"}}]}))

    def start(self, kubeconfig, *arguments, wait=True):
        agent = world.Agent(self.node, ["--kubeconfig", kubeconfig], arguments)
        self.addCleanup(agent.close)
        return agent.start(wait)

    def names(self, agent):
        return {service["name"] for service in json.loads(agent.get("/services"))["services"]}

    def restart_api_server(self):
        """Every watch ends, and its next request has to say who asks."""
        self.control.kill("kube-apiserver")
        self.control.start_apiserver()

    def expect_news(self, agent):
        """What is created from now on arrives."""
        name = f"news-{os.urandom(4).hex()}"
        self.control.create("/api/v1/namespaces/default/services", self.service(name))
        wait_for(f"Service {name}", lambda: name in self.names(agent), timeout=60, pause=0.2)

    def wait_for_problem(self, agent, text):
        wait_for(f"a problem with {text}", lambda: text in str(agent.status()["problems"]), timeout=60, pause=0.2)

    def test_the_documented_role_is_enough_and_a_token_file_may_rotate(self):
        self.write("token", self.account("rotating") + "\n")
        agent = self.start(self.kubeconfig({"tokenFile": "token"}))
        self.assertIn("first", self.names(agent))
        self.assertEqual(agent.status()["problems"], [])
        token = self.account("rotating")
        self.restart_api_server()
        self.wait_for_problem(agent, "401 Unauthorized: the credentials are not (or no longer) valid")
        self.assertIn("first", self.names(agent), "what was known stays")
        self.write("token", token)
        self.expect_news(agent)
        wait_for("no problem", lambda: agent.status()["problems"] == [], timeout=60, pause=0.2)

    def test_a_token_in_the_kubeconfig_may_rotate(self):
        agent = self.start(self.kubeconfig({"token": self.account("inline")}))
        token = self.account("inline")
        self.restart_api_server()
        self.wait_for_problem(agent, "401")
        self.kubeconfig({"token": token})
        self.expect_news(agent)

    def test_a_client_certificate_proves_who_we_are(self):
        agent = self.start(self.kubeconfig({"client-certificate": "user.pem", "client-key": "user.key"}))
        self.assertIn("first", self.names(agent))

    def test_a_plugin_is_asked_again_once_its_token_is_refused(self):
        self.write("token", self.account("plugin"))
        plugin = self.write("plugin", "#!/bin/sh\necho x >> " + self.folder + "/plugin.runs\nprintf '"
                            '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}'
                            "' $(cat " + self.folder + "/token)\n", 0o755)
        agent = self.start(self.kubeconfig({"exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "command": plugin, "interactiveMode": "Never"}}))
        self.assertIn("first", self.names(agent))
        with open(f"{self.folder}/plugin.runs") as runs:
            self.assertEqual(len(runs.readlines()), 1, "one run for all watches")
        self.write("token", self.account("plugin"))
        self.restart_api_server()
        self.expect_news(agent)

    def test_a_proxy_that_wants_to_know_who_asks(self):
        proxy = self.node.popen([sys.executable, "-c", PROXY], stdout=subprocess.PIPE, text=True)
        self.addCleanup(proxy.stdout.close)
        self.addCleanup(proxy.wait)
        self.addCleanup(proxy.kill)
        self.assertEqual(proxy.stdout.readline(), "ready\n")
        agent = self.start(self.kubeconfig({"token": TOKEN}, {"proxy-url": "http://jo:p%40ss@127.0.0.1:3128"}))
        self.assertIn("first", self.names(agent))
        agent.close()
        agent = self.start(self.kubeconfig({"token": TOKEN}, {"proxy-url": "http://127.0.0.1:3128"}), wait=False)
        self.wait_for_problem(agent, "the proxy answered 407")

    def test_server_and_context_go_over_the_kubeconfig(self):
        config = self.kubeconfig({"token": TOKEN}, {"server": "https://198.18.0.99:1"}, current="nobody")
        agent = self.start(config, "--context", "a", "--server", "https://198.18.0.1:6443")
        self.assertIn("first", self.names(agent))
        agent.close()
        agent = self.start(config, "--server", "https://198.18.0.1:6443", wait=False)
        self.wait_for_problem(agent, "401")

    def test_we_act_as_the_user_that_the_kubeconfig_names(self):
        agent = self.start(self.kubeconfig({"token": TOKEN, "as": "system:serviceaccount:default:jo", "as-groups": ["guests"]}), wait=False)
        self.wait_for_problem(agent, 'User "system:serviceaccount:default:jo" cannot watch resource')

    def take_a_health_check_port(self, name, port):
        """A Service whose healthCheckNodePort somebody else listens on."""
        with self.node.inside():
            taken = socket.create_server(("0.0.0.0", port))
        self.addCleanup(taken.close)
        self.control.create("/api/v1/namespaces/default/services", {"metadata": {"name": name}, "spec": {
            "type": "LoadBalancer", "externalTrafficPolicy": "Local", "healthCheckNodePort": port, "ports": [{"port": 80}]}})
        return taken

    def events(self, name):
        items = self.control.request("GET", "/apis/events.k8s.io/v1/namespaces/default/events")["items"]
        return [event for event in items if event["regarding"].get("name") == name]

    def test_an_event_tells_of_a_health_check_port_that_is_taken(self):
        agent = self.start(self.kubeconfig({"token": self.account("events")}))
        taken = self.take_a_health_check_port("told", 31001)
        wait_for("an Event", lambda: self.events("told"))
        self.expect_news(agent)  # the port is tried again with every change
        [event] = self.events("told")
        self.assertEqual((event["reason"], event["action"], event["type"]), ("FailedToStartServiceHealthcheck", "Listen", "Warning"))
        uid = self.control.request("GET", "/api/v1/namespaces/default/services/told")["metadata"]["uid"]
        self.assertEqual(event["regarding"], {"kind": "Service", "namespace": "default", "name": "told", "uid": uid, "apiVersion": "v1"})
        self.assertIn("node n1 does not answer health checks on port 31001: listen on ", event["note"])
        taken.close()
        self.expect_news(agent)
        wait_for("no problem", lambda: agent.status()["problems"] == [])
        self.assertEqual(len(self.events("told")), 1)

    def test_without_the_right_to_write_events_all_else_works(self):
        rules = [rule for rule in documented_role() if rule["resources"] != ["events"]]
        self.control.create(f"{RBAC}/clusterroles", {"metadata": {"name": "silent"}, "rules": rules})
        agent = self.start(self.kubeconfig({"token": self.account("silent", "silent")}))
        self.take_a_health_check_port("untold", 31002)
        wait_for("a word in the log", lambda: "the account needs the verb create on events.events.k8s.io" in agent.log())
        self.expect_news(agent)
        self.assertEqual(self.events("untold"), [])

    def trace(self, agent, source):
        return agent.get(f"/trace?source={source}&destination=first.default&port=80&namespace=default")

    def test_a_trace_finds_a_pod_in_the_api_server_if_the_account_may_look(self):
        pods = "/api/v1/namespaces/default/pods"
        self.control.create(pods, {"metadata": {"name": "web"}, "spec": {"nodeName": "n1", "containers": [{"name": "c", "image": "none"}]}})
        agent = self.start(self.kubeconfig({"token": self.account("tracer")}))
        self.assertIn("the Pod default/web has no address yet", self.trace(agent, "pod/web"))
        self.control.patch(f"{pods}/web/status", {"status": {"podIP": "10.64.3.7", "podIPs": [{"ip": "10.64.3.7"}]}})
        traced = json.loads(self.trace(agent, "pod/web"))
        self.assertEqual(traced["packet"]["source"], "10.64.3.7")
        self.assertEqual(self.trace(agent, "pod/none"), "there is no Pod default/none\n")
        self.assertIn("is no name of a Pod", self.trace(agent, "pod/a..b"))
        # Everything else is answered while the API server takes its time.
        pid = self.control.processes["kube-apiserver"].pid
        os.kill(pid, signal.SIGSTOP)
        try:
            asked = threading.Thread(target=self.trace, args=(agent, "pod/web"), daemon=True)
            asked.start()
            for _ in range(5):
                self.assertEqual(agent.get("/healthz"), "ok")
        finally:
            os.kill(pid, signal.SIGCONT)
        asked.join()
        rules = [rule for rule in documented_role() if rule["resources"] != ["pods"]]
        self.control.create(f"{RBAC}/clusterroles", {"metadata": {"name": "blind"}, "rules": rules})
        agent.close()
        agent = self.start(self.kubeconfig({"token": self.account("blind", "blind")}))
        self.assertIn("the agent's account may not look for the Pod default/web: it needs the verb get on pods", self.trace(agent, "pod/web"))
        self.assertEqual(json.loads(self.trace(agent, "10.64.3.7"))["packet"]["source"], "10.64.3.7")

    def test_nothing_is_programmed_before_services_and_endpoint_slices_are_known(self):
        self.control.create(f"{RBAC}/clusterroles", {"metadata": {"name": "half"}, "rules": [
            {"apiGroups": [""], "resources": ["services", "nodes", "namespaces"], "verbs": ["list", "watch"]}]})
        agent = self.start(self.kubeconfig({"token": self.account("half", "half")}), wait=False)
        self.wait_for_problem(agent, "the account needs the verbs list and watch on endpointslices")
        ready = agent.get("/readyz", 10256)
        self.assertIn("waiting for the first full list of Services and EndpointSlices", ready)
        self.assertIn("endpointslices", ready)
        self.assertNotIn("fairlead", self.node.sh("nft list tables"))
        self.control.create(f"{RBAC}/clusterrolebindings", {
            "metadata": {"name": "other-half"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "fairlead"},
            "subjects": [{"kind": "ServiceAccount", "name": "half", "namespace": "default"}]})
        wait_for("ready", lambda: agent.get("/readyz", 10256) == "ok\n", timeout=60, pause=0.2)
        self.assertIn("fairlead", self.node.sh("nft list tables"))


if __name__ == "__main__":
    unittest.main()
