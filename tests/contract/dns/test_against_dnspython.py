#!/usr/bin/env python3
"""Our DNS codec against dnspython: what one writes the other reads, for every type of record. FAIRLEAD_DNS_CODEC names the program
that dns_codec.cpp is; FAIRLEAD_RANDOM_SEED repeats a run."""
import os
import random
import re
import subprocess
import unittest

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

SEED = int(os.environ.get("FAIRLEAD_RANDOM_SEED", random.randrange(2**32)))
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
    """The program under test, one line for a question and one for its answer."""

    def __init__(self):
        self.process = subprocess.Popen([os.environ["FAIRLEAD_DNS_CODEC"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

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


class DnspythonTest(unittest.TestCase):
    def setUp(self):
        self.draw = random.Random(SEED)
        self.codec = Codec()
        self.addCleanup(self.codec.close)

    def test_each_type_is_decoded_as_it_was_encoded(self):
        for kind, texts in RDATA.items():
            for _ in range(5 * len(texts)):
                message = dns.message.make_query("shop.svc.cluster.local.", kind)
                message.flags |= dns.flags.QR
                message.answer = [random_rrset(self.draw, kind), random_rrset(self.draw, kind)]
                with self.subTest(kind, seed=SEED):
                    self.assertEqual(self.codec.ask("decode", message.to_wire(max_size=65535)), shown(message))

    def test_each_type_is_encoded_so_that_it_is_decoded_alike(self):
        for kind, texts in RDATA.items():
            for _ in range(5 * len(texts)):
                message = dns.message.make_query("shop.svc.cluster.local.", kind)
                message.flags |= dns.flags.QR
                message.answer = [random_rrset(self.draw, kind), random_rrset(self.draw, kind)]
                with self.subTest(kind, seed=SEED):
                    again = parse(bytes.fromhex(self.codec.ask("encode", message.to_wire(max_size=65535))))
                    self.assertEqual(shown(again), shown(message))

    def test_whole_messages_go_there_and_back(self):
        for number in range(300):
            message = random_response(self.draw)
            with self.subTest(number, seed=SEED):
                packet = message.to_wire(max_size=65535)
                self.assertEqual(self.codec.ask("decode", packet), shown(message))
                ours = bytes.fromhex(self.codec.ask("encode", packet))
                self.assertEqual(shown(parse(ours)), shown(message))

    def test_a_reply_has_the_clients_question_and_the_bodys_records(self):
        for number in range(300):
            body = random_response(self.draw)
            asked = "".join(self.draw.choice([c.upper(), c]) for c in body.question[0].name.to_text())
            query = dns.message.make_query(asked, "A", use_edns=0 if self.draw.random() < 0.5 else -1,
                                           want_dnssec=False, ednsflags=self.draw.choice([0, dns.flags.DO]))
            with self.subTest(number, seed=SEED):
                reply = parse(bytes.fromhex(self.codec.ask("reply", query.to_wire(), body.to_wire(max_size=65535))))
                self.assertTrue(query.is_response(reply))
                self.assertEqual(reply.question[0].name.to_wire(), query.question[0].name.to_wire(), "letter case")
                self.assertEqual(reply.rcode() & 15, body.rcode() & 15)
                self.assertEqual(reply.edns, query.edns)
                self.assertEqual(in_lower_case(records(reply)[1:]), in_lower_case(records(body)[1:]))

    def test_every_query_that_it_makes_is_one(self):
        for kind in [*RDATA, "ANY", "AXFR", "IXFR"]:
            for klass in ("IN", "CH", "HS"):
                for edns in (-1, 0):
                    query = dns.message.make_query(random_name(self.draw), kind, klass, use_edns=edns)
                    if edns == 0:
                        query.use_edns(0, dns.flags.DO, 1232, options=[dns.edns.ECSOption("10.0.0.0", 24), dns.edns.GenericOption(10, b"12345678")])
                    self.assertEqual(self.codec.ask("query", query.to_wire(max_size=65535)), "query", query)

    def test_its_refusals_are_understood(self):
        for change, code in [(lambda q: q.set_opcode(dns.opcode.STATUS), dns.rcode.NOTIMP), (lambda q: q.use_edns(1), dns.rcode.BADVERS),
                             (lambda q: q.question.clear(), dns.rcode.FORMERR)]:
            query = dns.message.make_query("a.b.", "A", use_edns=0)
            change(query)
            outcome, _, packet = self.codec.ask("query", query.to_wire(max_size=65535)).partition(" ")
            self.assertEqual(outcome, "refusal")
            reply = parse(bytes.fromhex(packet))
            self.assertEqual((reply.rcode(), reply.id, reply.opcode()), (code, query.id, query.opcode()))
            if code == dns.rcode.BADVERS:
                self.assertEqual(reply.edns, 0)

    def test_damaged_messages_mean_the_same_to_both_or_nothing(self):
        understood = 0
        for number in range(3000):
            packet = bytearray(random_response(self.draw).to_wire(max_size=65535))
            for _ in range(self.draw.randrange(1, 4)):
                packet[self.draw.randrange(len(packet))] = self.draw.randrange(256)
            line = self.codec.ask("decode", bytes(packet))
            try:
                theirs = parse(bytes(packet))
            except Exception:  # also what its parsers of text-like rdata raise
                continue
            if not line.startswith("ok") or theirs.opcode() != dns.opcode.QUERY or theirs.edns > 0:
                continue
            with self.subTest(number, seed=SEED, packet=bytes(packet).hex()):
                understood += 1
                # It keeps a payload below 512 and the records' classes as they are; the records are what counts.
                self.assertEqual(len(line.split(" ")[6:]), len(records(theirs)))
        self.assertGreater(understood, 300)


if __name__ == "__main__":
    unittest.main()
