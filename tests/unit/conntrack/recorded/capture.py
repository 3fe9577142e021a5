#!/usr/bin/env python3
"""Records how many entries the kernel's connection tracking has, every five seconds, under real connections.

As root: python3 capture.py. Each series has a network namespace of its own; all take twelve minutes together. Writes
NAME.txt beside this file: one number a line.
"""
import os
import pathlib
import resource
import socket
import subprocess
import sys
import threading
import time

STEP_SECONDS = 5
SECONDS = 720
FOLDER = pathlib.Path(__file__).resolve().parent
PORTS = range(9000, 9008)  # one port would run out of local ports


def serve(port):
    """Keeps what is opened until the other side closes."""
    listener = socket.create_server(("127.0.0.1", port), backlog=4096)

    def run():
        import selectors
        selector = selectors.DefaultSelector()
        selector.register(listener, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is listener:
                    selector.register(listener.accept()[0], selectors.EVENT_READ)
                else:
                    selector.unregister(key.fileobj)
                    key.fileobj.close()

    threading.Thread(target=run, daemon=True).start()


class Client:
    def __init__(self):
        self.opened = 0
        self.held = []

    def open(self):
        self.opened += 1
        return socket.create_connection(("127.0.0.1", PORTS[self.opened % len(PORTS)]))

    def quick(self, count):
        """Short connections, as of a client that closes first: each leaves an entry in TIME_WAIT."""
        for _ in range(count):
            self.open().close()

    def hold(self, count):
        self.held += [self.open() for _ in range(count)]

    def drop(self):
        for sock in self.held:
            sock.close()
        self.held = []


# What a client does in each second.
def plateau(client, second):
    if second >= 300:
        client.quick(60)
    elif second >= 60:
        client.quick(20)


def bursts(client, second):
    client.quick(5)
    if second % 150 in range(100, 106):
        client.quick(500)


def batch(client, second):
    client.quick(2)
    if second % 240 < 180:
        client.hold(15)
    elif second % 240 == 180:
        client.drop()


def leak(client, second):
    client.quick(5)
    if second >= 120:
        client.hold(8)


def record(work, name):
    for port in PORTS:
        serve(port)
    client = Client()
    counts = []
    begin = time.monotonic()
    for second in range(SECONDS):
        time.sleep(max(0.0, begin + second - time.monotonic()))
        if second % STEP_SECONDS == 0:
            counts.append(pathlib.Path("/proc/sys/net/netfilter/nf_conntrack_count").read_text().strip())
        work(client, second)
    (FOLDER / f"{name}.txt").write_text("\n".join(counts) + "\n")


def main():
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if len(sys.argv) > 1:
        return record(globals()[sys.argv[1]], sys.argv[1])
    rules = "table ip t { chain c { type filter hook output priority 0; ct state new accept; }; }"
    children = []
    for name in ("plateau", "bursts", "batch", "leak"):
        inside = f"ip link set lo up && nft '{rules}' && exec {sys.executable} {os.path.abspath(__file__)} {name}"
        children.append(subprocess.Popen(["unshare", "--net", "sh", "-c", inside]))
    return max(child.wait() for child in children)


if __name__ == "__main__":
    sys.exit(main())
