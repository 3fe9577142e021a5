"""What tests of Pods that look names up have in common: a world of one Pod, the resolvers' programs, Services and files."""

import json
import os
import shutil
import tempfile
import unittest

from . import netns, stub_resolvers, world


def set_up_module():
    """A world of one Pod and the lookup programs by their names; both go with the module."""
    made = world.World(pod_count=1)
    unittest.addModuleCleanup(made.close)
    folder = tempfile.mkdtemp(prefix=f"{netns.PREFIX}-{os.getpid()}-")
    unittest.addModuleCleanup(shutil.rmtree, folder)
    os.chmod(folder, 0o755)
    return made, stub_resolvers.build_clients(folder)


def service(name, namespace, ip, port=80, protocol="TCP"):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": namespace},
            "spec": {"clusterIP": ip, "clusterIPs": [ip], "ports": [{"name": "p", "port": port, "protocol": protocol}]}}


class DnsCase(unittest.TestCase):
    """Has a folder that resolvers without rights can read, for as long as a test or its doCleanups()."""

    def make_folder(self, *objects):
        """With the objects as manifests."""
        self.folder = tempfile.mkdtemp(prefix=f"{netns.PREFIX}-{os.getpid()}-")
        self.addCleanup(shutil.rmtree, self.folder)
        os.chmod(self.folder, 0o755)
        os.mkdir(os.path.join(self.folder, "objects"))
        self.write("objects/all.json", json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))

    def write(self, name, text):
        """Replaces a file of the folder as a whole."""
        path = os.path.join(self.folder, name)
        with open(path + ".new", "w") as file:
            file.write(text)
        os.rename(path + ".new", path)

    def configure(self, **settings):
        """Writes the agent's configuration: interception with these settings of DNS beside it."""
        self.write("config.yaml", json.dumps(
            {"apiVersion": "fairlead.config/v1alpha1", "kind": "AgentConfiguration",
             "dns": {"mode": "intercept", "resolvConf": os.path.join(self.folder, "resolv.conf"), **settings}}))

    def start_agent(self, node):
        agent = world.Agent(node, ["--manifests", os.path.join(self.folder, "objects")],
                            ["--config", os.path.join(self.folder, "config.yaml")]).start()
        self.addCleanup(agent.close)
        return agent
