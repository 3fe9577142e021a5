"""The agent as a DNS server beside CoreDNS, unbound, knot and an echo: speed on one core, a flood, a kill, 100,000 Services.

All answer the same pod over the same way, from the same Services and the same upstream, one after the other on one core; the clients have
the other one. Latencies count from when a query was due, not from when it was sent.
"""

import argparse
import contextlib
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../e2e"))

import dns_cluster
import dns_load
import dns_names
import dns_servers
import report
from dns_load import per_cpu_second
from harness import netns
from harness.cluster import ROOT

SMALL, LARGE = 1_000, 100_000
LATENCY_RATE = 10_000
VICTIM_RATE = 1_000
FLOOD_RATE = 50_000
ALONE, PAST_IT = "alone", "past the server"
FLOOD_ROUNDS = 3
FLOOD_SECONDS = 4  # until names that nobody has repeat themselves
KILL_RATE = 10_000
GOAL_SHARE = 0.7
GOAL_FLOOD = 2.0
GOAL_SLOWDOWN = 1.25
SECONDS = 3
KILL_SECONDS = 12


class Questions:
    """Files of questions for a cluster."""

    def __init__(self, cluster):
        names = cluster.names
        self.count = len(names.hosts)
        self.zone, self.cached, self.first_of_walks, self.walks = (
            cluster.write(name, "\n".join(lines) + "\n")
            for name, lines in (("zone", names.zone()), ("cached", names.cached()), ("first", names.first_of_walks()), ("walks", names.walks())))
        self.mixed = cluster.write("mixed", "\n".join(line for pair in zip(names.zone(), names.cached()) for line in pair) + "\n")
        self.random = cluster.write("random", "\n".join(names.random(FLOOD_RATE * FLOOD_SECONDS)) + "\n")


def measure_zone(server, pod, questions, seconds):
    return {"zone": dns_load.load(pod, server, questions.zone, seconds, "outstanding", dns_load.OUTSTANDING),
            "latency": dns_load.load(pod, server, questions.zone, seconds, "rate", LATENCY_RATE)}


def measure_all(server, pod, questions, seconds):
    figures = measure_zone(server, pod, questions, seconds)
    if server.has_tcp:
        figures["tcp"] = dns_load.load(pod, server, questions.zone, seconds, "outstanding", dns_load.OUTSTANDING, "tcp")
    if server.has_cache:
        dns_load.warm_up(pod, server, questions.cached, questions.count)
        figures["cached"] = dns_load.load(pod, server, questions.cached, seconds, "outstanding", dns_load.OUTSTANDING)
        walks = questions.first_of_walks if server.has_collapse else questions.walks
        if server.has_collapse:
            dns_load.await_collapse(pod, server, questions.first_of_walks, questions.count)
        figures["walks"] = dns_load.load(pod, server, walks, seconds, "outstanding", dns_load.OUTSTANDING)
        if server.has_collapse and set(figures["walks"]["codes"]) != {"0"}:
            raise AssertionError(f"walks did not end at their first question: {figures['walks']['codes']}")
        if not server.has_collapse:
            figures["walks"]["answered"] //= len(dns_names.SEARCH) + 1
    return figures


def speed(cluster, measure, classes, seconds):
    """What `measure` finds of each server."""
    questions = Questions(cluster)
    results = {}
    for server_class in classes:
        server = server_class(cluster)
        with server.running(), cluster.stopped():
            server.await_rest()
            results[server.name] = measure(server, cluster.pods[0], questions, seconds)
            results[server.name]["load_seconds"], results[server.name]["memory_mib"] = server.load_seconds, server.peak_memory_mib()
    return results


def print_speed(title, results):
    limit = per_cpu_second(results["echo"]["zone"]) if "echo" in results else None
    print(f"  answers per processor second of the server; {title}")
    print(f"  {'':20}{'zone':>10}{'of echo':>9}{'cached':>10}{'walks':>10}{'TCP':>10}{'p50':>9}{'p99':>9}{'p99.9':>9} us at {LATENCY_RATE:,}/s"
          f"{'lost':>6}{'start s':>9}{'MiB':>7}")
    for name, figures in results.items():
        def column(what, figures=figures):
            return f"{per_cpu_second(figures[what]):,.0f}" if what in figures else "-"
        share = f"{per_cpu_second(figures['zone']) / limit:.2f}" if limit else "-"
        latency = figures["latency"]
        print(f"  {name:20}{column('zone'):>10}{share:>9}{column('cached'):>10}{column('walks'):>10}{column('tcp'):>10}"
              f"{latency['p50']:>9.0f}{latency['p99']:>9.0f}{latency['p99.9']:>9.0f}{'':13}{latency['sent'] - latency['answered']:>6,}"
              f"{figures['load_seconds']:>9.2f}{figures['memory_mib']:>7.0f}")


def judge_speed(results, goals):
    if "fairlead" not in results:
        return
    for what in ("zone", "cached"):
        ours = per_cpu_second(results["fairlead"][what])
        for rival in ("echo", "knot"):
            figures = results.get(rival, {}).get("zone")
            if figures:
                limit = 1 / GOAL_SHARE if rival == "echo" else 1.0
                goals.verdict(f"{what}: {rival}, times as fast as fairlead", per_cpu_second(figures) / ours, limit)
        for rival in ("coredns", "unbound"):
            figures = results.get(rival, {}).get(what)
            if figures:
                print(f"  {what}: {ours / per_cpu_second(figures):.1f} times {rival}")
    for rival in ("coredns", "unbound"):
        if rival in results:
            print(f"  lookups of pods with search lists: {per_cpu_second(results['fairlead']['walks']) / per_cpu_second(results[rival]['walks']):.1f}"
                  f" times {rival}")


def measure_flood(server, cluster, upstream, questions, seconds):
    """Lookups of one pod alone, and while another one floods: the upstream, which shows what the clients and the upstream take from each other
    on their core, and then the server."""
    victim, flooder = cluster.pods
    dns_load.warm_up(victim, server, questions.mixed, 2 * questions.count)
    floods = ((ALONE, None, None), (PAST_IT, questions.random, upstream), ("names of Services", questions.zone, server),
              ("names that nobody has", questions.random, server))
    rounds = {name: [] for name, _, _ in floods}
    for _ in range(FLOOD_ROUNDS):
        for name, flood, flooded in floods:
            into = {}
            with contextlib.ExitStack() as stack:
                if flood:
                    stack.enter_context(dns_load.flooding(flooder, flooded, flood, seconds + 1, FLOOD_RATE, into))
                    time.sleep(0.5)
                lookups = dns_load.start_lookups(victim, server, questions.mixed, seconds, VICTIM_RATE)
                rounds[name].append({**dns_load.finish_lookups(lookups), "flood": into})
    return {name: middle_round(rows) for name, rows in rounds.items()}


def middle_round(rows):
    """That with the middle p99, for the machine stands still for some 20 ms now and then; retried and lost are those of all rounds."""
    middle = sorted(rows, key=lambda row: row["p99"])[len(rows) // 2]
    return {**middle, **{what: sum(row[what] for row in rows) for what in ("after_retry", "unanswered")}}


def flood(cluster, upstream, questions, classes, seconds):
    results = {}
    for server_class in classes:
        server = server_class(cluster)
        with server.running(), cluster.stopped():
            server.await_rest()
            results[server.name] = measure_flood(server, cluster, upstream, questions, seconds)
    return results


def print_flood(results, goals):
    print(f"  one pod's {VICTIM_RATE:,} lookups/s while another pod asks {FLOOD_RATE:,}/s, us; the middle one of {FLOOD_ROUNDS} rounds")
    print(f"  {'':20}{'flood':24}{'p50':>9}{'p99':>9}{'p99.9':>9}{'retried':>9}{'lost':>6}{'times p99 alone':>17}")
    for name, figures in results.items():
        alone = figures["alone"]["p99"]
        for kind, row in figures.items():
            ratio = row["p99"] / alone
            limit = GOAL_FLOOD if name.startswith("fairlead") and kind not in (ALONE, PAST_IT) else None
            verdict = goals.verdict(f"{name}, flood of {kind}: p99, times alone", ratio, limit)
            print(f"  {name:20}{kind:24}{row['p50']:>9.0f}{row['p99']:>9.0f}{row['p99.9']:>9.0f}{row['after_retry']:>9,}{row['unanswered']:>6,}"
                  f"{ratio:>17.2f}  {verdict}")


def kill(cluster, questions, upstream):
    """Lookups while the agent is killed, started, ended in order and started. The upstream stands in for it on its core."""
    netns.sh(["taskset", "-a", "-p", "-c", dns_cluster.SERVER_CPU, str(upstream.process.pid)])
    server = dns_servers.Interception(cluster)
    with server.running():
        lookups = dns_load.start_lookups(cluster.pods[0], server, questions.zone, KILL_SECONDS, KILL_RATE)
        steps = ((2, lambda: server.stop(signal.SIGKILL)), (4, server.start), (6, lambda: server.stop(signal.SIGINT)), (8, server.start))
        begun = time.monotonic()
        for at, step in steps:
            time.sleep(max(0.0, begun + at - time.monotonic()))
            step()
        figures = dns_load.finish_lookups(lookups)
        figures["intercepted_again"] = server.requests()
        return figures


def print_kill(row, goals):
    verdict = goals.verdict("lookups unanswered after one retry", row["unanswered"], 0, 0)
    at = f" (due at {row['unanswered_ms']} ms)" if row["unanswered"] else ""
    print(f"  kill -9, start, SIGINT, start at {KILL_RATE:,} lookups/s: {row['lookups']:,} lookups, {row['after_retry']:,} needed the one retry, "
          f"{row['refused']:,} met a closed port, {row['unanswered']:,} unanswered{at}, {row['intercepted_again']:,} answered by the last agent  {verdict}")


def print_slowdown(small, large, goals):
    for name in large:
        if name == "echo":
            continue
        ratio = per_cpu_second(small[name]["zone"]) / per_cpu_second(large[name]["zone"])
        verdict = goals.verdict(f"{name}, {LARGE:,} Services, times slower", ratio, GOAL_SLOWDOWN if name == "fairlead" else None)
        print(f"  {name}: {ratio:.2f} times slower among {LARGE:,} Services than among {SMALL:,}  {verdict}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a second each, no large cluster")
    parser.add_argument("--only", choices=[each.name for each in dns_servers.ALL], action="append", help="these alone, and echo")
    parser.add_argument("--part", choices=("speed", "flood", "kill", "size"), action="append", help="these parts alone")
    parser.add_argument("--seconds", type=int, default=SECONDS, help=f"of each measurement ({SECONDS})")
    parser.add_argument("--json", default=os.path.join(ROOT, "build/bench/dns.json"), help="where the figures go")
    arguments = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    seconds = 1 if arguments.quick else arguments.seconds
    parts = arguments.part or ["speed", "flood", "kill"] + ([] if arguments.quick else ["size"])
    chosen = [each for each in dns_servers.ALL if each is dns_servers.Echo or arguments.only is None or each.name in arguments.only]
    without_interception = [each for each in chosen if each is not dns_servers.Interception]
    results = {"machine": report.machine()}
    print(f"{results['machine']}\n# DNS servers on one core each")
    goals = report.Goals()
    with dns_cluster.running(SMALL) as cluster, dns_servers.upstream(cluster) as upstream:
        questions = Questions(cluster)
        if "speed" in parts:
            results["speed"] = speed(cluster, measure_all, chosen, seconds)
            print_speed(f"{SMALL:,} Services", results["speed"])
            judge_speed(results["speed"], goals)
        elif "size" in parts:
            results["speed"] = speed(cluster, measure_zone, without_interception, seconds)
        if "flood" in parts:
            results["flood"] = flood(cluster, upstream, questions, [each for each in chosen if each.has_cache], seconds)
            print_flood(results["flood"], goals)
        if "kill" in parts:
            results["kill"] = kill(cluster, questions, upstream)
            print_kill(results["kill"], goals)
    if "size" in parts:
        with dns_cluster.running(LARGE) as cluster, dns_servers.upstream(cluster):
            results["size"] = speed(cluster, measure_zone, without_interception, seconds)
        print_speed(f"{LARGE:,} Services", results["size"])
        print_slowdown(results["speed"], results["size"], goals)
    print(goals.summary())
    report.write_json(arguments.json, results)
    print(f"figures in {os.path.relpath(arguments.json)}")


if __name__ == "__main__":
    main()
