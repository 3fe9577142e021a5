"""Sees transactions of nftables when they are committed."""

import select
import socket
import struct
import time

_NETLINK_NETFILTER = 12
_GROUP_NFTABLES = 7
_SOL_NETLINK = 270
_ADD_MEMBERSHIP = 1
_NO_ENOBUFS = 5
_RCVBUFFORCE = 33
_NEW_GENERATION = (10 << 8) | 15  # NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWGEN: the last message of every transaction


class Commits:
    """Subscribed to nftables in a namespace; both `socket` and `take` are for one thread."""

    def __init__(self, namespace):
        with namespace.inside():
            self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER)
        self.socket.bind((0, 0))
        self.socket.setsockopt(socket.SOL_SOCKET, _RCVBUFFORCE, 64 << 20)
        self.socket.setsockopt(_SOL_NETLINK, _NO_ENOBUFS, 1)
        self.socket.setsockopt(_SOL_NETLINK, _ADD_MEMBERSHIP, _GROUP_NFTABLES)
        self.socket.setblocking(False)

    def datagrams(self, timeout=0.0):
        """(bytes, monotonic time) of each that is there; waits up to `timeout` seconds for the first."""
        select.select([self.socket], [], [], timeout)
        while True:
            try:
                data = self.socket.recv(1 << 18)
            except BlockingIOError:
                return
            yield data, time.monotonic()

    def take(self):
        """Reads what is there; the monotonic time if a transaction ended in it, else None."""
        ended = None
        for data, now in self.datagrams():
            position = 0
            while position + 16 <= len(data):
                length, kind = struct.unpack_from("=IH", data, position)
                if kind == _NEW_GENERATION:
                    ended = ended or now
                position += (length + 3) & ~3 if length >= 16 else len(data)
        return ended

    def close(self):
        self.socket.close()
