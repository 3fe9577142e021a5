#!/usr/bin/env python3
"""Our DNS codec against libknot's and ldns's: what one writes the others read, and of damaged messages they say the same, but for
what is listed with its reason. FAIRLEAD_DNS_CODEC, FAIRLEAD_KNOT_CODEC and FAIRLEAD_LDNS_CODEC name the programs;
FAIRLEAD_RANDOM_SEED takes other messages than the usual."""
import os
import random
import re
import unittest

import dns.rdatatype

from messages import Codec, in_lower_case, random_response

SEED = int(os.environ.get("FAIRLEAD_RANDOM_SEED", 6))
WHOLE, DAMAGED = 1500, 5000
HEADER = 12


def damaged(draw: random.Random) -> bytes:
    """A message as on a hostile network: with other bytes, pointers, counts, too short, too long. It has few records, so that the damage is
    not far from what it does."""
    message = random_response(draw)
    for section in (message.answer, message.authority, message.additional):
        del section[2:]
    packet = message.to_wire(max_size=65535)
    changed = bytearray(packet)
    for _ in range(draw.randrange(1, 3)):
        kind, at = draw.randrange(7), draw.randrange(HEADER, len(changed))
        if kind == 0:
            changed[at] = draw.randrange(256)
        elif kind == 1:
            changed[at:at + 2] = bytes([0xc0 | draw.randrange(2), draw.randrange(256)])
        elif kind == 2:
            changed[at:at + 1] = b""
        elif kind == 3:
            changed[at:at] = bytes([draw.choice([0, 1, 4, 63, 64, 128, 192, 255])])
        elif kind == 4:
            changed[draw.randrange(4, HEADER)] = draw.choice([0, 1, 2])
        elif kind == 5:  # most likely the OPT record gets a name, that of the question
            changed = changed.replace(b"\0\0\x29", bytes([0xc0, HEADER, 0, 0x29]))
        else:
            changed = changed[:at] if draw.random() < 0.5 else changed + bytes(draw.randrange(1, 9))
        changed = changed if len(changed) > HEADER else bytearray(packet)
    return bytes(changed)


# (library, who reads it, a pattern of said(), why)
DIFFERENCES = [
    ("ldns", "only they", r"\d+ bytes behind the last record", "it does not look behind the last record"),
    ("ldns", "only they", r"malformed rdata of type", "it takes fields that are cut off, missing or left over, and compressed names everywhere"),
    ("ldns", "only they", r"malformed owner", "it follows pointers forward"),
    ("ldns", "only they", r"an OPT record with a name", "it does not look at it (RFC 6891, section 6.1.2)"),
    ("libknot", "only they", r"an OPT record with a name", "the same"),
    ("libknot", "only we", r"malformed data", "it looks into what is bytes to us: types such as NSEC3, classes but IN"),
    ("ldns", "only we", r"section incomplete|Label length overflow", "the same"),
    ("ldns", "only they", r"malformed EDNS option", "it keeps options as bytes"),
    ("libknot", "only they", r"malformed rdata of type \w+: nothing", "rdata may be missing, as in updates (RFC 2136)"),
    ("libknot", "only they", r"malformed rdata of type (NS|CNAME|SOA|PTR|MX|TYPE17|TYPE18|TYPE21|TYPE26|SRV|NAPTR|TYPE36|DNAME): \w",
     "it drops what is left over behind the last name"),
    ("libknot", "only they", r"malformed rdata of type (HINFO|TXT|TYPE99|CAA|SVCB|HTTPS|NSEC|RRSIG): \w",
     "it does not look into strings, nor for pointers in names that are never compressed (RFC 4034, RFC 9460)"),
    ("libknot", "only they", r"malformed owner", "it follows pointers into the header"),
]
# Types of class IN only: in other classes their rdata is bytes to us (RFC 3597, section 4); the libraries do not look at the class.
ONLY_IN = {"1", "26", "28", "33", "35", "36", "64", "65"}


def is_same_record(ours: str, theirs: str) -> bool:
    """Of two fields of answers to "decode", where both read the message."""
    ours, theirs = ours.split(":"), theirs.split(":")
    if len(ours) != 6 or len(theirs) != 6 or ours[:4] != theirs[:4]:
        return ours == theirs
    # A TTL with the top bit set is 0 (RFC 2181, section 8); the libraries leave that to others.
    is_same_ttl = ours[4] == ("0" if int(theirs[4]) >= 2**31 else theirs[4])
    return is_same_ttl and (ours[5] == theirs[5] or ours[2] in ONLY_IN and ours[3] != "1")


def is_same(ours: str, theirs: str) -> bool:
    if ours.startswith("error") or theirs.startswith("error"):
        return ours.startswith("error") == theirs.startswith("error")
    ours, theirs = ours.split(" "), theirs.split(" ")
    return len(ours) == len(theirs) and all(map(is_same_record, ours, theirs))


def said(ours: str, theirs: str) -> str:
    """The error of whoever does not read the message; with ours, what is in the rdata to them."""
    if not ours.startswith("error"):
        return theirs
    place = re.search(r"(\w+) record (\d+): malformed rdata of type (\w+)", ours)
    if not place:
        return ours
    records = [field.split(":") for field in theirs.split(" ") if field.startswith(place[1] + ":")]
    # The OPT record is not among theirs.
    rdata = [record[5] for record in records[max(int(place[2]) - 2, 0):int(place[2])] if record[2] == str(dns.rdatatype.from_text(place[3]) + 0)]
    return f"{ours}: {rdata[-1] or 'nothing'}" if rdata else ours


def differences(library: str, ours: str, theirs: str) -> list[tuple]:
    """Those of DIFFERENCES that explain these two answers to "decode"."""
    who = "only we" if theirs.startswith("error") else "only they" if ours.startswith("error") else "both"
    return [row for row in DIFFERENCES if row[:2] == (library, who) and re.search(row[2], said(ours, theirs))]


class LibrariesTest(unittest.TestCase):
    def setUp(self):
        self.draw = random.Random(SEED)
        self.ours = self.codec("FAIRLEAD_DNS_CODEC")
        self.theirs = {"libknot": self.codec("FAIRLEAD_KNOT_CODEC"), "ldns": self.codec("FAIRLEAD_LDNS_CODEC")}

    def codec(self, variable):
        codec = Codec(variable)
        self.addCleanup(codec.close)
        return codec

    def test_whole_messages_are_read_alike(self):
        for number in range(WHOLE):
            packet = random_response(self.draw).to_wire(max_size=65535)
            ours = self.ours.ask("decode", packet)
            for library, codec in self.theirs.items():
                with self.subTest(number, library=library, seed=SEED, packet=packet.hex()):
                    self.assertEqual(ours, codec.ask("decode", packet))

    def test_what_we_write_they_read(self):
        for number in range(WHOLE):
            packet = random_response(self.draw).to_wire(max_size=65535)
            written = bytes.fromhex(self.ours.ask("encode", packet))
            for library, codec in self.theirs.items():
                with self.subTest(number, library=library, seed=SEED, packet=packet.hex()):
                    self.assertEqual(in_lower_case([codec.ask("decode", written)]), in_lower_case([codec.ask("decode", packet)]))

    def test_what_they_write_we_read(self):
        for number in range(WHOLE):
            packet = random_response(self.draw).to_wire(max_size=65535)
            for library, codec in self.theirs.items():
                written = bytes.fromhex(codec.ask("encode", packet))
                with self.subTest(number, library=library, seed=SEED, packet=packet.hex()):
                    self.assertEqual(in_lower_case([self.ours.ask("decode", written)]), in_lower_case([self.ours.ask("decode", packet)]))

    def test_of_damaged_messages_all_say_the_same_but_for_the_known_differences(self):
        known, read = set(), 0
        for number in range(DAMAGED):
            packet = damaged(self.draw)
            ours = self.ours.ask("decode", packet)
            read += ours.startswith("ok")
            for library, codec in self.theirs.items():
                theirs = codec.ask("decode", packet)
                if is_same(ours, theirs):
                    continue
                with self.subTest(number, library=library, seed=SEED, packet=packet.hex()):
                    reasons = differences(library, ours, theirs)
                    self.assertTrue(reasons, f"ours {ours}\ntheirs {theirs}")
                    known.update(reasons)
        self.assertGreater(read, DAMAGED // 10)
        if "FAIRLEAD_RANDOM_SEED" not in os.environ:
            self.assertEqual(known, set(DIFFERENCES), "what is said to differ no longer does")


if __name__ == "__main__":
    unittest.main()
