"""Namespaces in a row: a client, a node that forwards, a server."""

from harness import netns

CLIENT, SERVER = "10.64.1.2", "10.64.2.2"


class Path:
    """A node between a client and a server."""

    def __init__(self, name, stack):
        self.node, self.client, self.server = (self._namespace(f"{name}-{part}", stack) for part in ("node", "client", "server"))
        for end, address, gateway in ((self.client, CLIENT, "10.64.1.1"), (self.server, SERVER, "10.64.2.1")):
            netns.connect(self.node, end.name[-6:], [f"{gateway}/24"], end, "eth0", [f"{address}/24"])
            end.ip("route", "add", "default", "via", gateway)
        self.node.sysctl("net.ipv4.ip_forward", 1)

    @staticmethod
    def _namespace(name, stack):
        namespace = netns.Namespace(name)
        stack.callback(namespace.delete)
        return namespace
