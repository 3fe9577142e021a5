"""The real kube-proxy on the node."""

import os
import subprocess

from . import world
from .cluster import BIN, wait_for


class KubeProxy:
    """In mode "nftables" or "iptables"; `legacy`: with the iptables programs that do not use nf_tables."""

    def __init__(self, node, control, mode, legacy=False):
        self.node = node
        self.mode = mode
        self.kind = "legacy" if legacy else "nft"
        self.log_path = f"{control.folder}/kube-proxy.log"
        self.process = None
        program = os.path.join(BIN, "kube-proxy")
        if not os.path.exists(program):
            raise AssertionError(f"{program} is missing: run scripts/build-cluster")
        self.command = [program, "--proxy-mode", mode, "--kubeconfig", control.kubeconfig, "--hostname-override", "n1",
                        "--cluster-cidr", world.POD_CIDRS, "--conntrack-max-per-core", "0", "-v", "1"]
        self.environment = dict(os.environ)
        if legacy:
            self.environment["PATH"] = f"{self._legacy_programs(control.folder)}:{os.environ['PATH']}"

    def _legacy_programs(self, folder):
        """A folder in which "iptables" is the legacy one: kube-proxy takes the first on PATH."""
        folder = os.path.join(folder, "legacy")
        os.makedirs(folder, exist_ok=True)
        for family in ("iptables", "ip6tables"):
            for verb in ("", "-save", "-restore"):
                link = os.path.join(folder, family + verb)
                if not os.path.lexists(link):
                    os.symlink(f"/usr/sbin/{family}-legacy{verb}", link)
        return folder

    def start(self, addresses):
        """Returns when the rules of both families have these ClusterIPs."""
        with open(self.log_path, "a") as log:
            self.process = self.node.popen(self.command, stdout=log, stderr=subprocess.STDOUT, env=self.environment)
        wait_for("kube-proxy's rules", lambda: all(address in self.rules() for address in addresses), timeout=60, pause=0.3)
        return self

    def rules(self):
        """What the kernel has of it, as stock tools print it."""
        if self.mode == "nftables":
            return "".join(self.node.sh(f"nft list table {family} kube-proxy", check=False) for family in ("ip", "ip6"))
        saved = "".join(self.node.sh(f"{family}-{self.kind}-save") for family in ("iptables", "ip6tables"))
        # KUBE-FIREWALL is kubelet's; kube-proxy makes it too and never removes it.
        others = ("KUBE-FIREWALL", "KUBE-KUBELET-CANARY", "KUBE-NETWORK-POLICY")
        return "".join(line + "\n" for line in saved.splitlines() if "KUBE-" in line and not any(name in line for name in others))

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()
            self.process = None
