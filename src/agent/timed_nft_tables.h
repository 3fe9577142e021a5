#pragma once

#include <chrono>

#include "kernel/nftables/nft_tables.h"

namespace fairlead::agent {

/// Passes everything on to another NftTables and adds up the time that commits take: the kernel's share of a
/// sync.
class TimedNftTables final : public kernel::nftables::NftTables {
  public:
    explicit TimedNftTables(kernel::nftables::NftTables& tables) : tables_(tables) {}

    base::Result<void> commit(const kernel::nftables::Transaction& transaction) override {
        const auto start = std::chrono::steady_clock::now();
        auto committed = tables_.commit(transaction);
        spent_ += std::chrono::steady_clock::now() - start;
        return committed;
    }
    base::Result<std::optional<kernel::nftables::TableContents>> read_table(base::Family family,
                                                                            std::string_view name) override {
        return tables_.read_table(family, name);
    }
    base::Result<void> read_elements(base::Family family, std::string_view table, std::string_view set,
                                     const std::function<void()>& restart,
                                     const std::function<void(kernel::nftables::Element)>& visit) override {
        return tables_.read_elements(family, table, set, restart, visit);
    }
    base::Result<void> read_counts(
        base::Family family, std::string_view table, std::string_view set,
        const std::function<void()>& restart,
        const std::function<void(kernel::nftables::Element, kernel::nftables::Counts)>& visit) override {
        return tables_.read_counts(family, table, set, restart, visit);
    }
    base::Result<std::optional<kernel::nftables::FoundElement>> find_element(
        base::Family family, std::string_view table, std::string_view set,
        const kernel::nftables::ElementBytes& key) override {
        return tables_.find_element(family, table, set, key);
    }
    base::Result<std::uint32_t> generation() override { return tables_.generation(); }

    /// Seconds in commits since the last call.
    double take_seconds() { return std::chrono::duration<double>(std::exchange(spent_, {})).count(); }

  private:
    kernel::nftables::NftTables& tables_;
    std::chrono::steady_clock::duration spent_{};
};

}  // namespace fairlead::agent
