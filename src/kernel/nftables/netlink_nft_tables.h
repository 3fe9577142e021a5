#pragma once

#include "kernel/netlink/message.h"
#include "kernel/netlink/socket.h"
#include "kernel/nftables/monitor.h"
#include "kernel/nftables/nft_tables.h"

namespace fairlead::kernel::nftables {

struct Batch;
struct RawElement;

/// nf_tables of the network namespace in which it was opened, over netlink. Needs CAP_NET_ADMIN there.
class NetlinkNftTables final : public NftTables {
  public:
    static base::Result<NetlinkNftTables> open();

    base::Result<void> commit(const Transaction& transaction) override;
    base::Result<std::optional<TableContents>> read_table(base::Family family,
                                                          std::string_view name) override;
    base::Result<void> read_elements(base::Family family, std::string_view table, std::string_view set,
                                     const std::function<void()>& restart,
                                     const std::function<void(Element)>& visit) override;
    base::Result<void> read_counts(base::Family family, std::string_view table, std::string_view set,
                                   const std::function<void()>& restart,
                                   const std::function<void(Element, Counts)>& visit) override;
    base::Result<void> read_numbered_maps(base::Family family, std::string_view table,
                                          std::span<const NumberedMap> maps,
                                          const std::function<void(std::size_t, Element)>& visit) override;
    base::Result<std::optional<FoundElement>> find_element(base::Family family, std::string_view table,
                                                           std::string_view set,
                                                           const ElementBytes& key) override;
    base::Result<std::uint32_t> generation() override;

    /// What events that our commits cause are marked with: see NftMonitor.
    [[nodiscard]] std::uint32_t port_id() const { return socket_.port_id(); }

    /// Large commits go through NftMonitor::unobserved of `monitor` from now on. It must stay where it is as
    /// long as this object commits.
    void spare(NftMonitor& monitor) { monitor_ = &monitor; }

    /// Waits until a commit of somebody else that is under way is over and its events are sent.
    base::Result<void> await_commits();

  private:
    struct SetState {
        std::optional<Set> set;  ///< none that we would make
        std::optional<std::uint32_t> element_count;
    };

    explicit NetlinkNftTables(netlink::Socket socket) : socket_(std::move(socket)) {}

    base::Result<Batch> encode(const Transaction& transaction);
    base::Result<void> commit_once(const Table& table, Batch& batch);
    base::Result<void> read_undisturbed(std::string_view table,
                                        const std::function<base::Result<void>()>& read);
    base::Result<std::optional<TableContents>> read_table_once(base::Family family, std::string_view name);
    void look_for_changes();
    base::Result<void> read_objects(TableContents& contents);
    base::Result<void> ask(netlink::MessageBuilder& request,
                           const std::function<void(const netlink::Message&)>& visit);
    base::Result<std::vector<RawElement>> ask_for_element(const netlink::MessageBuilder& request);
    base::Result<SetState> read_set(base::Family family, std::string_view table, std::string_view set);
    base::Result<void> read_raw(base::Family family, std::string_view table, std::string_view set,
                                const std::function<void()>& restart,
                                const std::function<void(RawElement)>& visit);
    base::Result<void> read_raw_once(base::Family family, std::string_view table, std::string_view set,
                                     const std::function<void(RawElement)>& visit);

    netlink::Socket socket_;
    NftMonitor* monitor_ = nullptr;
    std::optional<NftMonitor> witness_;  ///< of what others do during a read; none at other times
    bool touched_ = false;               ///< they changed the table that is read
};

}  // namespace fairlead::kernel::nftables
