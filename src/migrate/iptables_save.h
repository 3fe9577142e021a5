#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fairlead::migrate {

/// Where kube-proxy marks what is to be masqueraded.
constexpr std::string_view kMarkChain = "KUBE-MARK-MASQ";

/// A rule as iptables-save(8) prints it.
struct IptablesRule {
    std::string chain;
    std::string text;                ///< all after "-A CHAIN ", as it stands
    std::vector<std::string> words;  ///< the same, split, quotes taken off

    /// The word after the first `option`; empty if there is none.
    [[nodiscard]] std::string_view after(std::string_view option) const;
    [[nodiscard]] bool has(std::string_view word) const;
    /// Where it leads: the word after -j or -g.
    [[nodiscard]] std::string_view target() const;
    /// Whether `option` is there with a "!" before it.
    [[nodiscard]] bool negates(std::string_view option) const;

    friend bool operator==(const IptablesRule&, const IptablesRule&) = default;
};

struct IptablesTable {
    std::string name;
    std::map<std::string, std::string> policies;  ///< of built-in chains: "ACCEPT", "DROP"
    std::vector<std::string> chains;              ///< those that somebody made, in the order of the text
    std::vector<IptablesRule> rules;              ///< in the order of the text

    friend bool operator==(const IptablesTable&, const IptablesTable&) = default;
};

/// The tables in the output of iptables-save(8). kInvalid names the line that is none of it.
base::Result<std::vector<IptablesTable>> parse_iptables_save(std::string_view text);

}  // namespace fairlead::migrate
