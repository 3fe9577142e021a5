#include <linux/netlink.h>

#include <algorithm>
#include <thread>

#include "kernel/netlink/retry.h"
#include "kernel/nftables/message_codec.h"
#include "kernel/nftables/netlink_nft_tables.h"
#include "kernel/nftables/set_codec.h"

namespace fairlead::kernel::nftables {

using base::Result;

namespace {

// The kernel sends a message for each element, all of which must fit the socket's buffer.
constexpr std::uint32_t kMostKeys = 64;
// Fewer are read before a thread is there.
constexpr std::size_t kMapsOfAThread = 500;
constexpr std::size_t kMostThreads = 4;

/// Reads some of the maps over a socket of its own.
class Part {
  public:
    Part(base::Family family, std::string_view table, std::span<const NumberedMap> maps, std::size_t first)
        : family_(family), table_(table), maps_(maps), first_(first) {}

    void read() {
        auto socket = netlink::Socket::open(NETLINK_NETFILTER);
        result_ = socket ? read_all(*socket) : Result<void>{std::unexpected(socket.error())};
    }

    /// The first map that could not be read.
    [[nodiscard]] const Result<void>& result() const { return result_; }
    void visit(const std::function<void(std::size_t, Element)>& visit) {
        for (auto& [map, element] : elements_)
            visit(map, std::move(element));
    }

  private:
    Result<void> read_all(netlink::Socket& socket) {
        for (std::size_t i = 0; i < maps_.size(); ++i)
            for (std::uint32_t number = 0; number < maps_[i].count; number += kMostKeys)
                FAIRLEAD_CHECK(read_some(socket, i, number));
        return {};
    }

    Result<void> read_some(netlink::Socket& socket, std::size_t map, std::uint32_t first_number) {
        const auto& [name, count] = maps_[map];
        std::vector<ElementBytes> keys;
        for (auto number = first_number; number < std::min(count, first_number + kMostKeys); ++number)
            keys.push_back(ElementBytes{}.add_number(number));
        netlink::MessageBuilder request;
        encode_get_elements(request, family_, table_, name, keys);
        const auto before = elements_.size();
        const auto answered = netlink::retried([&] {
            elements_.resize(before);
            return socket.converse(request.bytes(), [&](const netlink::Message& message) {
                for (auto& raw : decode_elements(message))
                    elements_.emplace_back(first_ + map, std::move(raw.element));
            });
        });
        if (!answered) return base::fail_within("read map '" + name + "'", answered.error());
        return {};
    }

    base::Family family_;
    std::string_view table_;
    std::span<const NumberedMap> maps_;
    std::size_t first_;  ///< their place among all
    std::vector<std::pair<std::size_t, Element>> elements_;
    Result<void> result_;
};

std::vector<Part> parts_of(base::Family family, std::string_view table, std::span<const NumberedMap> maps) {
    const auto processors = std::max<std::size_t>(1, std::thread::hardware_concurrency());
    const auto wanted = std::min({maps.size() / kMapsOfAThread + 1, processors, kMostThreads});
    const auto size = maps.size() / wanted + 1;
    std::vector<Part> parts;
    for (std::size_t first = 0; first < maps.size(); first += size)
        parts.emplace_back(family, table, maps.subspan(first, std::min(size, maps.size() - first)), first);
    return parts;
}

}  // namespace

Result<void> NetlinkNftTables::read_numbered_maps(base::Family family, std::string_view table,
                                                  std::span<const NumberedMap> maps,
                                                  const std::function<void(std::size_t, Element)>& visit) {
    auto parts = parts_of(family, table, maps);
    {
        std::vector<std::jthread> threads;
        for (auto& part : parts)
            threads.emplace_back([&part] { part.read(); });
    }
    for (auto& part : parts) {
        FAIRLEAD_CHECK(part.result());
        part.visit(visit);
    }
    return {};
}

}  // namespace fairlead::kernel::nftables
