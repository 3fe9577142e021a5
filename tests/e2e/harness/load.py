"""Connections through a Service that are made and used all the time."""

import time

from . import netns
from .cluster import wait_for
from .world import connect_to


class Load:
    """Of each kind one loop that opens a connection after the other, and one connection that never rests.

    `targets` are (address, "tcp" or "udp"). Whatever is refused, lost or times out fails wait_for_more() or stop().
    """

    def __init__(self, namespace, targets, port=80):
        self._stopped = False
        self._counts = {}
        self._loops = []
        for address, kind in targets:
            for loop in (self._open, self._use):
                self._counts[loop.__name__, address, kind] = 0
                self._loops.append(netns.Background(lambda loop=loop, address=address, kind=kind: loop(namespace, address, port, kind)))

    def _open(self, namespace, address, port, kind):
        while not self._stopped:
            sock, words = connect_to(namespace, address, port, kind, timeout=2)
            sock.close()
            assert words, "an empty answer"
            self._counts["_open", address, kind] += 1

    def _use(self, namespace, address, port, kind):
        sock, words = connect_to(namespace, address, port, kind, timeout=2)
        with sock:
            while not self._stopped:
                message = f"{self._counts['_use', address, kind]}\n".encode()
                sock.send(message)
                answer = sock.recv(100)
                # Over UDP the workload names itself each time: it must stay the same.
                assert answer == message if kind == "tcp" else answer.decode().split() == words, answer
                self._counts["_use", address, kind] += 1
                time.sleep(0.001)  # leaves some processor to the others

    def wait_for_more(self, count=30):
        """Until each loop has come round `count` more times."""
        before = dict(self._counts)
        self._check()
        wait_for("load on every path", lambda: all(now >= before[key] + count for key, now in self._counts.items()) or self._check())

    def _check(self):
        for loop in self._loops:
            loop.check()

    def total(self):
        """How often all loops have come round."""
        return sum(self._counts.values())

    def stop(self):
        self._stopped = True
        for loop in self._loops:
            loop.join()
