"""A client that never stops sending UDP, and what conntrack on the node knows of its flow."""

import re
import socket
import time

from . import netns

_PAUSE_SECONDS = 0.02


class UdpSender:
    """Sends from one socket all the time: the flow in `node` is kept alive, whoever answers, or nobody."""

    def __init__(self, node, namespace, address, port):
        self._node, self._address, self._port = node, address, port
        with namespace.inside():
            self._sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.settimeout(_PAUSE_SECONDS)
        self._sock.connect((address, port))
        self._source_port = self._sock.getsockname()[1]
        self._stopped = False
        self._last_answer, self._answered_at = None, 0.0
        self._thread = netns.Background(self._send)

    def __str__(self):
        return f"{self._address} port {self._port}"

    def _send(self):
        while not self._stopped:
            begin = time.monotonic()
            try:
                self._sock.send(b"again")
                words = self._sock.recv(4096).decode().split()
                self._last_answer, self._answered_at = words[0], time.monotonic()
            except OSError:  # silence, or ICMP's word that nobody is there
                pass
            time.sleep(max(0.0, _PAUSE_SECONDS - (time.monotonic() - begin)))

    def flow(self):
        """(id, address and port that answer); None if conntrack does not know it."""
        text = self._node.sh(["conntrack", "-L", "-o", "id", "-p", "udp", "-f", "ipv6" if ":" in self._address else "ipv4",
                              "-d", self._address, "--sport", str(self._source_port), "--dport", str(self._port)], check=False)
        found = re.search(r"dport=\d+ (?:\[UNREPLIED\] )?src=(\S+) dst=\S+ sport=(\d+) .*\bid=(\d+)", text)
        return (found.group(3), f"{found.group(1)} {found.group(2)}") if found else None

    def leads_to(self):
        """Address and port, or None."""
        flow = self.flow()
        return flow and flow[1]

    def answered_by(self, since):
        """The name of who answered last, if that was after `since` (monotonic)."""
        return self._last_answer if self._answered_at > since else None

    def close(self):
        self._stopped = True
        self._thread.join()
        self._sock.close()
