#!/usr/bin/env python3
"""Our DNS codec against dnspython: what one writes the other reads, for every type of record. FAIRLEAD_DNS_CODEC names the program
that dns_codec.cpp is; FAIRLEAD_RANDOM_SEED repeats a run."""
import os
import random
import unittest

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.rcode

from messages import RDATA, Codec, in_lower_case, parse, random_name, random_response, random_rrset, records, shown

SEED = int(os.environ.get("FAIRLEAD_RANDOM_SEED", random.randrange(2**32)))


class DnspythonTest(unittest.TestCase):
    def setUp(self):
        self.draw = random.Random(SEED)
        self.codec = Codec("FAIRLEAD_DNS_CODEC")
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
