"""The names that DNS servers are asked for: Services of a cluster, and hosts outside of it."""

import big_cluster

ZONE = "cluster.local"
OUTSIDE = "example.com"
HOSTS = 1000
# What kubelet gives a pod of the namespace default.
SEARCH = (f"default.svc.{ZONE}", f"svc.{ZONE}", ZONE)
# More are not needed: a server that keeps answers of a zone keeps these, too.
_MOST_QUESTIONS = 20_000


class Names:
    """`services` is (name below ZONE, address) of each."""

    def __init__(self, count):
        self.services = [(f"{big_cluster.service_name(i)}.{big_cluster.NAMESPACE}.svc", big_cluster.service_address(i))
                         for i in range(count)]
        self.hosts = [(f"host-{i}.{OUTSIDE}", f"198.51.{100 + i // 250}.{i % 250 + 1}") for i in range(HOSTS)]

    def zone(self):
        """Three in four are there; one in eight is of IPv6, of which there are none."""
        step = max(1, len(self.services) // _MOST_QUESTIONS)
        names = [name for name, _ in self.services[::step]]
        # A name's neighbour in memory is not the next that is asked for.
        names = [names[i * 7919 % len(names)] for i in range(len(names))] if len(names) % 7919 else names
        return [f"{name if i % 4 != 3 else 'missing-' + name}.{ZONE} {'AAAA' if i % 8 == 0 else 'A'}" for i, name in enumerate(names)]

    def cached(self):
        return [f"{name} A" for name, _ in self.hosts]

    def first_of_walks(self):
        """What a pod asks first for the name of a host, with the five dots that Kubernetes asks for."""
        return [f"{name}.{SEARCH[0]} A" for name, _ in self.hosts]

    def walks(self):
        """All that a pod asks for the name of a host."""
        return [f"{name}{suffix} A" for name, _ in self.hosts for suffix in (*("." + each for each in SEARCH), "")]

    @staticmethod
    def random(count):
        """Names that nobody has, each another one."""
        return [f"nobody-{i * 2654435761 % 2 ** 32:08x}.{OUTSIDE} A" for i in range(count)]
