"""A real Kubernetes control plane in a namespace of its own: etcd, kube-apiserver, kube-controller-manager."""

import http.client
import json
import os
import shutil
import ssl
import subprocess
import tempfile
import time

from . import netns

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../.."))
BIN = os.path.join(ROOT, "build/cluster/bin")
TOKEN = "e2e-admin-token"
SERVICE_RANGE = "10.96.0.0/16,fd00:96::/112"


def wait_for(what, condition, timeout=30, pause=0.05):
    """Until `condition()` is true; its last exception or value is in the failure."""
    deadline = time.monotonic() + timeout
    last = None
    while time.monotonic() < deadline:
        try:
            last = condition()
            if last:
                return last
        except (OSError, http.client.HTTPException, AssertionError, KeyError, ValueError) as error:
            last = error
        time.sleep(pause)
    raise AssertionError(f"not within {timeout} s: {what} (last: {last!r})")


class ApiError(AssertionError):
    def __init__(self, status, body):
        super().__init__(f"API server answered {status}: {body[:500]}")
        self.status = status


class ControlPlane:
    """etcd and kube-apiserver listen inside `namespace`; `address` is what others reach it by."""

    def __init__(self, namespace, address, apiserver_arguments=()):
        for program in ("etcd", "kube-apiserver", "kube-controller-manager"):
            if not os.path.exists(os.path.join(BIN, program)):
                raise AssertionError(f"{BIN}/{program} is missing: run scripts/build-cluster")
        self.namespace = namespace
        self.address = address
        self.apiserver_arguments = apiserver_arguments
        self.folder = tempfile.mkdtemp(prefix=f"{netns.PREFIX}-{os.getpid()}-")
        self.processes = {}
        netns.sh(["openssl", "genrsa", "-out", f"{self.folder}/sa.key", "2048"])
        with open(f"{self.folder}/tokens.csv", "w") as tokens:
            tokens.write(f'{TOKEN},admin,1,"system:masters"\n')
        self.kubeconfig = f"{self.folder}/kubeconfig"
        with open(self.kubeconfig, "w") as file:
            json.dump(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "e2e",
                    "contexts": [{"name": "e2e", "context": {"cluster": "e2e", "user": "admin"}}],
                    "clusters": [
                        {
                            "name": "e2e",
                            "cluster": {
                                "server": f"https://{address}:6443",
                                "certificate-authority": "certs/apiserver.crt",
                                "tls-server-name": "localhost",
                            },
                        }
                    ],
                    "users": [{"name": "admin", "user": {"token": TOKEN}}],
                },
                file,
            )

    def start(self):
        self.start_etcd()
        self.start_apiserver()
        self.start_controller_manager()

    def _spawn(self, name, arguments):
        with open(f"{self.folder}/{name}.log", "a") as log:
            self.processes[name] = self.namespace.popen([os.path.join(BIN, name), *arguments], stdout=log, stderr=subprocess.STDOUT)

    def start_etcd(self):
        urls = ["--listen-client-urls", "http://127.0.0.1:2379", "--advertise-client-urls", "http://127.0.0.1:2379"]
        peers = ["--listen-peer-urls", "http://127.0.0.1:2380", "--initial-advertise-peer-urls", "http://127.0.0.1:2380",
                 "--initial-cluster", "default=http://127.0.0.1:2380"]
        self._spawn("etcd", ["--data-dir", f"{self.folder}/etcd", "--unsafe-no-fsync", "--log-level", "warn",
                             "--quota-backend-bytes", "8000000000", *urls, *peers])

    def start_apiserver(self):
        key = f"{self.folder}/sa.key"
        self._spawn("kube-apiserver", [
            "--etcd-servers", "http://127.0.0.1:2379", "--secure-port", "6443", "--bind-address", "0.0.0.0",
            "--advertise-address", self.address, "--cert-dir", f"{self.folder}/certs",
            "--service-account-key-file", key, "--service-account-signing-key-file", key,
            "--service-account-issuer", "https://kubernetes.default", "--token-auth-file", f"{self.folder}/tokens.csv",
            "--service-cluster-ip-range", SERVICE_RANGE, "--authorization-mode", "RBAC", "--allow-privileged",
            "--disable-admission-plugins", "ServiceAccount", "--endpoint-reconciler-type", "none",
            *self.apiserver_arguments,
        ])
        wait_for("API server ready", lambda: self.request("GET", "/readyz", raw=True) == "ok", timeout=90, pause=0.2)
        # Its back-off after a lost API server grows to half a minute, and is not what is tested.
        if "kube-controller-manager" in self.processes:
            self.kill("kube-controller-manager")
            self.start_controller_manager()

    def start_controller_manager(self):
        self._spawn("kube-controller-manager", [
            "--kubeconfig", self.kubeconfig, "--leader-elect=false", "--bind-address", "127.0.0.1",
            "--controllers", "endpointslice-controller,namespace-controller", "--concurrent-service-endpoint-syncs", "5",
        ])

    def kill(self, name):
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def stop(self):
        for name in list(self.processes):
            self.kill(name)
        shutil.rmtree(self.folder, ignore_errors=True)

    def request(self, method, path, body=None, content_type="application/json", raw=False):
        context = ssl._create_unverified_context()
        with self.namespace.inside():
            connection = http.client.HTTPSConnection("127.0.0.1", 6443, timeout=15, context=context)
            connection.connect()
        try:
            headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": content_type}
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status >= 300:
            raise ApiError(answer.status, text)
        return text if raw else json.loads(text)

    def create(self, path, body):
        return self.request("POST", path, body)

    def patch(self, path, body):
        return self.request("PATCH", path, body, "application/merge-patch+json")

    def delete(self, path):
        return self.request("DELETE", path + "?gracePeriodSeconds=0")
