#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/address.h"

namespace fairlead::test {

/// One element as `nft -j` prints it, field by field: addresses, "10.0.0.0/8", "tcp", numbers, names of
/// chains.
struct ListedElement {
    std::vector<std::string> key;
    std::vector<std::string> data;  ///< only in maps
};

/// The table "fairlead" of one family in the words of stock nft, read without any of our own decoders.
struct NftListing {
    std::map<std::string, std::vector<ListedElement>> sets;
    std::map<std::string, int> rules;  ///< number of rules, by chain
};

/// Of the network namespace of the caller. Fails the test, and is empty, if nft does or if there is no table.
NftListing list_table(base::Family family);

}  // namespace fairlead::test
