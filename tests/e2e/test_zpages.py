"""/statusz and /flagz beside those of the real kube-proxy: the same lines, the same objects, the same content negotiation."""

import http.client
import json
import re
import unittest

import yaml

from harness import world
from harness.api_case import ApiServerCase
from harness.cluster import wait_for
from harness.kube_proxy import KubeProxy

AGENT_PORT = 10349
KUBE_PROXY_PORT = 10249
KINDS = {"/statusz": "Statusz", "/flagz": "Flagz"}
# kube-proxy takes another separator each time it starts, so that nobody relies on it.
SEPARATOR = "(?:: |:|=| )"
STATUSZ = rf"""
NAME statusz
Warning: [^\n]+

Started{SEPARATOR} ?\w{{3}} \w{{3}} [ \d]\d \d\d:\d\d:\d\d UTC \d{{4}}
Up{SEPARATOR} ?\d+ hr \d\d min \d\d sec
Go version{SEPARATOR} ?[^\n]+
Binary version{SEPARATOR} ?\d+\.\d+\.\d+
Emulation version{SEPARATOR} ?1\.37
Paths{SEPARATOR} ?/[\w-]+(?: /[\w-]+)*
"""
FLAGZ = rf"""
NAME flagz
Warning: [^\n]+
(?:[a-z][a-z0-9-]*{SEPARATOR}[^\n]*\n)+"""


def object_of(kind, version="v1beta1"):
    return f";as={kind};v={version};g=config.k8s.io"


class ZPagesTest(ApiServerCase):
    def setUp(self):
        self.agent = world.Agent(self.node, ["--kubeconfig", self.control.kubeconfig], admin_port=AGENT_PORT, health_port=10356).start()
        self.addCleanup(self.agent.close)
        self.proxy = KubeProxy(self.node, self.control, "nftables").start([])
        self.addCleanup(self.node.sh, "nft flush ruleset")
        self.addCleanup(self.proxy.stop)
        wait_for("kube-proxy's pages", lambda: self.get(KUBE_PROXY_PORT, "/statusz")[0] == 200, timeout=60)

    def get(self, port, path, accept=None):
        """(status, media type, Warning or not, body)"""
        with self.node.inside():
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            try:
                connection.connect()
            except OSError:
                return 0, None, False, ""
        connection.request("GET", path, headers={"Accept": accept} if accept is not None else {})
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, answer.getheader("Content-Type").split(";")[0], answer.getheader("Warning") is not None, body

    def both(self, path, accept=None):
        """The answers of kube-proxy and of the agent."""
        return self.get(KUBE_PROXY_PORT, path, accept), self.get(AGENT_PORT, path, accept)

    def test_text_has_the_lines_of_kube_proxys(self):
        for path, lines in (("/statusz", STATUSZ), ("/flagz", FLAGZ)):
            for (status, media_type, _, body), name in zip(self.both(path), ("kube-proxy", "fairlead")):
                with self.subTest(path=path, of=name):
                    self.assertEqual((status, media_type), (200, "text/plain"))
                    self.assertRegex(body, "^" + lines.replace("NAME", name) + "$")
                    flags = [re.split("[:= ]", line)[0] for line in body.splitlines()[3:]]
                    self.assertTrue(path == "/statusz" or flags == sorted(flags), "flags are sorted by name")

    def test_paths_are_of_pages_that_are_there(self):
        for port in (KUBE_PROXY_PORT, AGENT_PORT):
            paths = json.loads(self.get(port, "/statusz", "application/json" + object_of("Statusz"))[3])["paths"]
            self.assertEqual(paths, sorted(set(paths)))
            self.assertIn("/metrics", paths)
            for path in set(paths) - {"/debug"}:
                self.assertIn(self.get(port, path)[0], (200, 400), path)

    def test_objects_have_the_fields_of_kube_proxys(self):
        for path, kind in KINDS.items():
            for media_type, load in (("application/json", json.loads), ("application/yaml", yaml.safe_load)):
                for version in ("v1beta1", "v1alpha1"):
                    theirs, ours = self.both(path, media_type + object_of(kind, version))
                    with self.subTest(path=path, media_type=media_type, version=version):
                        self.assertEqual(ours[:3], theirs[:3])
                        self.assertEqual(ours[1], media_type)
                        their_object, our_object = load(theirs[3]), load(ours[3])
                        self.assertEqual((our_object["kind"], our_object["apiVersion"]), (kind, f"config.k8s.io/{version}"))
                        self.assertEqual((our_object.pop("metadata"), their_object.pop("metadata")), ({"name": "fairlead"}, {"name": "kube-proxy"}))
                        self.assertEqual({name: type(value) for name, value in our_object.items()},
                                         {name: type(value) for name, value in their_object.items()})
                        for flags in (our_object.get("flags", {}), their_object.get("flags", {})):
                            self.assertEqual({type(value) for value in flags.values()} - {str}, set())

    def test_content_is_negotiated_as_kube_proxy_does(self):
        for path, kind in KINDS.items():
            other = "Flagz" if kind == "Statusz" else "Statusz"
            for accept in (None, "", "*/*", "text/plain", "text/*", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                           "application/json", "application/yaml", "text/html", "application/vnd.kubernetes.protobuf",
                           "application/json, text/plain;q=0.5", "application/json" + object_of(kind) + ",text/plain;q=0.9",
                           "text/plain;q=0.4,application/yaml" + object_of(kind) + ";q=0.6", "application/*" + object_of(kind),
                           "*/*" + object_of(kind), "text/plain" + object_of(kind), "application/json" + object_of(other),
                           "application/json" + object_of(kind, "v1"), "application/json;as=" + kind,
                           "application/json" + object_of(other) + ",application/yaml" + object_of(kind), "nonsense"):
                theirs, ours = self.both(path, accept)
                with self.subTest(path=path, accept=accept):
                    self.assertEqual(ours[:3], theirs[:3])
                    if theirs[0] == 406:
                        their_status, our_status = yaml.safe_load(theirs[3]), yaml.safe_load(ours[3])
                        self.assertIn("text/plain", their_status.pop("message"))
                        self.assertIn("text/plain", our_status.pop("message"))
                        self.assertEqual(our_status, their_status)


if __name__ == "__main__":
    unittest.main()
