#include "support/sticky_table.h"

#include "support/nft_fixture.h"

namespace fairlead::test {

using namespace kernel::nftables;  // NOLINT(google-build-using-namespace): this file is about nothing else

namespace {

/// Where things lie in the registers of the sticky table: saddr . daddr . proto . dport . addr . port. A key
/// of `endpoints` has its index in the word before daddr, data of maps has a word more that lies on dport.
struct StickyRegisters {
    explicit StickyRegisters(base::Family family)
        : ipv4(family == base::Family::kIpv4),
          address_bytes(static_cast<std::uint8_t>(base::address_size_bytes(family))) {}

    [[nodiscard]] Register after(int addresses, int words) const {
        return static_cast<Register>(addresses * address_bytes / 4 + words);
    }

    bool ipv4;
    std::uint8_t address_bytes;
    Register source = 0;
    Register destination = after(1, 0);
    Register index = after(1, -1);
    Register protocol = after(2, 0);
    Register port = after(2, 1);
    Register to_address = after(2, 2);
    Register to_port = after(3, 2);

    [[nodiscard]] Expression load_source() const {
        return LoadPayload{PayloadBase::kNetworkHeader, ipv4 ? std::uint8_t{12} : std::uint8_t{8},
                           address_bytes, source};
    }
    [[nodiscard]] Expression load_destination(Register to) const {
        return LoadPayload{PayloadBase::kNetworkHeader, ipv4 ? std::uint8_t{16} : std::uint8_t{24},
                           address_bytes, to};
    }
    [[nodiscard]] static Expression load_port(Register to) {
        return LoadPayload{PayloadBase::kTransportHeader, 2, 2, to};
    }
    /// All of the key, and where the endpoint goes: nft wants to know what is there, and prints it.
    [[nodiscard]] std::vector<Expression> load_all() const {
        return {load_source(),   load_destination(destination), LoadMeta{MetaKey::kL4Protocol, protocol},
                load_port(port), load_destination(to_address),  load_port(to_port)};
    }
};

std::vector<Rule> sticky_rules(base::Family family) {
    const StickyRegisters at{family};
    const UpdateSet remember{SetUpdate::kUpdate, "affinity", at.source, at.port, 10'000};
    const UpdateSet forget{SetUpdate::kDelete, "affinity", at.source, at.port, {}};
    const RandomNumber random{2, at.index};
    const LookupMap find_endpoint{"endpoints", at.index, at.port};
    const DestinationNat translate{at.to_address, at.to_port};
    const auto rule = [&](std::initializer_list<Expression> rest, std::string comment) {
        Rule made{"sticky", at.load_all(), std::move(comment)};
        made.expressions.insert(made.expressions.end(), rest);
        return made;
    };
    return {
        rule({LookupMap{"affinity", at.source, at.port}, StickyRegisters::load_port(at.port),
              LookupSet{"alive", at.destination, false}, remember, translate},
             "as before"),
        rule({forget, random, find_endpoint, at.load_source(), StickyRegisters::load_port(at.port), remember,
              translate},
             "new client"),
        rule({random, find_endpoint, translate}, "no room"),
    };
}

/// daddr . proto . dport gives three words, the last two of which are the key of a verdict map.
Rule two_word_rule(base::Family family) {
    const StickyRegisters at{family};
    constexpr Register kResult = 10;
    const std::vector<std::byte> zero(4);
    return {"nat-output",
            {at.load_destination(0), LoadMeta{MetaKey::kL4Protocol, at.after(1, 0)},
             StickyRegisters::load_port(at.after(1, 1)), LoadImmediate{kResult + 1, zero},
             LoadImmediate{kResult + 2, zero}, LookupMap{"frontends", 0, kResult},
             Compare{kResult, CompareOp::kNotEqual, zero}, LookupVerdict{"balancers", kResult + 1}},
            "of three words the last two"};
}

std::vector<Rule> matching_rules(base::Family family) {
    const StickyRegisters at{family};
    const auto number = [](std::uint32_t value) {
        const auto bytes = ElementBytes{}.add_number(value);
        return std::vector(bytes.bytes().begin(), bytes.bytes().end());
    };
    const auto name = ElementBytes{}.add_interface_name("lo");
    return {
        {"matches",
         {Fib{FibAddress::kSource, 0}, Compare{0, CompareOp::kEqual, number(kLocalRoute)},
          Fib{FibAddress::kDestination, 0}, Compare{0, CompareOp::kEqual, number(kLocalRoute)}, Counter{}},
         "both are here"},
        {"matches",
         {LoadMeta{MetaKey::kOutputInterfaceName, 0},
          Compare{0, CompareOp::kEqual, {name.bytes().begin(), name.bytes().end()}}, Counter{}},
         "to itself"},
        {"matches",
         {LoadMeta{MetaKey::kOutputInterfaceName, 0}, LookupSet{"interfaces", 0, false}, Counter{}},
         "by prefix"},
        {"matches",
         {at.load_destination(at.destination), LoadMeta{MetaKey::kL4Protocol, at.protocol},
          StickyRegisters::load_port(at.port),
          LoadPayload{PayloadBase::kNetworkHeader, at.ipv4 ? std::uint8_t{12} : std::uint8_t{8},
                      at.address_bytes, at.to_address},
          LookupSet{"sources", at.destination, false}, Counter{}},
         "may use the Service"},
        {"matches",
         {at.load_source(), JenkinsHash{at.source, at.address_bytes, 8, 0x5eed, 1, at.to_address},
          Compare{at.to_address, CompareOp::kNotEqual, number(0)}, Counter{}},
         "hash"},
    };
}

std::vector<Set> sticky_sets(base::Family family, std::uint32_t clients) {
    const auto address = family == base::Family::kIpv4 ? DataType::kIpv4Address : DataType::kIpv6Address;
    const auto protocol = DataType::kInetProtocol;
    const auto port = DataType::kInetService;
    const std::vector endpoint = {port, address, port};
    Set affinity{"affinity", {address, address, protocol, port}, endpoint, false, "where clients went"};
    affinity.dynamic = true;
    affinity.timeout = true;
    affinity.size = clients;
    Set alive{"alive", {address, protocol, port, address, port}, {}, false, ""};
    alive.counts = true;
    Set endpoints{"endpoints", {DataType::kMark, address, protocol, port}, endpoint, false, ""};
    endpoints.counts = true;
    const std::vector three(3, DataType::kMark);
    return {affinity,
            alive,
            endpoints,
            {"frontends", {address, protocol, port}, three, false, ""},
            {"balancers", {DataType::kMark, DataType::kMark}, {DataType::kVerdict}, false, ""},
            {"sources", {address, protocol, port, address}, {}, true, "who may use a Service"},
            {"interfaces", {DataType::kInterfaceName}, {}, true, ""}};
}

ElementBytes sticky_frontend(base::Family family) {
    return ElementBytes{}
        .add(address(family == base::Family::kIpv4 ? "10.96.0.1" : "fd00:96::1"))
        .add(base::L4Protocol::kUdp)
        .add_port(80);
}

base::IpAddress sticky_address(base::Family family, std::uint32_t index) {
    return address((family == base::Family::kIpv4 ? "10.64.0." : "fd00:64::") + std::to_string(index + 1));
}

}  // namespace

TableContents sticky_table(base::Family family, std::uint32_t clients) {
    TableContents contents{{family, "fairlead", "sticky"}, {}, {}, sticky_sets(family, clients)};
    contents.chains = {
        {"nat-output", ChainHook{ChainType::kNat, Hook::kOutput, -100}, ""},
        {"filter-output", ChainHook{ChainType::kFilter, Hook::kOutput, -150}, ""},
        {"sticky", std::nullopt, ""},
        {"matches", std::nullopt, ""},
    };
    contents.rules = {two_word_rule(family), {"filter-output", {Verdict{VerdictKind::kJump, "matches"}}, ""}};
    for (auto rules : {sticky_rules(family), matching_rules(family)})
        contents.rules.insert(contents.rules.end(), rules.begin(), rules.end());
    return contents;
}

Element sticky_endpoint(base::Family family, std::uint32_t index) {
    return {ElementBytes{}.add_number(index).add_raw(sticky_frontend(family).bytes()),
            {},
            ElementBytes{}.add_port(0).add(sticky_address(family, index)).add_port(8080),
            {}};
}

Element alive_endpoint(base::Family family, std::uint32_t index) {
    return {sticky_frontend(family).add(sticky_address(family, index)).add_port(8080), {}, {}, {}};
}

Transaction sticky_table_elements(base::Family family) {
    const auto frontend = sticky_frontend(family);
    const bool ipv4 = family == base::Family::kIpv4;
    const auto source = [&](const char* ipv4_text, const char* ipv6_text) {
        return ElementBytes{frontend}.add(address(ipv4 ? ipv4_text : ipv6_text));
    };
    Transaction transaction{{family, "fairlead", "sticky"}};
    transaction.add_element("frontends",
                            {frontend, {}, ElementBytes{}.add_number(2).add_number(7).add_number(9), {}});
    transaction.add_element("balancers", {ElementBytes{}.add_number(7).add_number(9), {}, {}, "sticky"});
    for (const std::uint32_t index : {0U, 1U}) {
        transaction.add_element("endpoints", sticky_endpoint(family, index));
        transaction.add_element("alive", alive_endpoint(family, index));
    }
    transaction.add_element("sources",
                            {source("10.1.0.0", "fd00:1::"), source("10.1.0.255", "fd00:1::ff"), {}, {}});
    transaction.add_element(
        "interfaces",
        {ElementBytes{}.add_interface_name("l"), ElementBytes{}.add_last_interface_name("l"), {}, {}});
    return transaction;
}

}  // namespace fairlead::test
