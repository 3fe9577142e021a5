"""CoreDNS with an API server, at 127.0.0.1 of the API server's namespace."""

import os
import socket
import struct
import subprocess

from . import netns
from .cluster import BIN, ControlPlane

COREFILE = """.:53 {
    bind 127.0.0.1
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        kubeconfig %s
        pods %s
        fallthrough in-addr.arpa ip6.arpa
    }
}
"""


def start_control_plane(test_class, address):
    """An API server and nothing else, in a namespace of its own that has `address`; it ends with the class."""
    namespace = netns.Namespace("dns")
    test_class.addClassCleanup(namespace.delete)
    namespace.ip("link", "add", "own", "type", "veth", "peer", "name", "other")
    namespace.ip("address", "add", f"{address}/24", "dev", "own")
    for link in ("own", "other"):
        namespace.ip("link", "set", link, "up")
    control = ControlPlane(namespace, address)
    test_class.addClassCleanup(control.stop)
    control.start_etcd()
    control.start_apiserver()
    return control


def question(name, kind):
    """A query for `name` in the type of number `kind`."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split(".") if label)
    return struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", kind, 1)


class Asker:
    """Sends queries over UDP to a server in a namespace; `ask` gives the whole reply."""

    def __init__(self, namespace, address, source="0.0.0.0"):
        with namespace.inside():
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((source, 0))
        self._socket.settimeout(3)
        self._socket.connect((address, 53))

    def ask(self, name, kind):
        self._socket.send(question(name, kind))
        return self._socket.recv(65535)

    def close(self):
        self._socket.close()


class CoreDns(Asker):
    def __init__(self, control, pods="insecure"):
        path = f"{control.folder}/Corefile"
        with open(path, "w") as file:
            file.write(COREFILE % (control.kubeconfig, pods))
        with open(f"{control.folder}/coredns.log", "w") as log:
            self._process = control.namespace.popen([os.path.join(BIN, "coredns"), "-conf", path], stdout=log, stderr=subprocess.STDOUT)
        super().__init__(control.namespace, "127.0.0.1")

    def close(self):
        super().close()
        self._process.kill()
        self._process.wait()
