"""Thousands of Services in an API server within seconds: the objects go straight into etcd, before the server starts."""

import base64
import contextlib
import http.client
import ipaddress
import json

from harness import netns
from harness.cluster import ControlPlane, wait_for

NAMESPACE = "bench"
_FIRST_SERVICE = int(ipaddress.IPv4Address("10.96.1.0"))
_FIRST_ENDPOINT = int(ipaddress.IPv4Address("10.65.0.0"))
# Services that are exposed: a NodePort each, of a range that is large enough, and affinity of clients.
_FIRST_NODE_PORT = 20000
_API_SERVER_ARGUMENTS = ("--service-node-port-range", "20000-60000")
_ENDPOINTS_A_SLICE = 100  # as many as the EndpointSlice controller puts into one
# etcd takes 128 operations and 1.5 MiB a transaction; values travel as base64.
_OPERATIONS_A_TRANSACTION = 100
_BYTES_A_TRANSACTION = 700_000
_MADE = "2026-01-01T00:00:00Z"


def service_address(number):
    return str(ipaddress.IPv4Address(_FIRST_SERVICE + number))


def service_name(number):
    return f"service-{number}"


def slice_name(service, number=0):
    return f"{service_name(service)}-{number}"


def _metadata(name, number, **more):
    uid = f"00000000-0000-4000-8000-{number:012x}"
    return {"name": name, "namespace": NAMESPACE, "uid": uid, "creationTimestamp": _MADE, **more}


def node_port(number):
    return _FIRST_NODE_PORT + number


def exposed(number):
    """What an exposed Service has beside a plain one."""
    return {
        "type": "NodePort", "externalTrafficPolicy": "Cluster", "sessionAffinity": "ClientIP",
        "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10800}},
        "ports": [{"name": "http", "protocol": "TCP", "port": 80, "targetPort": 8080, "nodePort": node_port(number)}],
    }


def service(number, more=None):
    address = service_address(number)
    return {
        "apiVersion": "v1", "kind": "Service", "metadata": _metadata(service_name(number), number),
        "spec": {
            "type": "ClusterIP", "clusterIP": address, "clusterIPs": [address], "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack", "sessionAffinity": "None", "internalTrafficPolicy": "Cluster",
            "selector": {"app": service_name(number)},
            "ports": [{"name": "http", "protocol": "TCP", "port": 80, "targetPort": 8080}],
            **(more or {}),
        },
        "status": {"loadBalancer": {}},
    }


def ip_address(number):
    """Claims the ClusterIP; without it the API server's repair loop gives up and the server exits."""
    labels = {"ipaddress.kubernetes.io/ip-family": "IPv4", "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io"}
    parent = {"group": "", "resource": "services", "namespace": NAMESPACE, "name": service_name(number)}
    metadata = _metadata(service_address(number), number, labels=labels)
    del metadata["namespace"]
    return {"apiVersion": "networking.k8s.io/v1", "kind": "IPAddress", "metadata": metadata, "spec": {"parentRef": parent}}


def endpoint(address, number):
    return {
        "addresses": [address], "conditions": {"ready": True, "serving": True, "terminating": False},
        "nodeName": f"node-{number % 100}", "zone": f"zone-{number % 3}",
        "targetRef": {"kind": "Pod", "namespace": NAMESPACE, "name": f"pod-{number}-x7k2p",
                      "uid": f"00000000-0000-4000-9000-{number:012x}"},
    }


def endpoint_slices(number, endpoints, address_of):
    for part, first in enumerate(range(0, endpoints, _ENDPOINTS_A_SLICE)):
        numbers = range(number * endpoints + first, number * endpoints + min(first + _ENDPOINTS_A_SLICE, endpoints))
        labels = {"kubernetes.io/service-name": service_name(number),
                  "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}
        yield slice_name(number, part), {
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": _metadata(slice_name(number, part), number, labels=labels),
            "endpoints": [endpoint(address_of(each), each) for each in numbers],
            "ports": [{"name": "http", "protocol": "TCP", "port": 8080}],
        }


def pod_address(number):
    return str(ipaddress.IPv4Address(_FIRST_ENDPOINT + number))


def objects(services, endpoints, address_of=pod_address, more_of=lambda number: None):
    """(etcd key, object) of a cluster of this shape; `address_of` gives the address of an endpoint by its number, `more_of` what is
    in the spec of a Service beside (such as `exposed`)."""
    for number in range(services):
        yield f"/registry/services/specs/{NAMESPACE}/{service_name(number)}", service(number, more_of(number))
        yield f"/registry/ipaddresses/{service_address(number)}", ip_address(number)
        for name, each in endpoint_slices(number, endpoints, address_of):
            yield f"/registry/endpointslices/{NAMESPACE}/{name}", each


class _Etcd:
    """The JSON gateway of an etcd that listens in a namespace."""

    def __init__(self, namespace):
        with namespace.inside():
            self._connection = http.client.HTTPConnection("127.0.0.1", 2379, timeout=60)
            self._connection.connect()

    def post(self, path, body):
        self._connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        text = answer.read().decode()
        if answer.status != 200:
            raise AssertionError(f"etcd {path}: {answer.status} {text[:500]}")

    def close(self):
        self._connection.close()


def _is_up(namespace):
    with contextlib.closing(_Etcd(namespace)) as etcd:
        etcd.post("/v3/kv/range", json.dumps({"key": base64.b64encode(b"/").decode()}))
    return True


def fill(control, shape):
    """Puts `objects` into the etcd of `control`, which runs, while its API server does not."""
    wait_for("etcd", lambda: _is_up(control.namespace), timeout=30)
    with contextlib.closing(_Etcd(control.namespace)) as etcd:
        operations, size_bytes = [], 0
        for key, value in shape:
            text = base64.b64encode(json.dumps(value, separators=(",", ":")).encode()).decode()
            operations.append({"requestPut": {"key": base64.b64encode(key.encode()).decode(), "value": text}})
            size_bytes += len(text)
            if len(operations) >= _OPERATIONS_A_TRANSACTION or size_bytes >= _BYTES_A_TRANSACTION:
                etcd.post("/v3/kv/txn", json.dumps({"success": operations}))
                operations, size_bytes = [], 0
        if operations:
            etcd.post("/v3/kv/txn", json.dumps({"success": operations}))


@contextlib.contextmanager
def running(*arguments, **named):
    """A control plane in a namespace of its own that holds `objects(...)` of these arguments and the node n1."""
    with contextlib.ExitStack() as stack:
        namespace = netns.Namespace("control")
        stack.callback(namespace.delete)
        control = ControlPlane(namespace, "198.18.0.1", _API_SERVER_ARGUMENTS)
        stack.callback(control.stop)
        _bring_up(control, *arguments, **named)
        yield control


def _bring_up(control, *arguments, **named):
    control.start_etcd()
    fill(control, objects(*arguments, **named))
    control.start_apiserver()
    control.create("/api/v1/nodes", {"metadata": {"name": "n1"}})
    control.patch("/api/v1/nodes/n1/status", {"status": {"addresses": [{"type": "InternalIP", "address": "198.18.0.2"}]}})
