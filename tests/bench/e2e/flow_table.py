"""The connection tracking table of a namespace: fills it, and hears what is deleted from it. Netlink by hand (linux/netfilter/nfnetlink*.h)."""

import contextlib
import select
import socket
import struct
import time

_NETLINK_NETFILTER = 12
_GROUP_DESTROY = 3
_SOL_NETLINK = 270
_ADD_MEMBERSHIP = 1
_NO_ENOBUFS = 5
_RCVBUFFORCE = 33
_NEW, _DELETE = 1 << 8, (1 << 8) | 2  # NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_NEW and _DELETE
_REQUEST_ACK_CREATE = 0x1 | 0x4 | 0x400
_SEEN_ASSURED_CONFIRMED = 2 | 4 | 8
_NESTED = 0x8000
_A_DAY_SECONDS = 86_400
_BATCH = 100


def _attribute(kind, payload):
    return struct.pack("=HH", 4 + len(payload), kind) + payload + bytes(-len(payload) % 4)


def _tuple(kind, protocol, source, source_port, destination, destination_port):
    addresses = _attribute(1, socket.inet_aton(source)) + _attribute(2, socket.inet_aton(destination))
    transport = _attribute(1, bytes([protocol])) + _attribute(2, struct.pack("!H", source_port)) + _attribute(3, struct.pack("!H", destination_port))
    return _attribute(kind | _NESTED, _attribute(1 | _NESTED, addresses) + _attribute(2 | _NESTED, transport))


def _insert_message(sequence, protocol, client, client_port, service, server, port):
    body = struct.pack("=BBH", socket.AF_INET, 0, 0)
    body += _tuple(1, protocol, client, client_port, service, port) + _tuple(2, protocol, server, port, client, client_port)
    body += _attribute(3, struct.pack("!I", _SEEN_ASSURED_CONFIRMED)) + _attribute(7, struct.pack("!I", _A_DAY_SECONDS))
    if protocol == socket.IPPROTO_TCP:
        body += _attribute(4 | _NESTED, _attribute(1 | _NESTED, _attribute(1, b"\3")))  # CTA_PROTOINFO_TCP_STATE: ESTABLISHED
    return struct.pack("=IHHII", 16 + len(body), _NEW, _REQUEST_ACK_CREATE, sequence, 0) + body


def _check(answers):
    position = 0
    while position + 20 <= len(answers):
        length, _, _, _, _, error = struct.unpack_from("=IHHIIi", answers, position)
        if error != 0:
            raise OSError(-error, "insert into conntrack")
        position += (length + 3) & ~3


def fill(namespace, count):
    """Inserts `count` flows of other Services: half of them UDP to port 53, half TCP to port 80."""
    with namespace.inside(), contextlib.closing(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER)) as sock:
        sock.setsockopt(socket.SOL_SOCKET, _RCVBUFFORCE, 8 << 20)
        for first in range(0, count, _BATCH):
            numbers = range(first, min(first + _BATCH, count))
            sock.send(b"".join(
                _insert_message(i, *((socket.IPPROTO_UDP, f"10.2.{i // 50_000}.1", 1024 + i % 50_000, "10.96.7.7", "10.66.7.7", 53) if i % 2
                                     else (socket.IPPROTO_TCP, f"10.2.{i // 50_000}.1", 1024 + i % 50_000, "10.96.7.7", "10.66.7.7", 80)))
                for i in numbers))
            for _ in numbers:
                _check(sock.recv(1 << 16))


class Deletions:
    """Flows that the kernel deletes; subscribed before they begin, for it tells only of those."""

    def __init__(self, namespace):
        with namespace.inside():
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER)
        self._socket.bind((0, 0))
        self._socket.setsockopt(socket.SOL_SOCKET, _RCVBUFFORCE, 64 << 20)
        self._socket.setsockopt(_SOL_NETLINK, _NO_ENOBUFS, 1)
        self._socket.setsockopt(_SOL_NETLINK, _ADD_MEMBERSHIP, _GROUP_DESTROY)
        self._socket.setblocking(False)

    def moments(self, address, count, timeout):
        """Monotonic times at which flows that name `address` were deleted, until there are `count` or `timeout` seconds are over."""
        wanted, seen = socket.inet_aton(address), []
        deadline = time.monotonic() + timeout
        while len(seen) < count and (left := deadline - time.monotonic()) > 0:
            select.select([self._socket], [], [], left)
            with contextlib.suppress(BlockingIOError):
                while True:
                    data = self._socket.recv(1 << 18)
                    kind = struct.unpack_from("=IH", data)[1]
                    if kind == _DELETE and wanted in data:
                        seen.append(time.monotonic())
        return seen

    def forget(self):
        """What came so far is not what is waited for."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self._socket.recv(1 << 18)

    def close(self):
        self._socket.close()
