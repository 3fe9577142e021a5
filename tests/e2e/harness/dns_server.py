"""A small DNS server whose answers a test decides on, and a counter of the questions that cross a device."""

import contextlib
import socket
import struct
import threading
import time

NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3
A, CNAME, SOA, AAAA = 1, 5, 6, 28
_TYPES = {A: "A", AAAA: "AAAA", SOA: "SOA", CNAME: "CNAME"}


def encode_name(name):
    labels = [label.encode() for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def decode_question(packet):
    """(name in lower case without its last dot, type, length of the question)."""
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode("ascii", "replace").lower())
        at += 1 + packet[at]
    return ".".join(labels), struct.unpack_from("!H", packet, at + 1)[0], at + 5 - 12


def record(owner, kind, ttl, data):
    return encode_name(owner) + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data


def address_record(owner, address, ttl=30):
    family, kind = (socket.AF_INET6, AAAA) if ":" in address else (socket.AF_INET, A)
    return record(owner, kind, ttl, socket.inet_pton(family, address))


def cname_record(owner, target, ttl=30):
    return record(owner, CNAME, ttl, encode_name(target))


def soa_record(zone, ttl=30):
    return record(zone, SOA, ttl, encode_name("ns." + zone) + encode_name("hostmaster." + zone) +
                  struct.pack("!5I", 1, 7200, 1800, 86400, 5))


class DnsServer:
    """Answers at an address of a namespace, port 53, UDP and TCP, with what `answer(name, type)` gives: a code, records of the answer
    section and of the authority section; None is silence. With `tls`, an ssl.SSLContext, over TLS at port 853 in place of TCP."""

    def __init__(self, namespace, address, answer, tls=None):
        self._answer, self._tls = answer, tls
        self.questions = []
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with namespace.inside():
            self._udp = socket.socket(family, socket.SOCK_DGRAM)
            self._tcp = socket.socket(family, socket.SOCK_STREAM)
        self._tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._udp.bind((address, 53))
        self._tcp.bind((address, 853 if tls else 53))
        self._tcp.listen(16)
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._serve_udp, self._serve_tcp)]
        for thread in self._threads:
            thread.start()

    def reply_to(self, packet):
        name, kind, size = decode_question(packet)
        self.questions.append((name, _TYPES.get(kind, str(kind))))
        given = self._answer(name, kind)
        if given is None:
            return None
        code, answers, authorities = given
        flags = 0x8180 | (packet[2] & 1) << 8 | code
        return (packet[:2] + struct.pack("!5H", flags, 1, len(answers), len(authorities), 0) + packet[12:12 + size] +
                b"".join(answers) + b"".join(authorities))

    def _serve_udp(self):
        with contextlib.suppress(OSError):
            while True:
                packet, client = self._udp.recvfrom(4096)
                if not packet:  # closed
                    return
                if reply := self.reply_to(packet):
                    self._udp.sendto(reply, client)

    def _serve_tcp(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._tcp.accept()
                with contextlib.suppress(OSError, struct.error), self._secured(connection) as connection:
                    stream = connection.makefile("rb")
                    size = struct.unpack("!H", stream.read(2))[0]
                    if reply := self.reply_to(stream.read(size)):
                        connection.sendall(struct.pack("!H", len(reply)) + reply)

    def _secured(self, connection):
        return self._tls.wrap_socket(connection, server_side=True) if self._tls else connection

    def close(self):
        for each in (self._udp, self._tcp):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        # A socket that a thread still waits at keeps its address after it is closed.
        for thread in self._threads:
            thread.join(5)
        for each in (self._udp, self._tcp):
            each.close()


class QuestionCounter:
    """The DNS questions that leave a namespace through a device over UDP and IPv4, as they are on the wire."""

    _OUTGOING = 4  # PACKET_OUTGOING of linux/if_packet.h
    _ETH_P_ALL = 3

    def __init__(self, namespace, device):
        self.questions = []
        with namespace.inside():
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(self._ETH_P_ALL))
        self._socket.bind((device, self._ETH_P_ALL))
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        with contextlib.suppress(OSError):
            while True:
                packet, place = self._socket.recvfrom(65536)
                if place[2] == self._OUTGOING and place[1] == 0x0800 and packet[9] == socket.IPPROTO_UDP:
                    self._take(packet[(packet[0] & 15) * 4:])

    def _take(self, datagram):
        if len(datagram) > 20 and struct.unpack_from("!H", datagram, 2)[0] == 53:
            name, kind, _ = decode_question(datagram[8:])
            self.questions.append((name, _TYPES.get(kind, str(kind))))

    def count(self):
        """Those since the last clear(), once no more of them come: the reader lags behind what it listens to."""
        seen = -1
        while seen != len(self.questions):
            seen = len(self.questions)
            time.sleep(0.05)
        return seen

    def clear(self):
        self.questions.clear()

    def close(self):
        self._socket.close()
