"""Network namespaces that a test makes and removes."""

import contextlib
import ctypes
import os
import re
import shutil
import subprocess
import tempfile
import threading

PREFIX = "fle2e"
_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000


def sh(command, check=True, timeout=60, **kwargs):
    """Runs a command line (a list or a string for the shell) and gives its standard output."""
    done = subprocess.run(command, shell=isinstance(command, str), capture_output=True, text=True, timeout=timeout, **kwargs)
    if check and done.returncode != 0:
        raise AssertionError(f"{command}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class Namespace:
    def __init__(self, name):
        self.name = f"{PREFIX}-{os.getpid()}-{name}"
        sh(["ip", "netns", "add", self.name])
        sh(["ip", "-n", self.name, "link", "set", "lo", "up"])

    def delete(self):
        for pid in sh(["ip", "netns", "pids", self.name], check=False).split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), 9)
        sh(["ip", "netns", "delete", self.name], check=False)

    def sh(self, command, **kwargs):
        if isinstance(command, str):
            command = ["sh", "-c", command]
        return sh(["ip", "netns", "exec", self.name, *command], **kwargs)

    def popen(self, command, **kwargs):
        return subprocess.Popen(["ip", "netns", "exec", self.name, *command], **kwargs)

    def ip(self, *arguments):
        return sh(["ip", "-n", self.name, *arguments])

    def sysctl(self, key, value):
        self.sh(["sysctl", "-qw", f"{key}={value}"])

    @contextlib.contextmanager
    def inside(self):
        """Sockets that this thread opens meanwhile belong to the namespace."""
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        target = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        try:
            _setns(target)
            try:
                yield
            finally:
                _setns(before)
        finally:
            os.close(before)
            os.close(target)


def _setns(fd):
    if _libc.setns(fd, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def connect(a, a_device, a_addresses, b, b_device, b_addresses):
    """A veth pair between two namespaces; addresses are CIDR texts of both families."""
    sh(["ip", "link", "add", a_device, "netns", a.name, "type", "veth", "peer", "name", b_device, "netns", b.name])
    for namespace, device, addresses in ((a, a_device, a_addresses), (b, b_device, b_addresses)):
        for address in addresses:
            extra = ["nodad"] if ":" in address else []
            namespace.ip("address", "add", address, "dev", device, *extra)
        namespace.ip("link", "set", device, "up")


def remove_leftovers():
    """Removes namespaces, their processes and files of test runs whose process is gone."""
    for line in sh(["ip", "netns", "list"]).splitlines():
        found = re.match(rf"({PREFIX}-(\d+)-\S+)", line)
        if found and not os.path.exists(f"/proc/{found.group(2)}"):
            for pid in sh(["ip", "netns", "pids", found.group(1)], check=False).split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), 9)
            sh(["ip", "netns", "delete", found.group(1)], check=False)
    for name in os.listdir(tempfile.gettempdir()):
        found = re.match(rf"{PREFIX}-(\d+)-", name)
        if found and not os.path.exists(f"/proc/{found.group(1)}"):
            path = os.path.join(tempfile.gettempdir(), name)
            if os.path.isdir(path):
                shutil.rmtree(path, ignore_errors=True)
            else:
                os.unlink(path)


class Background:
    """A thread whose exception fails whoever joins it."""

    def __init__(self, function):
        self._error = None
        self.result = None

        def run():
            try:
                self.result = function()
            except BaseException as error:  # handed to join
                self._error = error

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def check(self):
        """Fails with its exception, if it has ended with one."""
        if self._error:
            raise RuntimeError("background work failed") from self._error

    def join(self, timeout=60):
        self._thread.join(timeout)
        if self._thread.is_alive():
            raise AssertionError("background work did not end")
        if self._error:
            raise self._error
        return self.result
