"""Messages that dnspython makes by chance, and the programs that read and write them."""
import os
import random
import re
import subprocess

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rrset

SECTIONS = ("answer", "authority", "additional")
FLAGS = ("QR", "AA", "TC", "RD", "RA", "AD", "CD")

# Rdata of each type as text; NAME is replaced by a random name.
RDATA = {
    "A": ["10.0.0.1"], "AAAA": ["fd00::1"], "NS": ["NAME"], "CNAME": ["NAME"], "PTR": ["NAME"], "DNAME": ["NAME"],
    "SOA": ["NAME NAME 1 7200 1800 86400 5"], "MX": ["10 NAME"], "HINFO": ['"x86" ""'], "RP": ["NAME NAME"], "AFSDB": ["1 NAME"],
    "RT": ["1 NAME"], "PX": ["1 NAME NAME"], "KX": ["1 NAME"], "SRV": ["0 100 443 NAME", "1 0 0 ."],
    "TXT": ['"1.1.0"', '"" "a b" "\\255"', '"%s"' % ("x" * 255)], "SPF": ['"v=spf1"'],
    "NAPTR": ['1 2 "s" "http" "" NAME'], "DS": ["1 8 2 " + "ab" * 32], "DNSKEY": ["257 3 13 AQIDBA=="], "CAA": ['0 issue "ca.example"'],
    "RRSIG": ["A 13 2 300 20300101000000 20200101000000 7 NAME AQIDBA=="], "NSEC": ["NAME A AAAA TYPE65280"],
    "NSEC3": ["1 0 1 ab 2vptu5timamqttgl4luu9kg21e0aor3s A"], "TLSA": ["3 1 1 " + "cd" * 32], "SSHFP": ["1 1 " + "ef" * 20],
    "SVCB": ["1 NAME alpn=h2 port=443"], "HTTPS": ["1 . alpn=h3,h2 ipv4hint=10.0.0.1", "0 NAME"], "LOC": ["0 0 0.000 N 0 0 0.000 E 0.00m"],
    "TYPE65280": ["\\# 4 c00c0102", "\\# 0"], "TYPE731": ["\\# 6 abcdef012345"], "URI": ['1 1 "http://x"'],
}


class Codec:
    """A program like dns_codec.cpp, one line for a question and one for its answer; `variable` names it."""

    def __init__(self, variable: str):
        self.process = subprocess.Popen([os.environ[variable]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, command: str, *packets: bytes) -> str:
        self.process.stdin.write(" ".join([command, *(packet.hex() for packet in packets)]) + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip("\n")

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=10)
        self.process.stdout.close()


def random_name(draw: random.Random) -> str:
    """Names of a few families, so that many share an ending; never the root."""
    labels = [draw.choice(["a", "web", "_http._tcp", "x" * 63, "1-2-3-4", "*"]) for _ in range(draw.randrange(1, 3))]
    return ".".join([*labels, draw.choice(["example", "example.com", "shop.svc.cluster.local", "10.in-addr.arpa"])]) + "."


def random_rrset(draw: random.Random, kind: str) -> dns.rrset.RRset:
    text = draw.choice(RDATA[kind])
    while "NAME" in text:
        text = text.replace("NAME", random_name(draw), 1)
    owner = draw.choice([".", random_name(draw)])
    return dns.rrset.from_text(owner, draw.choice([0, 5, 30, 2**31 - 1]), "IN", kind, text)


def random_response(draw: random.Random) -> dns.message.Message:
    message = dns.message.make_query(random_name(draw), draw.choice(list(RDATA)))
    message.id = draw.randrange(2**16)
    for flag in FLAGS:
        message.flags = message.flags & ~dns.flags.Flag[flag] | (dns.flags.Flag[flag] if draw.random() < 0.5 else 0)
    if draw.random() < 0.7:
        options = [dns.edns.GenericOption(65001, b"x" * draw.randrange(9))] if draw.random() < 0.5 else []
        message.use_edns(0, draw.choice([0, dns.flags.DO]), draw.choice([512, 1232, 4096]), options=options)
    message.set_rcode(draw.choice([0, 2, 3, 5]) if message.edns < 0 else draw.choice([0, 3, 16, 23, 4095]))
    for section in (message.answer, message.authority, message.additional):
        section.extend(random_rrset(draw, draw.choice(list(RDATA))) for _ in range(draw.randrange(12)))
    return message


def records(message: dns.message.Message) -> list[str]:
    found = [f"question:{q.name.to_wire().hex()}:{q.rdtype + 0}:{q.rdclass + 0}" for q in message.question]
    for section in SECTIONS:
        for rrset in getattr(message, section):
            found += [f"{section}:{rrset.name.to_wire().hex()}:{rrset.rdtype + 0}:{rrset.rdclass + 0}:{rrset.ttl}:{rdata.to_wire().hex()}"
                      for rdata in rrset]
    return found


def shown(message: dns.message.Message) -> str:
    """The message as the program's "decode" shows it."""
    flags = "".join("1" if message.flags & dns.flags.Flag[flag] else "0" for flag in FLAGS)
    edns = f"{max(message.payload, 512)}/{1 if message.ednsflags & dns.flags.DO else 0}" if message.edns >= 0 else "-"
    return " ".join(["ok", str(message.id), str(message.rcode() + 0), str(message.opcode() + 0), flags, edns, *records(message)])


def in_lower_case(lines: list[str]) -> list[str]:
    """Names and rdata with every ASCII letter in lower case: who points to the question takes over its letter case."""
    return [re.sub("(?<=:)(?:[0-9a-f]{2})+(?=:|$)", lambda found: bytes.fromhex(found[0]).lower().hex(), line) for line in lines]


def parse(packet: bytes) -> dns.message.Message:
    return dns.message.from_wire(packet, one_rr_per_rrset=True, raise_on_truncation=False)
