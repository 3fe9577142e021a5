#include "kernel/nftables/objects.h"

#include <endian.h>

#include <algorithm>

#include "base/assert.h"

namespace fairlead::kernel::nftables {

namespace {

constexpr std::size_t kUnitBytes = 4;

constexpr std::size_t padded(std::size_t size_bytes) {
    return (size_bytes + kUnitBytes - 1) / kUnitBytes * kUnitBytes;
}

}  // namespace

bool holds_verdicts(const Set& set) {
    return set.data == std::vector{DataType::kVerdict};
}

std::size_t size_bytes_of(DataType type) {
    switch (type) {
        case DataType::kIpv4Address:
        case DataType::kMark:
            return 4;
        case DataType::kIpv6Address:
        case DataType::kInterfaceName:
            return 16;
        case DataType::kInetProtocol:
            return 1;
        case DataType::kInetService:
            return 2;
        case DataType::kVerdict:
            return 0;
    }
    return 0;
}

std::size_t padded_size_bytes(DataType type) {
    return padded(size_bytes_of(type));
}

std::size_t size_bytes_of(const std::vector<DataType>& fields) {
    if (fields.size() == 1) return size_bytes_of(fields.front());
    std::size_t size = 0;
    for (const auto field : fields)
        size += padded_size_bytes(field);
    return size;
}

ElementBytes& ElementBytes::add_raw(std::span<const std::byte> bytes) {
    const std::size_t begin = padded(size_);
    const std::size_t end = begin + (begin == 0 ? bytes.size() : padded(bytes.size()));
    FAIRLEAD_ASSERT(end <= kCapacityBytes);
    std::ranges::copy(bytes, bytes_.data() + begin);
    size_ = static_cast<std::uint8_t>(end);
    return *this;
}

ElementBytes& ElementBytes::add(const base::IpAddress& address) {
    return add_raw(address.bytes());
}

ElementBytes& ElementBytes::add(base::L4Protocol protocol) {
    const auto number = static_cast<std::byte>(protocol);
    return add_raw({&number, 1});
}

ElementBytes& ElementBytes::add_port(std::uint16_t port) {
    const std::uint16_t network_order = htobe16(port);
    return add_raw(std::as_bytes(std::span{&network_order, 1}));
}

ElementBytes& ElementBytes::add_number(std::uint32_t number) {
    return add_raw(std::as_bytes(std::span{&number, 1}));
}

ElementBytes& ElementBytes::add_interface_name(std::string_view name) {
    FAIRLEAD_ASSERT(name.size() <= kLongestInterfaceNameBytes);
    std::array<std::byte, kLongestInterfaceNameBytes + 1> padded_name{};
    std::ranges::copy(std::as_bytes(std::span{name}), padded_name.begin());
    return add_raw(padded_name);
}

ElementBytes& ElementBytes::add_last_interface_name(std::string_view prefix) {
    FAIRLEAD_ASSERT(prefix.size() <= kLongestInterfaceNameBytes);
    std::array<std::byte, kLongestInterfaceNameBytes + 1> last{};
    last.fill(std::byte{0xff});
    std::ranges::copy(std::as_bytes(std::span{prefix}), last.begin());
    return add_raw(last);
}

std::span<const std::byte> ElementReader::take(std::size_t size_bytes) {
    FAIRLEAD_ASSERT(size_bytes <= rest_.size());
    const auto field = rest_.first(size_bytes);
    rest_ = rest_.subspan(std::min(padded(size_bytes), rest_.size()));
    return field;
}

base::IpAddress ElementReader::address(base::Family family) {
    return base::IpAddress{take(base::address_size_bytes(family))};
}

std::uint8_t ElementReader::protocol() {
    return std::to_integer<std::uint8_t>(take(1)[0]);
}

std::uint16_t ElementReader::port() {
    std::uint16_t network_order = 0;
    std::memcpy(&network_order, take(sizeof network_order).data(), sizeof network_order);
    return be16toh(network_order);
}

std::uint32_t ElementReader::number() {
    std::uint32_t value = 0;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
}

std::string ElementReader::interface_name() {
    const auto bytes = take(ElementBytes::kLongestInterfaceNameBytes + 1);
    const std::string name{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    return name.substr(0, name.find('\0'));
}

}  // namespace fairlead::kernel::nftables
