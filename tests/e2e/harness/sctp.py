"""The first two packets of an SCTP association (RFC 9260), by raw sockets: a kernel without SCTP forwards it all the same."""

import contextlib
import socket
import struct

_INIT, _INIT_ACK = 1, 2
_TAG = 0x5C71
_HEADER_BYTES = {socket.AF_INET: 20, socket.AF_INET6: 0}  # what a raw socket hands over before the payload


def _crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def _packet(source_port, port, verification_tag, kind):
    chunk = struct.pack("!BBHIIHHI", kind, 0, 20, _TAG, 65536, 1, 1, 1)
    if kind == _INIT_ACK:  # a state cookie is mandatory in it
        chunk = struct.pack("!BBHIIHHIHH4s", kind, 0, 28, _TAG, 65536, 1, 1, 1, 7, 8, b"cook")
    header = struct.pack("!HHI", source_port, port, verification_tag)
    checksum = struct.pack("<I", _crc32c(header + b"\0\0\0\0" + chunk))
    return header + checksum + chunk


def _raw_socket(namespace, address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with namespace.inside():
        sock = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_SCTP)
    sock.bind((address, 0))
    return sock


def _receive(sock, kind, port, timeout):
    """(address, port) of the sender of the next chunk of this kind to this port."""
    sock.settimeout(timeout)
    while True:
        data, peer = sock.recvfrom(2048)
        data = data[_HEADER_BYTES[sock.family]:]
        source_port, to_port = struct.unpack_from("!HH", data)
        if data[12] == kind and to_port == port:
            return peer[0], source_port


def handshake(client, client_address, server, server_address, server_port, address, port, client_port, timeout=1.0):
    """INIT to address:port and its answer, between two namespaces; gives (whom the server saw, who answered the client)."""
    with contextlib.closing(_raw_socket(client, client_address)) as near, contextlib.closing(_raw_socket(server, server_address)) as far:
        near.sendto(_packet(client_port, port, 0, _INIT), (address, 0))
        seen = _receive(far, _INIT, server_port, timeout)
        far.sendto(_packet(server_port, seen[1], _TAG, _INIT_ACK), (seen[0], 0))
        return seen, _receive(near, _INIT_ACK, client_port, timeout)


def is_refused(client, client_address, address, port, timeout=5.0):
    """Whether an INIT to address:port is answered by ICMP "port unreachable"."""
    with contextlib.closing(_raw_socket(client, client_address)) as sock:
        sock.settimeout(timeout)
        sock.connect((address, 0))  # ICMP errors are told to connected sockets only
        sock.send(_packet(4000, port, 0, _INIT))
        try:
            sock.recv(2048)
        except ConnectionRefusedError:
            return True
        except TimeoutError:
            pass
        return False
