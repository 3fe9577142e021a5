#!/usr/bin/env python3
"""Makes the files of this folder anew: what a real kube-apiserver answers for a few objects, as JSON and as protobuf.

Run as root after scripts/build-cluster. The same request gives NAME.json and NAME.pb; decode_golden_test.cpp compares them.
"""

import http.client
import os
import ssl
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(FOLDER, "../../../e2e"))

from harness import netns  # noqa: E402
from harness.cluster import TOKEN, ControlPlane, wait_for  # noqa: E402

PROTOBUF = "application/vnd.kubernetes.protobuf"
SPACE = "/api/v1/namespaces/golden"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/golden/endpointslices"


CIDRS = "/apis/networking.k8s.io/v1/servicecidrs"


def service(name, **spec):
    annotations = {"fairlead.io/consistent-hashing": "true", "other.example/note": "x"} if name == "cart" else {}
    return {"metadata": {"name": name, "labels": {"team": "cart"}, "annotations": annotations}, "spec": spec}


def port(name, number, **rest):
    return {"name": name, "port": number, **rest}


def names(values):
    return [{"name": value} for value in values]


def endpoint(address, node, zone, ready, serving, terminating, zones=(), nodes=()):
    made = {
        "addresses": [address],
        "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
        "nodeName": node,
        "zone": zone,
    }
    if zones or nodes:
        made["hints"] = {"forZones": names(zones), "forNodes": names(nodes)}
    return made


def slice_of(name, family, endpoints, ports):
    return {
        "metadata": {
            "name": name,
            "labels": {"kubernetes.io/service-name": "cart"},
            "annotations": {"endpoints.kubernetes.io/last-change-trigger-time": "2026-11-24T12:00:00.5Z"},
        },
        "addressType": family,
        "endpoints": endpoints,
        "ports": ports,
    }


def create_services(control):
    control.create(SPACE + "/services", service(
        "cart", type="LoadBalancer", clusterIP="10.96.1.1", clusterIPs=["10.96.1.1", "fd00:96::11"],
        ipFamilyPolicy="RequireDualStack", ipFamilies=["IPv4", "IPv6"], selector={"app": "cart", "tier": "web"},
        ports=[port("http", 80, targetPort="web", nodePort=30080, appProtocol="kubernetes.io/h2c"),
               port("dns", 53, protocol="UDP", targetPort=5353, nodePort=30053),
               port("sig", 9, protocol="SCTP", nodePort=30009)],
        externalIPs=["192.0.2.7"], loadBalancerSourceRanges=["198.51.100.0/24", "2001:db8::/32"],
        sessionAffinity="ClientIP", sessionAffinityConfig={"clientIP": {"timeoutSeconds": 600}},
        externalTrafficPolicy="Local", internalTrafficPolicy="Local", healthCheckNodePort=30555,
        publishNotReadyAddresses=True, trafficDistribution="PreferSameZone"))
    control.patch(SPACE + "/services/cart/status", {"status": {"loadBalancer": {"ingress": [
        {"ip": "203.0.113.1"}, {"ip": "203.0.113.2", "ipMode": "Proxy"}, {"ip": "203.0.113.3", "ipMode": "VIP"},
        {"hostname": "lb.example"}]}}})
    control.create(SPACE + "/services", service(
        "blanks", type="LoadBalancer", clusterIP="10.96.1.2", ports=[port("a", 1)],
        loadBalancerSourceRanges=[" 10.0.0.0/8", "10.1.0.0/16 "]))
    control.create(SPACE + "/services", service("headless", clusterIP="None", ports=[port("a", 1)]))
    control.create(SPACE + "/services", service("outside", type="ExternalName", externalName="shop.example"))
    other = service("foreign", ports=[port("a", 1)])
    other["metadata"]["labels"]["service.kubernetes.io/service-proxy-name"] = "other"
    control.create(SPACE + "/services", other)


def create_slices(control):
    control.create(SLICES, slice_of("cart-v4", "IPv4", [
        endpoint("10.64.0.1", "n1", "a", True, True, False, ["a", "b"], ["n1"]),
        endpoint("10.64.0.2", "n2", "b", False, True, True, ["b"]),
        endpoint("10.64.0.3", "n1", "a", False, False, False, ["a"], ["n1", "n3"]),
        {"addresses": ["10.64.0.4"]}], [port("http", 8080), {"name": "dns", "port": 5353, "protocol": "UDP"}]))
    control.create(SLICES, slice_of("cart-v6", "IPv6", [
        endpoint("fd00:64::1", "n1", "a", True, True, False)], [{"name": "", "port": 8080}]))
    control.create(SLICES, slice_of("cart-fqdn", "FQDN", [{"addresses": ["a.example"]}], [port("http", 8080)]))
    control.create(SLICES, slice_of("cart-empty", "IPv4", [], []))


def create_others(control):
    control.create("/api/v1/nodes", {
        "metadata": {"name": "n1", "labels": {"topology.kubernetes.io/zone": "a", "rack": "7"}},
        "spec": {"podCIDR": "10.64.0.0/24", "podCIDRs": ["10.64.0.0/24", "fd00:64::/64"]}})
    control.patch("/api/v1/nodes/n1/status", {"status": {"addresses": [
        {"type": "InternalIP", "address": "192.0.2.1"}, {"type": "ExternalIP", "address": "2001:db8::1"},
        {"type": "Hostname", "address": "n1"}]}})
    control.create(SPACE + "/pods", {
        "metadata": {"name": "cart-0", "labels": {"app": "cart"}, "finalizers": ["fairlead.example/keep"]},
        "spec": {"nodeName": "n1", "hostNetwork": True, "automountServiceAccountToken": False, "containers": [
            {"name": "web", "image": "web", "ports": [{"name": "web", "containerPort": 8080},
                                                      {"name": "dns", "containerPort": 5353, "protocol": "UDP"}]},
            {"name": "side", "image": "side", "ports": [{"containerPort": 9090}]}]}})
    control.patch(SPACE + "/pods/cart-0/status", {"status": {
        "phase": "Running", "podIP": "10.64.0.1", "podIPs": [{"ip": "10.64.0.1"}, {"ip": "fd00:64::1"}],
        "conditions": [{"type": "Initialized", "status": "True"}, {"type": "Ready", "status": "True"}]}})
    control.request("DELETE", SPACE + "/pods/cart-0?gracePeriodSeconds=30")


def create_service_cidrs(control):
    """That of the API server itself, and one that is being deleted."""
    control.create(CIDRS, {"metadata": {"name": "leaving", "finalizers": ["fairlead.example/keep"]},
                           "spec": {"cidrs": ["10.112.0.0/16"]}})
    control.patch(f"{CIDRS}/leaving/status", {"status": {"conditions": [
        {"type": "Ready", "status": "False", "reason": "Terminating", "message": "",
         "lastTransitionTime": "2026-11-24T12:00:00Z"}]}})
    control.request("DELETE", f"{CIDRS}/leaving")


def get(control, path, accept, token=TOKEN):
    """Status and body of an answer, to its end."""
    context = ssl._create_unverified_context()
    with control.namespace.inside():
        connection = http.client.HTTPSConnection("127.0.0.1", 6443, timeout=30, context=context)
        connection.connect()
    connection.request("GET", path, headers={"Accept": accept, **({"Authorization": f"Bearer {token}"} if token else {})})
    answer = connection.getresponse()
    body = answer.read()
    print(f"{answer.status} {answer.getheader('Content-Type')} {len(body):6} {path}")
    connection.close()
    return body


def capture(control, name, path, **kwargs):
    for suffix, accept in (("json", "application/json"), ("pb", PROTOBUF)):
        with open(os.path.join(FOLDER, f"{name}.{suffix}"), "wb") as file:
            file.write(get(control, path, accept, **kwargs))


def capture_all(control):
    for name in ("cart", "blanks", "headless", "outside", "foreign"):
        capture(control, f"service-{name}", f"{SPACE}/services/{name}")
    for name in ("cart-v4", "cart-v6", "cart-fqdn", "cart-empty"):
        capture(control, f"slice-{name}", f"{SLICES}/{name}")
    capture(control, "node", "/api/v1/nodes/n1")
    capture(control, "namespace", SPACE)
    capture(control, "pod", f"{SPACE}/pods/cart-0")
    for name in ("kubernetes", "leaving"):
        capture(control, f"service-cidr-{name}", f"{CIDRS}/{name}")
    capture(control, "list-service-cidrs", CIDRS)
    capture(control, "list-services-page", f"{SPACE}/services?limit=3")
    capture(control, "list-slices", SLICES)
    streaming = "watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=1"
    capture(control, "watch-services", f"{SPACE}/services?{streaming}")
    capture(control, "watch-slices", f"{SLICES}?{streaming}")
    capture(control, "refused", f"{SPACE}/services?watch=true&sendInitialEvents=true")
    capture(control, "forbidden", f"{SPACE}/services", token=None)
    control.delete(f"{SPACE}/services/foreign")
    version = control.request("GET", "/api/v1/services?limit=1")["metadata"]["resourceVersion"]
    control.patch(f"{SPACE}/services/cart", {"spec": {"selector": {"app": "cart2"}}})
    control.delete(f"{SPACE}/services/outside")
    capture(control, "watch-changes", f"{SPACE}/services?watch=true&resourceVersion={version}&timeoutSeconds=1")
    control.kill("kube-apiserver")
    control.start_apiserver()
    capture(control, "watch-gone", f"{SPACE}/services?watch=true&resourceVersion=1&timeoutSeconds=1")


def main():
    namespace = netns.Namespace("golden")
    control = ControlPlane(namespace, "127.0.0.1")
    try:
        control.start_etcd()
        control.start_apiserver()
        control.create("/api/v1/namespaces", {"metadata": {"name": "golden", "labels": {"team": "cart"}}})
        wait_for("service account", lambda: control.request("GET", SPACE))
        create_services(control)
        create_slices(control)
        create_others(control)
        create_service_cidrs(control)
        capture_all(control)
    finally:
        control.stop()
        namespace.delete()


if __name__ == "__main__":
    main()
