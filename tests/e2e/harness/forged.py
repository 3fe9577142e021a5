"""TCP segments that no socket sent, as if they came from one end of a connection."""

import contextlib
import socket
import struct

PUSH_ACK = 0x18
RESET = 0x04
# Far above any window that TCP opens here: conntrack calls such a segment INVALID.
# Windows grow up to net.ipv4.tcp_rmem, 32 MiB on newer kernels; half the numbers are "before" any other.
ABOVE_THE_WINDOW = 1_000_000_000

# linux/tcp.h
_TCP_REPAIR, _TCP_REPAIR_QUEUE, _TCP_QUEUE_SEQ = 19, 20, 21
_RECEIVE_QUEUE, _SEND_QUEUE = 1, 2
_REPAIR_ON, _REPAIR_OFF_WITHOUT_PROBE = 1, -1


def sequence_numbers(sock):
    """(next sequence number that the socket sends, next that it expects). Its connection notices nothing."""
    sock.setsockopt(socket.IPPROTO_TCP, _TCP_REPAIR, _REPAIR_ON)
    try:
        found = []
        for queue in (_SEND_QUEUE, _RECEIVE_QUEUE):
            sock.setsockopt(socket.IPPROTO_TCP, _TCP_REPAIR_QUEUE, queue)
            found.append(struct.unpack("=I", sock.getsockopt(socket.IPPROTO_TCP, _TCP_QUEUE_SEQ, 4))[0])
        return tuple(found)
    finally:
        sock.setsockopt(socket.IPPROTO_TCP, _TCP_REPAIR, _REPAIR_OFF_WITHOUT_PROBE)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the end of a repair clears it


def send_as(namespace, sock, offset=ABOVE_THE_WINDOW, flags=PUSH_ACK, payload=b"forged"):
    """Sends a segment to the peer of a connection that `sock`, a socket of this process in `namespace`, is one end of.

    `offset` is added to the sequence number that the next segment would have.
    """
    sent, received = sequence_numbers(sock)
    segment = _segment(sock.getsockname(), sock.getpeername(), (sent + offset) % 2**32, received, flags, payload)
    packet = _packet(sock.getsockname()[0], sock.getpeername()[0], segment)
    with namespace.inside():
        raw = socket.socket(sock.family, socket.SOCK_RAW, socket.IPPROTO_RAW)
    with raw, contextlib.suppress(PermissionError):  # dropped on its way out of the namespace: that is told to who sent it
        raw.sendto(packet, (sock.getpeername()[0], 0))


def _segment(source, destination, sequence, acknowledged, flags, payload):
    """RFC 9293 section 3.1: no options."""
    words, window = 5, 512
    header = struct.pack("!HHIIBBHHH", source[1], destination[1], sequence, acknowledged, words << 4, flags, window, 0, 0)
    length = len(header) + len(payload)
    if ":" in source[0]:
        pseudo = _bytes(source[0]) + _bytes(destination[0]) + struct.pack("!II", length, socket.IPPROTO_TCP)
    else:
        pseudo = _bytes(source[0]) + _bytes(destination[0]) + struct.pack("!HH", socket.IPPROTO_TCP, length)
    checksum = _checksum(pseudo + header + payload)
    return header[:16] + struct.pack("!H", checksum) + header[18:] + payload


def _packet(source, destination, segment):
    """RFC 791 section 3.1 (the kernel fills in the checksum), RFC 8200 section 3."""
    hops = 64
    if ":" in source:
        return struct.pack("!IHBB", 6 << 28, len(segment), socket.IPPROTO_TCP, hops) + _bytes(source) + _bytes(destination) + segment
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), 0, 0, hops, socket.IPPROTO_TCP, 0)
    return header + _bytes(source) + _bytes(destination) + segment


def _bytes(address):
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


def _checksum(data):
    """RFC 1071."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
