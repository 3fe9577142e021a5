"""Objects of one test in the API server: a namespace with Services and Pods."""

from . import world
from .cluster import wait_for

_number = 0


class Shop:
    def __init__(self, control, pods):
        global _number
        _number += 1
        self.control = control
        self.name = f"shop{_number}"
        self.path = f"/api/v1/namespaces/{self.name}"
        self.pods = pods
        control.create("/api/v1/namespaces", {"metadata": {"name": self.name}})

    def service(self, name="cart", **spec):
        """Creates a Service (dual-stack, port 80 to the workload's port, selecting its name); gives its ClusterIPs."""
        spec = {
            "ipFamilyPolicy": "PreferDualStack",
            "selector": {"app": name},
            "ports": [{"name": "tcp", "port": 80, "targetPort": world.PORT},
                      {"name": "udp", "protocol": "UDP", "port": 80, "targetPort": world.PORT}],
            **spec,
        }
        made = self.control.create(f"{self.path}/services", {"metadata": {"name": name}, "spec": spec})
        return made["spec"].get("clusterIPs", [])

    def addresses(self, name="cart"):
        """The ClusterIPs of a Service."""
        return self.control.request("GET", f"{self.path}/services/{name}")["spec"]["clusterIPs"]

    def pod(self, pod, app="cart", ready=True):
        """Creates the Pod object whose address the namespace of `pod` has."""
        self.control.create(f"{self.path}/pods", {
            "metadata": {"name": pod.name, "labels": {"app": app}},
            "spec": {"nodeName": pod.node_name, "containers": [{"name": "c", "image": "none"}]},
        })
        self.set_ready(pod, ready)

    def set_ready(self, pod, ready):
        self.control.patch(f"{self.path}/pods/{pod.name}/status", {"status": {
            "phase": "Running", "podIP": pod.addresses[0], "podIPs": [{"ip": address} for address in pod.addresses],
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
        }})

    def wait_for_slices(self, pods, service="cart"):
        """Until the API server has slices of the Service with just these Pods, ready."""
        path = f"/apis/discovery.k8s.io/v1/namespaces/{self.name}/endpointslices?labelSelector=kubernetes.io/service-name%3D{service}"
        wanted = {address for pod in pods for address in pod.addresses}

        def ready():
            return {address for each in self.control.request("GET", path)["items"] for endpoint in each["endpoints"] or []
                    if endpoint["conditions"]["ready"] for address in endpoint["addresses"]}

        wait_for("slices in the API server", lambda: ready() == wanted)

    def delete_pod(self, pod):
        self.control.delete(f"{self.path}/pods/{pod.name}")

    def delete_service(self, name="cart"):
        self.control.delete(f"{self.path}/services/{name}")

    def delete(self):
        for kind in ("services", "pods"):
            for item in self.control.request("GET", f"{self.path}/{kind}")["items"]:
                self.control.delete(f"{self.path}/{kind}/{item['metadata']['name']}")
