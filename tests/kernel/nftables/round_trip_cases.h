#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "kernel/nftables/transaction.h"

namespace fairlead::test {

/// The same thing in the words of stock nft and in ours.
struct RoundTripCase {
    std::string name;
    base::Family family = base::Family::kIpv4;
    std::string block;                                    ///< inside of stock nft's `table ... { }`
    std::vector<kernel::nftables::Operation> operations;  ///< ours
    friend void PrintTo(const RoundTripCase& it, std::ostream* out) { *out << it.name; }
};

/// Rules with each kind of verdict, and with what is compared.
std::vector<RoundTripCase> round_trip_loads();
/// Rules that look up, translate, refuse and change sets.
std::vector<RoundTripCase> round_trip_lookups();
/// Each kind of base chain.
std::vector<RoundTripCase> round_trip_chains();
/// Each kind of set and map, with elements.
std::vector<RoundTripCase> round_trip_sets();

/// A set, or with data a map, and nothing else.
kernel::nftables::Set plain_set(std::string name, std::vector<kernel::nftables::DataType> key,
                                std::vector<kernel::nftables::DataType> data = {});

}  // namespace fairlead::test
