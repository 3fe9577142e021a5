"""Lookup programs of real stub resolvers (dns_clients), run in a namespace with a resolv.conf of its own."""

import os
import tempfile

from . import netns
from .cluster import ROOT

NAMES = ("glibc", "musl", "c-ares", "Go")
_SOURCES = os.path.join(ROOT, "tests/e2e/dns_clients")


def build_clients(folder):
    """The lookup program of each resolver, by its name."""
    go = netns.sh([os.path.join(ROOT, "scripts/setup-go")]).strip()
    source = os.path.join(_SOURCES, "lookup.c")
    programs = {name: os.path.join(folder, name) for name in NAMES}
    netns.sh(["cc", "-O1", "-o", programs["glibc"], source])
    netns.sh(["musl-gcc", "-static", "-O1", "-o", programs["musl"], source])
    netns.sh(["cc", "-O1", "-o", programs["c-ares"], os.path.join(_SOURCES, "lookup_cares.c"), "-lcares"])
    netns.sh([go, "build", "-o", programs["Go"], os.path.join(_SOURCES, "lookup.go")],
             env={**os.environ, "CGO_ENABLED": "0", "GO111MODULE": "off"}, timeout=300)
    return programs


class Resolver:
    """Runs lookup programs in a namespace, with a resolv.conf of their own."""

    def __init__(self, namespace, folder, nameserver, domains, ndots=5):
        self._namespace = namespace
        self._files = []
        for path, text in (("/etc/resolv.conf", f"nameserver {nameserver}\nsearch {' '.join(domains)}\noptions ndots:{ndots}\n"),
                           ("/etc/nsswitch.conf", "hosts: dns\n")):
            handle, made = tempfile.mkstemp(dir=folder)
            with os.fdopen(handle, "w") as file:
                file.write(text)
            os.chmod(made, 0o644)
            self._files.append((made, os.path.realpath(path)))

    def lookup(self, program, name, family="any"):
        mounts = " && ".join(f"mount --bind {made} {path}" for made, path in self._files)
        return self._namespace.sh(["unshare", "-m", "sh", "-c", f'{mounts} && exec "$@"', "sh", program, name, family]).strip()
