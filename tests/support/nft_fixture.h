#pragma once

#include "kernel/nftables/transaction.h"

namespace fairlead::test {

base::IpAddress address(std::string_view text);

/// daddr . tcp . port; `offset` is added to the last byte of the IPv4 address.
kernel::nftables::ElementBytes frontend_key(std::string_view address, int port, std::uint32_t offset = 0);

/// A small table with one object of each kind that fairlead makes.
kernel::nftables::TableContents sample_table(base::Family family);

/// The transaction that makes a table and what is in it.
kernel::nftables::Transaction creation_of(const kernel::nftables::TableContents& contents);

}  // namespace fairlead::test
