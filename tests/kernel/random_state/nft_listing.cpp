#include "kernel/random_state/nft_listing.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include "support/command.h"

namespace fairlead::test {

namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

std::string scalar(element value) {
    if (value.is_string()) return std::string(value.get_string().value_unsafe());
    return std::to_string(value.get_uint64().value());
}

/// The fields of a key or of data, in order.
std::vector<std::string> fields(element value) {
    if (value.type() != element_type::OBJECT) return {scalar(value)};
    const auto first = *value.get_object().value_unsafe().begin();
    if (first.key == "elem") return fields(first.value["val"]);
    if (first.key == "goto") return {scalar(first.value["target"])};
    if (first.key == "prefix") return {scalar(first.value["addr"]) + "/" + scalar(first.value["len"])};
    std::vector<std::string> all;
    for (const auto part : first.value.get_array())
        for (auto& field : fields(part))
            all.push_back(std::move(field));
    if (first.key == "range") return {all.at(0) + "-" + all.at(1)};
    EXPECT_EQ(first.key, "concat");
    return all;
}

std::vector<ListedElement> elements(element set, bool is_map) {
    std::vector<ListedElement> all;
    simdjson::dom::array listed;
    if (set["elem"].get(listed) != simdjson::SUCCESS) return all;
    for (const auto each : listed) {
        if (is_map)
            all.push_back({fields(each.at(0).value()), fields(each.at(1).value())});
        else
            all.push_back({fields(each), {}});
    }
    return all;
}

}  // namespace

NftListing list_table(base::Family family) {
    // nft has no JSON for updates of maps by packets, says so, and leaves them out.
    const std::string ip = family == base::Family::kIpv4 ? "ip" : "ip6";
    const auto text = output_of("nft -j list table " + ip + " fairlead 2>/dev/null");
    NftListing listing;
    simdjson::dom::parser parser;
    simdjson::dom::array objects;
    if (parser.parse(text)["nftables"].get(objects) != simdjson::SUCCESS) {
        ADD_FAILURE() << "no listing of " << ip << " fairlead: " << text;
        return listing;
    }
    for (const auto object : objects) {
        const auto [kind, value] = *object.get_object().value().begin();
        if (kind == "chain") listing.rules.try_emplace(scalar(value["name"]), 0);
        if (kind == "rule") ++listing.rules[scalar(value["chain"])];
        if (kind == "set" || kind == "map")
            listing.sets[scalar(value["name"])] = elements(value, kind == "map");
    }
    return listing;
}

}  // namespace fairlead::test
