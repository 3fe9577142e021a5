"""A table of tracked connections that fills: log, metrics, page and Events on the Node, once, and their end."""

import json
import os
import shutil
import signal
import tempfile
import unittest

import yaml

from harness import netns, world
from harness.api_case import ApiServerCase
from harness.cluster import wait_for


class ConntrackWatchTest(ApiServerCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix=f"{netns.PREFIX}-{os.getpid()}-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.limit = int(self.node.sh("cat /proc/sys/net/netfilter/nf_conntrack_max"))
        self.configure(1, 2)
        self.agent = world.Agent(self.node, ["--kubeconfig", self.control.kubeconfig], ["--config", f"{self.folder}/config.yaml"]).start()
        self.addCleanup(self.agent.close)
        self.addCleanup(self.node.sh, "conntrack -F 2>/dev/null")

    def configure(self, warn, critical):
        with open(f"{self.folder}/config.yaml", "w") as file:
            yaml.safe_dump({"apiVersion": "fairlead.config/v1alpha1", "kind": "AgentConfiguration",
                            "conntrack": {"warnPercent": warn, "criticalPercent": critical}}, file)

    def fill(self, percent, source):
        """Puts entries into the node's table, one for each port of `source`."""
        count = self.limit * percent // 100 + 1
        lines = "".join(f"-I -p udp -t 600 -s {source}.{i // 60000} -d 10.99.0.1 --sport {1000 + i % 60000} --dport 53\n" for i in range(count))
        self.node.sh(["conntrack", "-R", "-"], input=lines)

    def wait_for_looks(self, count):
        for _ in range(count):
            before = self.agent.metric("fairlead_conntrack_read_seconds_total")
            wait_for("another look", lambda: self.agent.metric("fairlead_conntrack_read_seconds_total") > before)  # noqa: B023

    def page(self):
        return json.loads(self.agent.get("/conntrack"))

    def events(self):
        """What `kubectl describe node n1` asks for."""
        uid = self.control.request("GET", "/api/v1/nodes/n1")["metadata"]["uid"]
        selector = f"involvedObject.kind=Node,involvedObject.name=n1,involvedObject.uid={uid}"
        return self.control.request("GET", f"/api/v1/namespaces/default/events?fieldSelector={selector}")["items"]

    def reasons(self):
        return sorted(event["reason"] for event in self.events())

    def test_a_table_that_fills_is_told_of_once_and_so_is_that_it_has_room_again(self):
        self.assertEqual(self.events(), [])
        self.assertEqual(self.page()["level"], "normal")
        self.fill(1, "198.51.100")
        wait_for("a warning", lambda: self.page()["level"] == "warning")
        page = self.page()
        self.assertEqual(page["max"], self.limit)
        self.assertGreater(page["used"], self.limit // 100)
        self.assertEqual(page["peak"], page["used"])
        self.assertAlmostEqual(page["usedPercent"], 100 * page["used"] / self.limit, places=2)
        self.assertEqual(self.agent.metric("fairlead_conntrack_level"), 1)
        self.assertEqual(self.agent.metric("fairlead_conntrack_entries"), page["used"])
        self.assertGreater(page["counters"]["insert"]["total"], self.limit // 100)
        self.assertGreater(page["counters"]["insert"]["perSecond"], 0)
        self.assertIn("the table of tracked connections is 1 % full", self.agent.status()["problems"][0])

        self.fill(1, "198.51.101")
        wait_for("a critical level", lambda: self.page()["level"] == "critical")
        wait_for("Events", lambda: len(self.events()) == 2)
        self.wait_for_looks(2)
        self.assertEqual(self.reasons(), ["ConntrackTableFilling", "ConntrackTableNearlyFull"])
        for event in self.events():
            self.assertEqual((event["type"], event["involvedObject"]["kind"], event["metadata"]["namespace"]), ("Warning", "Node", "default"))
            self.assertRegex(event["message"], rf"^the table of tracked connections is [12] % full, \d+ of {self.limit} entries; most: .*peer 198\.51\.100\.0 \d+ %")
        self.assertEqual(self.agent.log().count("the table of tracked connections fills"), 2)

        self.node.sh("conntrack -F 2>/dev/null")
        wait_for("a normal level", lambda: self.page()["level"] == "normal", timeout=180)
        self.assertEqual(self.agent.status()["problems"], [])
        self.assertEqual(self.agent.metric("fairlead_conntrack_level"), 0)
        self.assertGreater(self.agent.metric("fairlead_conntrack_peak_entries"), self.limit // 50)
        self.assertIn("the table of tracked connections has room again", self.agent.log())
        wait_for("an Event of its end", lambda: len(self.events()) == 3)
        over, = [event for event in self.events() if event["type"] == "Normal"]
        self.assertEqual((over["reason"], over["involvedObject"]["name"]), ("ConntrackTableHasRoom", "n1"))
        self.assertRegex(over["message"], rf"^the table of tracked connections has room again: 0 % full, \d+ of {self.limit} entries$")
        self.fill(1, "198.51.102")
        wait_for("a warning again", lambda: self.page()["level"] == "warning")
        self.wait_for_looks(1)
        self.assertEqual(len(self.events()), 3, "not again within ten minutes")
        self.node.sh("conntrack -F 2>/dev/null")
        wait_for("a normal level again", lambda: self.page()["level"] == "normal", timeout=180)
        self.wait_for_looks(1)
        self.assertEqual(len(self.events()), 3, "what was not told needs no end")

    def test_other_levels_hold_after_a_reload(self):
        self.fill(1, "198.51.100")
        wait_for("a warning", lambda: self.page()["level"] == "warning")
        self.configure(50, 60)
        self.agent.process.send_signal(signal.SIGHUP)
        wait_for("a normal level", lambda: self.page()["level"] == "normal", timeout=120)


if __name__ == "__main__":
    unittest.main()
