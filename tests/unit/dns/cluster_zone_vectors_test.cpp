// The Kubernetes DNS specification 1.1.0 row by row, and what clients rely on beyond it.

#include <gtest/gtest.h>

#include <algorithm>

#include "cluster_zone_fixture.h"

namespace fairlead::dns {
namespace {

/// Records without their TTL; without their owner where it is the name that was asked for, and the cluster
/// domain as "Z". Sorted, with commas between them. SOA records have no data here.
struct Vector {
    const char* rule;
    const char* name;  ///< below "Z", or absolute with a final dot
    const char* type;
    const char* code;  ///< or OUTSIDE, FOLLOW target, SERVFAIL
    const char* answer;
    const char* authority = "";
    const char* additional = "";
};

constexpr auto kSoa = "Z SOA";

// clang-format off
const Vector kVectors[] = {
    // 1: dns-version
    {"1 version is TXT", "dns-version", "TXT", "NOERROR", "TXT \x05" "1.1.0"},
    {"1 version has no address", "dns-version", "A", "NOERROR", "", kSoa},
    {"1 nothing below version", "a.dns-version", "TXT", "NXDOMAIN", "", kSoa},

    // 2: ClusterIP addresses
    {"2 A of a ClusterIP", "cart.shop.svc", "A", "NOERROR", "A 10.96.0.1"},
    {"2 family absent is NODATA", "cart.shop.svc", "AAAA", "NOERROR", "", kSoa},
    {"2 A of dual stack", "dual.shop.svc", "A", "NOERROR", "A 10.96.0.2"},
    {"2 AAAA of dual stack", "dual.shop.svc", "AAAA", "NOERROR", "AAAA fd00:10:96::2"},
    {"2 AAAA of IPv6 only", "v6.shop.svc", "AAAA", "NOERROR", "AAAA fd00:10:96::6"},
    {"2 A of IPv6 only is NODATA", "v6.shop.svc", "A", "NOERROR", "", kSoa},
    {"2 NodePort", "node.shop.svc", "A", "NOERROR", "A 10.96.0.4"},
    {"2 LoadBalancer", "balanced.shop.svc", "A", "NOERROR", "A 10.96.0.5"},
    {"2 no ClusterIP yet", "pending.shop.svc", "A", "NXDOMAIN", "", kSoa},
    {"2 no such Service", "missing.shop.svc", "A", "NXDOMAIN", "", kSoa},
    {"2 no such namespace", "cart.missing.svc", "A", "NXDOMAIN", "", kSoa},
    {"2 another namespace's Service", "cart.empty.svc", "A", "NXDOMAIN", "", kSoa},
    {"2 slices without a Service", "absent.shop.svc", "A", "NXDOMAIN", "", kSoa},
    {"2 name is not the namespace", "shop.cart.svc", "A", "NXDOMAIN", "", kSoa},

    // 3: SRV of named ports
    {"3 SRV of a named port", "_http._tcp.cart.shop.svc", "SRV", "NOERROR", "SRV 0 100 80 cart.shop.svc.Z", "",
     "cart.shop.svc.Z A 10.96.0.1"},
    {"3 SRV of dual stack", "_https._tcp.dual.shop.svc", "SRV", "NOERROR", "SRV 0 50 443 dual.shop.svc.Z", "",
     "dual.shop.svc.Z A 10.96.0.2, dual.shop.svc.Z AAAA fd00:10:96::2"},
    {"3 SRV over UDP", "_dns._udp.kube-dns.kube-system.svc", "SRV", "NOERROR", "SRV 0 50 53 kube-dns.kube-system.svc.Z", "",
     "kube-dns.kube-system.svc.Z A 10.96.0.10, kube-dns.kube-system.svc.Z AAAA fd00:10:96::a"},
    {"3 SRV over SCTP", "_sip._sctp.v6.shop.svc", "SRV", "NOERROR", "SRV 0 100 5060 v6.shop.svc.Z", "",
     "v6.shop.svc.Z AAAA fd00:10:96::6"},
    {"3 another protocol", "_http._udp.cart.shop.svc", "SRV", "NXDOMAIN", "", kSoa},
    {"3 unknown protocol", "_http._quic.cart.shop.svc", "SRV", "NXDOMAIN", "", kSoa},
    {"3 unknown port", "_web._tcp.cart.shop.svc", "SRV", "NXDOMAIN", "", kSoa},
    {"3 unnamed port has no name", "_5432._tcp.plain.shop.svc", "SRV", "NXDOMAIN", "", kSoa},
    {"3 empty port is no unnamed port", "_._tcp.plain.shop.svc", "SRV", "NXDOMAIN", "", kSoa},
    {"3 underscores are needed", "http.tcp.cart.shop.svc", "SRV", "NXDOMAIN", "", kSoa},
    {"3 port without its underscore", "http._tcp.cart.shop.svc", "SRV", "NXDOMAIN", "", kSoa},
    {"3 port names in any case", "_HTTPS._TCP.dual.shop.svc", "SRV", "NOERROR", "SRV 0 50 443 dual.shop.svc.Z", "",
     "dual.shop.svc.Z A 10.96.0.2, dual.shop.svc.Z AAAA fd00:10:96::2"},
    {"3 SRV name of a missing Service", "_http._tcp.missing.shop.svc", "SRV", "NXDOMAIN", "", kSoa},
    {"3 protocol is a name in between", "_tcp.cart.shop.svc", "SRV", "NOERROR", "", kSoa},
    {"3 protocol without ports", "_udp.cart.shop.svc", "SRV", "NXDOMAIN", "", kSoa},
    {"3 protocol of unnamed ports", "_tcp.plain.shop.svc", "A", "NXDOMAIN", "", kSoa},

    // 4: SRV of the Service, A of a port
    {"4 SRV of all ports", "dual.shop.svc", "SRV", "NOERROR", "SRV 0 25 443 dual.shop.svc.Z, SRV 0 25 80 dual.shop.svc.Z", "",
     "dual.shop.svc.Z A 10.96.0.2, dual.shop.svc.Z AAAA fd00:10:96::2"},
    {"4 SRV of unnamed ports too", "plain.shop.svc", "SRV", "NOERROR", "SRV 0 100 5432 plain.shop.svc.Z", "",
     "plain.shop.svc.Z A 10.96.0.3"},
    {"4 SRV once per port", "two-names.shop.svc", "SRV", "NOERROR", "SRV 0 50 80 two-names.shop.svc.Z", "",
     "two-names.shop.svc.Z A 10.96.0.7"},
    {"4 SRV of three ports with two addresses", "kube-dns.kube-system.svc", "SRV", "NOERROR",
     "SRV 0 16 53 kube-dns.kube-system.svc.Z, SRV 0 16 9153 kube-dns.kube-system.svc.Z", "",
     "kube-dns.kube-system.svc.Z A 10.96.0.10, kube-dns.kube-system.svc.Z AAAA fd00:10:96::a"},
    {"4 A of a port", "_http._tcp.cart.shop.svc", "A", "NOERROR", "A 10.96.0.1"},
    {"4 AAAA of a port without one", "_http._tcp.cart.shop.svc", "AAAA", "NOERROR", "", kSoa},
    {"4 A of a headless port", "_a._tcp.peers.shop.svc", "A", "NOERROR", "A 10.64.2.1, A 10.64.2.2"},

    // 5: PTR of ClusterIPs
    {"5 PTR of an IPv4 ClusterIP", "4.0.96.10.in-addr.arpa.", "PTR", "NOERROR", "PTR node.shop.svc.Z"},
    {"5 PTR of an IPv6 ClusterIP", "2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa.", "PTR", "NOERROR",
     "PTR dual.shop.svc.Z"},
    {"5 ClusterIP wins over endpoints", "1.0.96.10.in-addr.arpa.", "PTR", "NOERROR", "PTR cart.shop.svc.Z"},
    {"5 unknown address falls through", "9.9.96.10.in-addr.arpa.", "PTR", "OUTSIDE", ""},
    {"5 other types are NODATA", "1.0.96.10.in-addr.arpa.", "A", "NOERROR", "", "in-addr.arpa. SOA"},
    {"5 part of an address falls through", "0.96.10.in-addr.arpa.", "PTR", "OUTSIDE", ""},
    {"5 reverse zone falls through", "in-addr.arpa.", "SOA", "OUTSIDE", ""},
    {"5 zero in front is no address", "01.0.96.10.in-addr.arpa.", "PTR", "OUTSIDE", ""},
    {"5 more labels than an address", "7.1.0.96.10.in-addr.arpa.", "PTR", "OUTSIDE", ""},

    // 6: headless addresses
    {"6 A of ready endpoints", "db.shop.svc", "A", "NOERROR", "A 10.64.1.1, A 10.64.1.2"},
    {"6 AAAA of ready endpoints", "db.shop.svc", "AAAA", "NOERROR", "AAAA fd00:64::1"},
    {"6 one family is NODATA for the other", "peers.shop.svc", "AAAA", "NOERROR", "", kSoa},
    {"6 IPv6 only is NODATA for A", "v6only.shop.svc", "A", "NOERROR", "", kSoa},
    {"6 twice in slices is once", "peers.shop.svc", "A", "NOERROR", "A 10.64.2.1, A 10.64.2.2"},
    {"6 no ready endpoint is NXDOMAIN", "idle.shop.svc", "A", "NXDOMAIN", "", kSoa},
    {"6 the same for AAAA", "idle.shop.svc", "AAAA", "NXDOMAIN", "", kSoa},
    {"6 the same for SRV", "_pg._tcp.idle.shop.svc", "SRV", "NXDOMAIN", "", kSoa},
    {"6 without a selector", "outside.shop.svc", "A", "NOERROR", "A 192.0.2.10"},
    {"6 without ports", "portless.shop.svc", "A", "NOERROR", "A 10.64.5.1"},
    {"6 one address with two sets of ports", "renamed.shop.svc", "A", "NOERROR", "A 10.64.6.1, A 10.64.6.2"},

    // 7: names of endpoints
    {"7 A of a hostname", "db-0.db.shop.svc", "A", "NOERROR", "A 10.64.1.1"},
    {"7 AAAA of a hostname", "db-0.db.shop.svc", "AAAA", "NOERROR", "AAAA fd00:64::1"},
    {"7 hostname of one family", "db-1.db.shop.svc", "AAAA", "NOERROR", "", kSoa},
    {"7 hostname that is not ready", "db-2.db.shop.svc", "A", "NXDOMAIN", "", kSoa},
    {"7 unknown hostname", "db-9.db.shop.svc", "A", "NXDOMAIN", "", kSoa},
    {"7 hostname of several", "twin.twins.shop.svc", "A", "NOERROR", "A 10.64.3.1, A 10.64.3.2"},
    {"7 id of one without a hostname", "10-64-2-1.peers.shop.svc", "A", "NOERROR", "A 10.64.2.1"},
    {"7 no id where there is a hostname", "10-64-1-1.db.shop.svc", "A", "NXDOMAIN", "", kSoa},
    {"7 id of another Service", "10-64-2-1.db.shop.svc", "A", "NXDOMAIN", "", kSoa},
    {"7 id of IPv6", "fd00-64-0-1--2.v6only.shop.svc", "AAAA", "NOERROR", "AAAA fd00:64:0:1::2"},
    {"7 id that would end in a dash", "fd00-64--0.v6only.shop.svc", "AAAA", "NOERROR", "AAAA fd00:64::"},
    {"7 id in another form", "fd00-64-0-1-0-0-0-2.v6only.shop.svc", "AAAA", "NXDOMAIN", "", kSoa},
    {"7 id below a ClusterIP", "10-64-0-1.cart.shop.svc", "A", "NOERROR", "A 10.64.0.1"},
    {"7 hostname below a ClusterIP", "cart-b.cart.shop.svc", "A", "NOERROR", "A 10.64.0.2"},
    {"7 not ready below a ClusterIP", "10-64-0-3.cart.shop.svc", "A", "NXDOMAIN", "", kSoa},
    {"7 hostname in any case", "DB-1.Db.Shop.SVC", "A", "NOERROR", "A 10.64.1.2"},
    {"7 nothing below a hostname", "a.db-0.db.shop.svc", "A", "NXDOMAIN", "", kSoa},

    // 8: SRV of endpoints
    {"8 SRV per endpoint", "_pg._tcp.db.shop.svc", "SRV", "NOERROR",
     "SRV 0 33 5432 db-0.db.shop.svc.Z, SRV 0 33 5432 db-1.db.shop.svc.Z", "",
     "db-0.db.shop.svc.Z A 10.64.1.1, db-0.db.shop.svc.Z AAAA fd00:64::1, db-1.db.shop.svc.Z A 10.64.1.2"},
    {"8 SRV with ids", "_a._tcp.peers.shop.svc", "SRV", "NOERROR",
     "SRV 0 50 1000 10-64-2-1.peers.shop.svc.Z, SRV 0 50 1000 10-64-2-2.peers.shop.svc.Z", "",
     "10-64-2-1.peers.shop.svc.Z A 10.64.2.1, 10-64-2-2.peers.shop.svc.Z A 10.64.2.2"},
    {"8 port names in any case", "_b._udp.peers.shop.svc", "SRV", "NOERROR",
     "SRV 0 50 2000 10-64-2-1.peers.shop.svc.Z, SRV 0 50 2000 10-64-2-2.peers.shop.svc.Z", "",
     "10-64-2-1.peers.shop.svc.Z A 10.64.2.1, 10-64-2-2.peers.shop.svc.Z A 10.64.2.2"},
    {"8 shared hostname is one target", "_pg._tcp.twins.shop.svc", "SRV", "NOERROR", "SRV 0 50 5432 twin.twins.shop.svc.Z", "",
     "twin.twins.shop.svc.Z A 10.64.3.1, twin.twins.shop.svc.Z A 10.64.3.2"},
    {"8 the endpoint's port counts", "_https._tcp.outside.shop.svc", "SRV", "NOERROR",
     "SRV 0 100 8443 192-0-2-10.outside.shop.svc.Z", "", "192-0-2-10.outside.shop.svc.Z A 192.0.2.10"},
    {"8 all endpoints and ports", "peers.shop.svc", "SRV", "NOERROR",
     "SRV 0 25 1000 10-64-2-1.peers.shop.svc.Z, SRV 0 25 1000 10-64-2-2.peers.shop.svc.Z, "
     "SRV 0 25 2000 10-64-2-1.peers.shop.svc.Z, SRV 0 25 2000 10-64-2-2.peers.shop.svc.Z", "",
     "10-64-2-1.peers.shop.svc.Z A 10.64.2.1, 10-64-2-2.peers.shop.svc.Z A 10.64.2.2"},
    {"8 one port under two names", "renamed.shop.svc", "SRV", "NOERROR",
     "SRV 0 25 80 10-64-6-2.renamed.shop.svc.Z, SRV 0 25 80 r.renamed.shop.svc.Z", "",
     "10-64-6-2.renamed.shop.svc.Z A 10.64.6.2, r.renamed.shop.svc.Z A 10.64.6.1"},
    {"8 name that some endpoints have", "_alt._tcp.renamed.shop.svc", "SRV", "NOERROR", "SRV 0 100 80 r.renamed.shop.svc.Z", "",
     "r.renamed.shop.svc.Z A 10.64.6.1"},
    {"8 SRV of one endpoint", "db-1.db.shop.svc", "SRV", "NOERROR", "SRV 0 100 5432 db-1.db.shop.svc.Z", "",
     "db-1.db.shop.svc.Z A 10.64.1.2"},
    {"8 no ports, no SRV", "portless.shop.svc", "SRV", "NOERROR", "", kSoa},
    {"8 all ports is no port", "anyport.shop.svc", "SRV", "NOERROR", "", kSoa},
    {"8 unknown port", "_http._tcp.db.shop.svc", "SRV", "NXDOMAIN", "", kSoa},
    {"8 protocol is a name in between", "_tcp.db.shop.svc", "TXT", "NOERROR", "", kSoa},
    {"8 protocol without ports", "_udp.db.shop.svc", "TXT", "NXDOMAIN", "", kSoa},

    // 9: PTR of endpoints
    {"9 PTR of a hostname", "1.1.64.10.in-addr.arpa.", "PTR", "NOERROR", "PTR db-0.db.shop.svc.Z"},
    {"9 PTR of IPv6", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.4.6.0.0.0.0.d.f.ip6.arpa.", "PTR", "NOERROR",
     "PTR db-0.db.shop.svc.Z"},
    {"9 PTR of an id", "1.2.64.10.in-addr.arpa.", "PTR", "NOERROR", "PTR 10-64-2-1.peers.shop.svc.Z"},
    {"9 PTR per Service", "1.0.64.10.in-addr.arpa.", "PTR", "NOERROR",
     "PTR 10-64-0-1.cart.shop.svc.Z, PTR 10-64-0-1.dual.shop.svc.Z"},
    {"9 twice in slices is once", "2.2.64.10.in-addr.arpa.", "PTR", "NOERROR", "PTR 10-64-2-2.peers.shop.svc.Z"},
    {"9 not ready falls through", "3.1.64.10.in-addr.arpa.", "PTR", "OUTSIDE", ""},
    {"9 slices without a Service", "9.9.64.10.in-addr.arpa.", "PTR", "OUTSIDE", ""},

    // 10: ExternalName
    {"10 CNAME alone", "web.shop.svc", "CNAME", "NOERROR", "CNAME www.Example.com."},
    {"10 A is looked up outside", "web.shop.svc", "A", "FOLLOW www.example.com.", "CNAME www.Example.com."},
    {"10 AAAA is looked up outside", "web.shop.svc", "AAAA", "FOLLOW www.example.com.", "CNAME www.Example.com."},
    {"10 any type has the CNAME", "web.shop.svc", "MX", "FOLLOW www.example.com.", "CNAME www.Example.com."},
    {"10 TXT has the CNAME", "web.shop.svc", "TXT", "FOLLOW www.example.com.", "CNAME www.Example.com."},
    {"10 ANY has the CNAME", "web.shop.svc", "ANY", "NOERROR", "CNAME www.Example.com."},
    {"10 final dot", "dotted.shop.svc", "CNAME", "NOERROR", "CNAME www.example.com."},
    {"10 A in the zone", "alias.shop.svc", "A", "NOERROR", "CNAME cart.shop.svc.Z, cart.shop.svc.Z A 10.96.0.1"},
    {"10 AAAA in the zone is NODATA", "alias.shop.svc", "AAAA", "NOERROR", "CNAME cart.shop.svc.Z", kSoa},
    {"10 SRV in the zone", "alias.shop.svc", "SRV", "NOERROR",
     "CNAME cart.shop.svc.Z, cart.shop.svc.Z SRV 0 100 80 cart.shop.svc.Z", "", "cart.shop.svc.Z A 10.96.0.1"},
    {"10 CNAME in the zone", "alias.shop.svc", "CNAME", "NOERROR", "CNAME cart.shop.svc.Z"},
    {"10 chain in the zone", "alias-2.shop.svc", "A", "NOERROR",
     "CNAME alias.shop.svc.Z, alias.shop.svc.Z CNAME cart.shop.svc.Z, cart.shop.svc.Z A 10.96.0.1"},
    {"10 chain out of the zone", "alias-out.shop.svc", "A", "FOLLOW www.example.com.",
     "CNAME web.shop.svc.Z, web.shop.svc.Z CNAME www.Example.com."},
    {"10 to a hostname in any case", "alias-db.shop.svc", "A", "NOERROR",
     "CNAME DB-0.db.shop.svc.Z, DB-0.db.shop.svc.Z A 10.64.1.1"},
    {"10 to a Pod", "alias-pod.shop.svc", "A", "NOERROR",
     "10-64-1-1.shop.pod.Z A 10.64.1.1, CNAME 10-64-1-1.shop.pod.Z"},
    {"10 to what is missing (RFC 6604)", "gone.shop.svc", "A", "NXDOMAIN", "CNAME missing.shop.svc.Z", kSoa},
    {"10 loop", "loop-a.shop.svc", "A", "SERVFAIL", ""},
    {"10 loop of one", "self.shop.svc", "A", "SERVFAIL", ""},
    {"10 CNAME of a loop", "self.shop.svc", "CNAME", "NOERROR", "CNAME self.shop.svc.Z"},
    {"10 ten are followed", "chain-3.shop.svc", "AAAA", "NOERROR",
     "CNAME chain-4.shop.svc.Z, chain-10.shop.svc.Z CNAME chain-11.shop.svc.Z, chain-11.shop.svc.Z CNAME chain-12.shop.svc.Z, "
     "chain-12.shop.svc.Z CNAME cart.shop.svc.Z, chain-4.shop.svc.Z CNAME chain-5.shop.svc.Z, "
     "chain-5.shop.svc.Z CNAME chain-6.shop.svc.Z, chain-6.shop.svc.Z CNAME chain-7.shop.svc.Z, "
     "chain-7.shop.svc.Z CNAME chain-8.shop.svc.Z, chain-8.shop.svc.Z CNAME chain-9.shop.svc.Z, "
     "chain-9.shop.svc.Z CNAME chain-10.shop.svc.Z", kSoa},
    {"10 eleven are not", "chain-2.shop.svc", "A", "SERVFAIL", ""},
    {"10 nothing below", "a.web.shop.svc", "A", "NXDOMAIN", "", kSoa},
    {"10 no ports below", "_http._tcp.web.shop.svc", "SRV", "NXDOMAIN", "", kSoa},
    {"10 an address is no name", "address.shop.svc", "A", "NXDOMAIN", "", kSoa},
    {"10 nothing is no name", "nothing.shop.svc", "CNAME", "NXDOMAIN", "", kSoa},

    // 11: letter case
    {"11 letter case does not count", "CaRt.sHoP.SvC", "A", "NOERROR", "A 10.96.0.1"},
    {"11 nor in reverse zones", "1.0.96.10.IN-ADDR.arpa.", "PTR", "NOERROR", "PTR cart.shop.svc.Z"},
    {"11 nor in fixed names", "DNS-Version", "TXT", "NOERROR", "TXT \x05" "1.1.0"},

    // 13: readiness
    {"13 published though terminating", "tolerant.shop.svc", "A", "NOERROR", "A 10.64.7.1"},
    {"13 its SRV", "_pg._tcp.tolerant.shop.svc", "SRV", "NOERROR", "SRV 0 100 5432 10-64-7-1.tolerant.shop.svc.Z", "",
     "10-64-7-1.tolerant.shop.svc.Z A 10.64.7.1"},

    // Empty non-terminals
    {"ENT svc", "svc", "A", "NOERROR", "", kSoa},
    {"ENT pod", "pod", "A", "NOERROR", "", kSoa},
    {"ENT dns", "dns", "A", "NOERROR", "", kSoa},
    {"ENT namespace", "shop.svc", "A", "NOERROR", "", kSoa},
    {"ENT namespace without Services", "empty.svc", "A", "NOERROR", "", kSoa},
    {"ENT namespace of Pods", "shop.pod", "AAAA", "NOERROR", "", kSoa},
    {"ENT unknown namespace", "missing.svc", "A", "NXDOMAIN", "", kSoa},
    {"ENT unknown namespace of Pods", "missing.pod", "A", "NXDOMAIN", "", kSoa},

    // Other types, other names
    {"MX of what exists", "cart.shop.svc", "MX", "NOERROR", "", kSoa},
    {"TXT of what exists", "cart.shop.svc", "TXT", "NOERROR", "", kSoa},
    {"CNAME of what is none", "cart.shop.svc", "CNAME", "NOERROR", "", kSoa},
    {"PTR of what is none", "cart.shop.svc", "PTR", "NOERROR", "", kSoa},
    {"NS of what is no zone", "cart.shop.svc", "NS", "NOERROR", "", kSoa},
    {"unknown type", "cart.shop.svc", "TYPE65534", "NOERROR", "", kSoa},
    {"HTTPS of what exists", "db-0.db.shop.svc", "HTTPS", "NOERROR", "", kSoa},
    {"TXT of what is missing", "missing.shop.svc", "TXT", "NXDOMAIN", "", kSoa},
    {"unknown type of what is missing", "missing.shop.svc", "TYPE65534", "NXDOMAIN", "", kSoa},
    {"ANY of a ClusterIP", "v6.shop.svc", "ANY", "NOERROR", "AAAA fd00:10:96::6, SRV 0 100 5060 v6.shop.svc.Z", "",
     "v6.shop.svc.Z AAAA fd00:10:96::6"},
    {"too many labels", "a._http._tcp.cart.shop.svc", "A", "NXDOMAIN", "", kSoa},
    {"far too many labels", "a.b.c.d.e.f.g.h.cart.shop.svc", "A", "NXDOMAIN", "", kSoa},
    {"no such branch", "cart.shop.service", "A", "NXDOMAIN", "", kSoa},
    {"a label of the zone", "www", "A", "NXDOMAIN", "", kSoa},
    {"search candidate", "www.example.com", "A", "NXDOMAIN", "", kSoa},
    {"search candidate in a namespace", "www.example.com.shop.svc", "A", "NXDOMAIN", "", kSoa},

    // Apex
    {"apex SOA", "", "SOA", "NOERROR", "SOA"},
    {"apex NS", "", "NS", "NOERROR", "NS ns.dns.Z", "", "ns.dns.Z A 10.96.0.10, ns.dns.Z AAAA fd00:10:96::a"},
    {"apex has no address", "", "A", "NOERROR", "", kSoa},
    {"name server's address", "ns.dns", "A", "NOERROR", "A 10.96.0.10"},
    {"name server's IPv6 address", "ns.dns", "AAAA", "NOERROR", "AAAA fd00:10:96::a"},
    {"name server has no SRV", "ns.dns", "SRV", "NOERROR", "", kSoa},
    {"nothing beside the name server", "other.dns", "A", "NXDOMAIN", "", kSoa},
    {"nothing below the name server", "a.ns.dns", "A", "NXDOMAIN", "", kSoa},

    // Pods (insecure)
    {"Pod", "10-64-0-1.shop.pod", "A", "NOERROR", "A 10.64.0.1"},
    {"Pod of any address", "172-16-0-9.empty.pod", "A", "NOERROR", "A 172.16.0.9"},
    {"Pod of the other family", "10-64-0-1.shop.pod", "AAAA", "NOERROR", "", kSoa},
    {"Pod with IPv6", "fd00--1.shop.pod", "AAAA", "NOERROR", "AAAA fd00::1"},
    {"Pod with IPv6 and A", "fd00--1.shop.pod", "A", "NOERROR", "", kSoa},
    {"Pod of an unknown namespace", "10-64-0-1.missing.pod", "A", "NXDOMAIN", "", kSoa},
    {"Pod that is no address", "cart.shop.pod", "A", "NXDOMAIN", "", kSoa},
    {"Pod of a number too large", "10-64-0-256.shop.pod", "A", "NXDOMAIN", "", kSoa},
    {"nothing below a Pod", "a.10-64-0-1.shop.pod", "A", "NXDOMAIN", "", kSoa},

    // Elsewhere
    {"another zone", "www.example.com.", "A", "OUTSIDE", ""},
    {"parent of the zone", "local.", "A", "OUTSIDE", ""},
    {"neighbour of the zone", "xcluster.local.", "A", "OUTSIDE", ""},
    {"the root", ".", "NS", "OUTSIDE", ""},
    {"arpa", "arpa.", "NS", "OUTSIDE", ""},
};
// clang-format on

std::string replaced(std::string text, std::string_view what, std::string_view with) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
        text.replace(at, what.size(), with);
    return text;
}

/// As in Vector; `asked` is the absolute name that was asked for.
std::string joined(const std::vector<std::string>& records, const std::string& asked) {
    std::vector<std::string> texts;
    for (const auto& record : records) {
        const auto owner_end = record.find(' ');
        const auto ttl_end = record.find(' ', owner_end + 1);
        const auto owner = record.substr(0, owner_end);
        auto data = record.substr(ttl_end + 1);
        if (data.starts_with("SOA")) data = "SOA";
        texts.push_back(replaced(owner == asked ? data : owner + " " + data, "cluster.local.", "Z"));
    }
    std::ranges::sort(texts);
    std::string all;
    for (const auto& text : texts)
        all += (all.empty() ? "" : ", ") + text;
    return all;
}

std::string absolute(std::string_view name) {
    if (name.ends_with('.')) return std::string(name);
    return std::string(name) + (name.empty() ? "" : ".") + "cluster.local.";
}

TEST(ClusterZoneVectors, EveryRowOfTheSpecificationHolds) {
    test::ZoneCluster cluster(test::vector_options());
    test::fill_vector_cluster(cluster);
    for (const auto& vector : kVectors) {
        const auto asked = absolute(vector.name);
        for (const std::uint64_t draw : {0UL, 1UL, 0x1234567890abcdefUL}) {
            SCOPED_TRACE(std::string(vector.rule) + ": " + asked + " " + vector.type);
            const auto reply =
                test::ask(cluster.zone(), asked, parse_record_type(vector.type).value(), {.draw = draw});
            EXPECT_EQ(test::outcome_of(reply), vector.code);
            EXPECT_EQ(joined(reply.answer, asked), vector.answer);
            EXPECT_EQ(joined(reply.authority, asked), asked == "cluster.local." && *vector.authority != '\0'
                                                          ? std::string("SOA")
                                                          : vector.authority);
            EXPECT_EQ(joined(reply.additional, ""), vector.additional);
            EXPECT_TRUE(reply.authoritative);
            EXPECT_FALSE(reply.truncated);
        }
    }
}

TEST(ClusterZoneVectors, NamesExistAsTheAnswersSay) {
    test::ZoneCluster cluster(test::vector_options());
    test::fill_vector_cluster(cluster);
    for (const auto& vector : kVectors) {
        const std::string code = vector.code;
        const bool alias_to_nothing = code == "NXDOMAIN" && *vector.answer != '\0';
        const auto expected = code == "OUTSIDE"                         ? NameState::kOutside
                              : code == "NXDOMAIN" && !alias_to_nothing ? NameState::kMissing
                                                                        : NameState::kExists;
        const auto asked = absolute(vector.name);
        EXPECT_EQ(cluster.zone().state_of(Name::parse(asked).value().lowered()), expected)
            << vector.rule << ": " << asked;
    }
}

}  // namespace
}  // namespace fairlead::dns
