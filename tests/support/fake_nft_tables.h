#pragma once

#include <functional>
#include <memory>

#include "kernel/nftables/nft_tables.h"

namespace fairlead::test {

/// nf_tables in memory, with the rules of the kernel's: transactions are atomic, errors have the kernel's
/// errno and name the same object in the same words (less what the kernel adds in brackets). The contract
/// test holds it to the kernel. A transaction costs what is in it, not what the tables hold (but for ranges
/// of a concatenated key, each of which is held against all others). Left out: checks of what a rule does (a
/// NAT in a filter chain, a set's key against the registers that hold it), and netlink itself.
class FakeNftTables final : public kernel::nftables::NftTables {
  public:
    FakeNftTables();
    ~FakeNftTables() override;

    base::Result<void> commit(const kernel::nftables::Transaction& transaction) override;
    base::Result<std::optional<kernel::nftables::TableContents>> read_table(base::Family family,
                                                                            std::string_view name) override;
    base::Result<void> read_elements(base::Family family, std::string_view table, std::string_view set,
                                     const std::function<void()>& restart,
                                     const std::function<void(kernel::nftables::Element)>& visit) override;
    base::Result<void> read_counts(
        base::Family family, std::string_view table, std::string_view set,
        const std::function<void()>& restart,
        const std::function<void(kernel::nftables::Element, kernel::nftables::Counts)>& visit) override;
    base::Result<std::optional<kernel::nftables::FoundElement>> find_element(
        base::Family family, std::string_view table, std::string_view set,
        const kernel::nftables::ElementBytes& key) override;
    base::Result<std::uint32_t> generation() override;

    /// The next `count` commits fail so and change nothing.
    void fail_commits(base::Error error, int count = 1);
    /// A kernel that lacks these expressions: ENOENT for every rule with one.
    void lack(std::function<bool(const kernel::nftables::Expression&)> expressions);
    /// What `nft flush ruleset` of somebody else does.
    void flush_ruleset();
    /// What packets do that find an element: adds to its counts, which end with it. The set must have the
    /// element, and must count.
    void count(base::Family family, std::string_view table, std::string_view set,
               const kernel::nftables::ElementBytes& key, kernel::nftables::Counts counts);
    /// Commits that went well and had something in them.
    [[nodiscard]] std::size_t commit_count() const;
    /// Elements of a set in ascending order; empty if there is no such set.
    [[nodiscard]] std::vector<kernel::nftables::Element> elements(base::Family family, std::string_view table,
                                                                  std::string_view set) const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace fairlead::test
