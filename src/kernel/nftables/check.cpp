#include "kernel/nftables/check.h"

#include <algorithm>
#include <limits>

#include "kernel/nftables/describe.h"

namespace fairlead::kernel::nftables {

namespace {

using base::ErrorCode;
using base::Result;

constexpr std::size_t kLongestNameBytes = 255;  // NFT_NAME_MAXLEN less its NUL
constexpr std::size_t kRegisterBytes = 4;
constexpr std::size_t kRegistersBytes = 16 * kRegisterBytes;
// nft's number of a concatenation has 32 bits, 6 for each field.
constexpr std::size_t kMostFields = 5;

std::unexpected<base::Error> refuse(std::string_view why) {
    return base::fail(ErrorCode::kInvalid, std::string(why));
}

Result<void> check_name(std::string_view name) {
    if (name.empty()) return refuse("a name is empty");
    if (name.size() > kLongestNameBytes) return refuse("a name is longer than 255 bytes");
    if (name.find('\0') != std::string_view::npos) return refuse("a name has a NUL in it");
    return {};
}

Result<void> check_registers(std::size_t first, std::size_t size_bytes) {
    if (size_bytes != 0 && first * kRegisterBytes + size_bytes <= kRegistersBytes) return {};
    return refuse("a value does not fit the registers");
}

/// What an expression refers to. Of a set that is not known, the sizes are the kernel's to look at.
struct ExpressionCheck {
    const std::vector<const Set*>& known;

    [[nodiscard]] const Set* find(std::string_view set) const {
        const auto found = std::ranges::find(known, set, [](const Set* it) { return it->name; });
        return found == known.end() ? nullptr : *found;
    }
    Result<void> check_key(std::string_view set, Register from) {
        FAIRLEAD_CHECK(check_name(set));
        const Set* known_set = find(set);
        return check_registers(from, known_set == nullptr ? 1 : size_bytes_of(known_set->key));
    }
    Result<void> check_data(std::string_view set, Register at) {
        const Set* known_set = find(set);
        if (known_set == nullptr) return check_registers(at, 1);
        if (known_set->data.empty() || holds_verdicts(*known_set))
            return refuse("set '" + known_set->name + "' holds no data");
        return check_registers(at, size_bytes_of(known_set->data));
    }

    Result<void> operator()(const LoadPayload& load) { return check_registers(load.to, load.length_bytes); }
    Result<void> operator()(const LoadMeta& load) {
        return check_registers(
            load.to, load.key == MetaKey::kInputInterfaceName || load.key == MetaKey::kOutputInterfaceName
                         ? size_bytes_of(DataType::kInterfaceName)
                         : kRegisterBytes);
    }
    Result<void> operator()(const LoadCt& load) { return check_registers(load.to, 1); }
    Result<void> operator()(const Bitwise& bitwise) {
        if (bitwise.mask.size() != bitwise.xor_with.size()) return refuse("mask and xor differ in size");
        FAIRLEAD_CHECK(check_registers(bitwise.from, bitwise.mask.size()));
        return check_registers(bitwise.to, bitwise.mask.size());
    }
    Result<void> operator()(const Compare& compare) {
        return check_registers(compare.from, compare.value.size());
    }
    Result<void> operator()(const LookupSet& lookup) { return check_key(lookup.set, lookup.from); }
    Result<void> operator()(const LookupMap& lookup) {
        FAIRLEAD_CHECK(check_key(lookup.map, lookup.from));
        return check_data(lookup.map, lookup.to);
    }
    Result<void> operator()(const LookupVerdict& lookup) { return check_key(lookup.map, lookup.from); }
    Result<void> operator()(const RandomNumber& random) {
        if (random.modulus == 0) return refuse("a random number below 0");
        return check_registers(random.to, sizeof random.modulus);
    }
    Result<void> operator()(const JenkinsHash& hash) {
        if (hash.modulus == 0) return refuse("a hash below 0");
        if (hash.offset > std::numeric_limits<std::uint32_t>::max() - (hash.modulus - 1))
            return refuse("a hash above the largest number");
        FAIRLEAD_CHECK(check_registers(hash.from, hash.length_bytes));
        return check_registers(hash.to, sizeof hash.modulus);
    }
    Result<void> operator()(const LoadImmediate& load) { return check_registers(load.to, load.value.size()); }
    Result<void> operator()(const DestinationNat& nat) {
        FAIRLEAD_CHECK(check_registers(nat.address, kRegisterBytes));
        return check_registers(nat.port, sizeof(std::uint16_t));
    }
    Result<void> operator()(const Masquerade&) { return {}; }
    Result<void> operator()(const Reject&) { return {}; }
    Result<void> operator()(const Verdict& verdict) {
        const bool names_chain = verdict.kind == VerdictKind::kJump || verdict.kind == VerdictKind::kGoto;
        if (names_chain) return check_name(verdict.chain);
        if (!verdict.chain.empty()) return refuse("a verdict that leads nowhere names a chain");
        return {};
    }
    Result<void> operator()(const Counter&) { return {}; }
    Result<void> operator()(const Fib& fib) { return check_registers(fib.to, sizeof kLocalRoute); }
    Result<void> operator()(const UpdateSet& update) {
        FAIRLEAD_CHECK(check_key(update.set, update.key));
        if (update.timeout_ms == 0U) return refuse("a timeout of 0");
        const Set* set = find(update.set);
        if (set != nullptr && !set->dynamic) return refuse("set '" + update.set + "' is not dynamic");
        if (set != nullptr && !update.data && !set->data.empty())
            return refuse("an update of map '" + update.set + "' has no data");
        if (set != nullptr && update.timeout_ms && !set->timeout)
            return refuse("set '" + update.set + "' has no timeouts");
        return update.data ? check_data(update.set, *update.data) : Result<void>{};
    }
    Result<void> operator()(const TransparentProxy& proxy) {
        FAIRLEAD_CHECK(check_registers(proxy.address, kRegisterBytes));
        return check_registers(proxy.port, sizeof(std::uint16_t));
    }
    Result<void> operator()(const NoTracking&) { return {}; }
    Result<void> operator()(const ForeignExpression& foreign) {
        return refuse("expression '" + foreign.name + "' is not ours to write");
    }
};

/// Elements by themselves: what holds for every set.
Result<void> check_element(const Element& element) {
    if (element.key.empty()) return refuse("an element has no key");
    if (!element.key_end.empty() && element.key_end.bytes().size() != element.key.bytes().size())
        return refuse("the ends of a range differ in size");
    if (!element.key_end.empty() && element.key_end < element.key)
        return refuse("a range ends before it begins");
    if (!element.data.empty() && !element.verdict_chain.empty())
        return refuse("an element has data and a verdict");
    if (element.verdict_chain.size() > kLongestNameBytes)
        return refuse("a chain's name is longer than 255 bytes");
    return {};
}

/// Whether each field of a range ends where it begins or after.
bool fields_ascend(const std::vector<DataType>& fields, const Element& element) {
    const auto begin = element.key.bytes();
    const auto end = element.key_end.bytes();
    std::size_t offset = 0;
    for (const auto field : fields) {
        const auto size = size_bytes_of(field);
        if (std::ranges::lexicographical_compare(end.subspan(offset, size), begin.subspan(offset, size)))
            return false;
        offset += padded_size_bytes(field);
    }
    return true;
}

/// Elements against a set that is known.
Result<void> check_element_of(const Set& set, const Element& element) {
    if (element.key.bytes().size() != size_bytes_of(set.key)) return refuse("the key has not the set's size");
    if (set.interval == element.key_end.empty())
        return refuse(set.interval ? "an interval set holds ranges" : "only an interval set holds ranges");
    const bool verdicts = holds_verdicts(set);
    if (verdicts == element.verdict_chain.empty())
        return refuse(verdicts ? "a verdict map holds verdicts" : "only a verdict map holds verdicts");
    if (element.data.bytes().size() != size_bytes_of(set.data))
        return refuse("the data has not the map's size");
    if (set.interval && !fields_ascend(set.key, element))
        return refuse("a field's range ends before it begins");
    return {};
}

Result<void> check_set(const Set& set) {
    FAIRLEAD_CHECK(check_name(set.name));
    if (size_bytes_of(set.key) == 0) return refuse("a set has no key");
    if (set.key.size() > kMostFields || set.data.size() > kMostFields)
        return refuse("a set's key or data has more than 5 fields");
    if (size_bytes_of(set.key) > ElementBytes::kCapacityBytes ||
        size_bytes_of(set.data) > ElementBytes::kCapacityBytes)
        return refuse("a set's key or data is longer than 64 bytes");
    if (set.dynamic && set.size == 0) return refuse("a dynamic set has no limit");
    if (set.dynamic && set.interval) return refuse("a dynamic set holds no ranges");
    if (set.dynamic && holds_verdicts(set)) return refuse("a dynamic set holds no verdicts");
    return {};
}

class TransactionCheck {
  public:
    explicit TransactionCheck(const Transaction& transaction) : transaction_(transaction) {}

    Result<void> run() {
        FAIRLEAD_CHECK(check_name(transaction_.table().name));
        for (const auto& operation : transaction_.operations()) {
            element_.reset();
            auto checked = std::visit(*this, operation);
            if (!checked) return base::fail_within(place(operation), std::move(checked).error());
        }
        return {};
    }

    Result<void> operator()(const AddTable&) { return {}; }
    Result<void> operator()(const DestroyTable&) {
        added_.clear();
        return {};
    }
    Result<void> operator()(const AddChain& add) { return check_name(add.chain.name); }
    Result<void> operator()(const DeleteChain& remove) { return check_name(remove.name); }
    Result<void> operator()(const FlushChain& flush) { return check_name(flush.name); }
    Result<void> operator()(const DeleteSet& remove) {
        std::erase_if(added_, [&](const Set* set) { return set->name == remove.name; });
        return check_name(remove.name);
    }
    Result<void> operator()(const FlushSet& flush) { return check_name(flush.name); }

    Result<void> operator()(const AddRule& add) {
        FAIRLEAD_CHECK(check_name(add.rule.chain));
        for (const auto& expression : add.rule.expressions)
            FAIRLEAD_CHECK(std::visit(ExpressionCheck{added_}, expression));
        return {};
    }

    Result<void> operator()(const AddSet& add) {
        FAIRLEAD_CHECK(check_set(add.set));
        added_.push_back(&add.set);
        return {};
    }

    Result<void> operator()(const AddElements& add) {
        FAIRLEAD_CHECK(check_name(add.set));
        const auto set = std::ranges::find(added_, add.set, [](const Set* it) { return it->name; });
        for (element_ = 0; *element_ < add.elements.size(); ++*element_) {
            FAIRLEAD_CHECK(check_element(add.elements[*element_]));
            if (set != added_.end()) FAIRLEAD_CHECK(check_element_of(**set, add.elements[*element_]));
        }
        return {};
    }

    Result<void> operator()(const DeleteElements& remove) {
        FAIRLEAD_CHECK(check_name(remove.set));
        for (element_ = 0; *element_ < remove.elements.size(); ++*element_)
            FAIRLEAD_CHECK(check_element(remove.elements[*element_]));
        return {};
    }

  private:
    [[nodiscard]] std::string place(const Operation& operation) const {
        const auto& table = transaction_.table();
        return describe(table) + ": " + describe(operation, table.family, element_);
    }

    const Transaction& transaction_;
    std::vector<const Set*> added_;
    std::optional<std::size_t> element_;
};

}  // namespace

Result<void> check(const Transaction& transaction) {
    return TransactionCheck{transaction}.run();
}

}  // namespace fairlead::kernel::nftables
