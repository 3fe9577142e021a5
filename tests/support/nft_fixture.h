#pragma once

#include "kernel/nftables/transaction.h"

namespace fairlead::test {

base::IpAddress address(std::string_view text);

/// daddr . tcp . port; `offset` is added to the last byte of the IPv4 address.
kernel::nftables::ElementBytes frontend_key(std::string_view address, int port, std::uint32_t offset = 0);

/// A small table with one object of each kind that fairlead makes.
kernel::nftables::TableContents sample_table(base::Family family);

/// IPv4 address to port, written by packets: `flags dynamic,timeout`.
kernel::nftables::Set dynamic_map(std::string name, std::uint32_t size);
/// The same that packets only count in.
kernel::nftables::Set counting_map(std::string name);
/// daddr . proto . dport . saddr, for ranges of sources.
kernel::nftables::Set source_ranges(std::string name);
/// Sources that may use port `port` of 10.96.0.1.
kernel::nftables::Element source_range(int port, std::string_view first, std::string_view last);

/// The transaction that makes a table and what is in it.
kernel::nftables::Transaction creation_of(const kernel::nftables::TableContents& contents);

}  // namespace fairlead::test
