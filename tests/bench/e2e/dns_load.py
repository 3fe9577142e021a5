"""Runs the clients of tests/bench/dns in a pod."""

import contextlib
import json
import os
import subprocess

from dns_cluster import CLIENT_CPU
from dns_servers import BENCH

# Enough to keep a server busy whose batches are 64.
OUTSTANDING = 256
TIMEOUT_MS = 1000
_WARM_UP_RATE = 2000
_COLLAPSE_LIMIT_SECONDS = 30
_CODES = ("0", "3")  # NOERROR and NXDOMAIN


def _client(pod, server, transport, questions, seconds, mode, number):
    return pod.namespace.popen([os.path.join(BENCH, "dns_client"), transport, server.address, str(server.port), questions, str(seconds), mode,
                                str(number), str(server.process.pid), CLIENT_CPU], stdout=subprocess.PIPE, text=True)


def _figures(process):
    text = process.communicate()[0]
    if process.returncode != 0:
        raise AssertionError(f"the client ended with {process.returncode}")
    return json.loads(text)


def load(pod, server, questions, seconds, mode, number, transport="udp"):
    """The figures of dns_client; fails if answers are other than that names are there or are not."""
    figures = _figures(_client(pod, server, transport, questions, seconds, mode, number))
    wrong = {code: count for code, count in figures["codes"].items() if code not in _CODES}
    if wrong:
        raise AssertionError(f"{server.name} answered with codes {wrong}")
    return figures


def warm_up(pod, server, questions, count):
    """Asks each question twice, so slowly that whoever keeps answers gets to know them."""
    return load(pod, server, questions, max(1, -(-2 * count // _WARM_UP_RATE)), "rate", _WARM_UP_RATE)


def await_collapse(pod, server, questions, count):
    """A server that was just started leaves walks alone, for they may have begun before."""
    for _ in range(_COLLAPSE_LIMIT_SECONDS):
        if set(warm_up(pod, server, questions, count)["codes"]) == {"0"}:
            return
    raise AssertionError(f"{server.name} does not end walks at their first question")


@contextlib.contextmanager
def flooding(pod, server, questions, seconds, rate, into):
    """dns_client floods the server meanwhile."""
    process = _client(pod, server, "udp", questions, seconds, "rate", rate)
    try:
        yield
        into.update(_figures(process))
    finally:
        process.kill()
        process.wait()


def start_lookups(pod, server, questions, seconds, rate):
    """dns_lookups, which has begun; `_figures` of it come from finish_lookups()."""
    return pod.namespace.popen([os.path.join(BENCH, "dns_lookups"), server.address, str(server.port), questions, str(seconds), str(rate),
                                str(TIMEOUT_MS), CLIENT_CPU], stdout=subprocess.PIPE, text=True)


def finish_lookups(process):
    try:
        return _figures(process)
    finally:
        process.kill()
        process.wait()


def per_cpu_second(figures):
    return figures["answered"] / max(figures["server_cpu_seconds"], 0.01)
