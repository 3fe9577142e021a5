"""What stock nft says about the tables of a namespace."""

import json
import subprocess
import threading

from .cluster import wait_for


def contents(namespace, family):
    """The table "fairlead" of family "ip" or "ip6", without what differs between equal tables: handles, counters, order of elements."""

    def normal(value):
        if isinstance(value, dict):
            return {key: sorted(map(normal, each), key=repr) if key == "elem" and isinstance(each, list) else normal(each)
                    for key, each in value.items() if key not in ("handle", "packets", "bytes")}
        return [normal(each) for each in value] if isinstance(value, list) else value

    objects = json.loads(namespace.sh(["nft", "-j", "list", "table", family, "fairlead"]))["nftables"]
    return normal([each for each in objects if "metainfo" not in each])


class Events:
    """What `nft monitor` sees while it runs. A table called canary, made and removed at both ends, proves that it sees everything."""

    def __init__(self, namespace):
        self.namespace = namespace
        self.lines = []
        self.process = namespace.popen(["nft", "monitor"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.reader = threading.Thread(target=lambda: self.lines.extend(self.process.stdout), daemon=True)
        self.reader.start()
        wait_for("nft monitor", lambda: self._sees_canary("first"), pause=0.1)

    def _sees_canary(self, name):
        self.namespace.sh(f"nft add table ip canary-{name}; nft delete table ip canary-{name}")
        return any(f"delete table ip canary-{name}" in line for line in list(self.lines))

    def stop(self):
        """The lines about anything but the canary."""
        try:
            wait_for("the last canary", lambda: self._sees_canary("last"), pause=0.1)
        finally:
            self.process.terminate()
            self.process.wait()
            self.reader.join()
            self.process.stdout.close()
        return "".join(line for line in self.lines if "canary" not in line and "(nft)" not in line)
