#include "support/fake_nft_tables.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>

#include "base/assert.h"
#include "kernel/nftables/check.h"
#include "kernel/nftables/describe.h"
#include "support/fake_nft_elements.h"

namespace fairlead::test {

using namespace kernel::nftables;  // NOLINT(google-build-using-namespace): this file is about nothing else
using base::Family;
using base::Result;

namespace {

struct FakeChain {
    Chain definition;
    std::vector<Rule> rules;
};

struct FakeTable {
    Table definition;
    std::vector<FakeChain> chains;
    std::vector<FakeSet> sets;
};

using TableKey = std::pair<Family, std::string>;
using Tables = std::map<TableKey, FakeTable>;

template <class Objects>
auto* find_named(Objects& objects, std::string_view name) {
    const auto found = std::ranges::find(objects, name, [](const auto& it) { return it.definition.name; });
    return found == objects.end() ? nullptr : &*found;
}

bool is_verdict_map(const Set& set) {
    return set.data == std::vector{DataType::kVerdict};
}

/// One transaction on its way: tables are changed in place, and put back as they were unless it is kept. The
/// lists of chains, rules and sets are copied at the begin, they are short; elements have a log.
class Change {
  public:
    Change(Tables& tables, const Table& table, const std::function<bool(const Expression&)>& lacks)
        : tables_(tables), before_(tables), table_(table), lacks_(lacks), key_{table.family, table.name} {}
    Change(const Change&) = delete;
    Change& operator=(const Change&) = delete;
    ~Change() {
        if (!kept_) undo();
    }

    void keep() {
        kept_ = true;
        for (const auto& [name, size] : new_sizes_)
            if (auto* set = find_set(name)) set->definition.size = size;
    }
    /// The element that was refused, if it was one.
    [[nodiscard]] std::optional<std::size_t> element() const { return element_; }

    Errno apply(const Operation& operation) {
        element_.reset();
        return std::visit(*this, operation);
    }

    Errno operator()(const AddTable&) {
        tables_.try_emplace(key_, FakeTable{table_, {}, {}});
        return 0;
    }
    Errno operator()(const DestroyTable&) {
        tables_.erase(key_);
        return 0;
    }

    Errno operator()(const AddChain& add) {
        if (table() == nullptr) return ENOENT;
        const auto* known = find_named(table()->chains, add.chain.name);
        if (known == nullptr) {
            table()->chains.push_back({add.chain, {}});
            return 0;
        }
        if (!add.chain.hook || add.chain.hook == known->definition.hook) return 0;
        return known->definition.hook ? EOPNOTSUPP : EEXIST;
    }
    Errno operator()(const DeleteChain& remove) {
        if (chain(remove.name) == nullptr) return ENOENT;
        chain(remove.name)->rules.clear();
        if (is_referenced(remove.name)) return EBUSY;
        std::erase_if(table()->chains, [&](const auto& it) { return it.definition.name == remove.name; });
        return 0;
    }
    Errno operator()(const FlushChain& flush) {
        if (chain(flush.name) == nullptr) return ENOENT;
        chain(flush.name)->rules.clear();
        return 0;
    }
    Errno operator()(const AddRule& add) {
        if (chain(add.rule.chain) == nullptr) return ENOENT;
        if (std::ranges::any_of(add.rule.expressions, lacks_)) return ENOENT;
        for (const auto& expression : add.rule.expressions)
            if (const Errno refused = check_references(expression)) return refused;
        chain(add.rule.chain)->rules.push_back(add.rule);
        return 0;
    }

    Errno operator()(const AddSet& add) {
        if (table() == nullptr) return ENOENT;
        const auto* known = find_named(table()->sets, add.set.name);
        if (known == nullptr) {
            table()->sets.push_back({add.set});
            return 0;
        }
        Set same = known->definition;
        same.comment = add.set.comment;
        same.size = add.set.size;
        if (same != add.set) return EEXIST;
        if (same.size != 0) new_sizes_.emplace_back(same.name, same.size);
        return 0;
    }
    Errno operator()(const DeleteSet& remove) {
        if (find_set(remove.name) == nullptr) return ENOENT;
        if (is_set_used(remove.name)) return EBUSY;
        std::erase_if(table()->sets, [&](const auto& it) { return it.definition.name == remove.name; });
        return 0;
    }
    Errno operator()(const FlushSet& flush) {
        auto* const set = find_set(flush.name);
        if (set == nullptr) return ENOENT;
        set->elements = std::make_shared<FakeElements>();
        return 0;
    }
    Errno operator()(const AddElements& add) {
        auto* const set = find_set(add.set);
        if (set == nullptr) return ENOENT;
        ElementChanges::begin(*set);
        for (element_ = 0; *element_ < add.elements.size(); ++*element_) {
            const auto& element = add.elements[*element_];
            if (const Errno refused = check_element(set->definition, element)) return refused;
            if (const Errno refused = elements_.add(*set, element)) return refused;
        }
        element_.reset();
        return 0;
    }
    Errno operator()(const DeleteElements& remove) {
        auto* const set = find_set(remove.set);
        if (set == nullptr) return ENOENT;
        ElementChanges::begin(*set);
        for (element_ = 0; *element_ < remove.elements.size(); ++*element_) {
            const auto& element = remove.elements[*element_];
            if (element.key.bytes().size() != size_bytes_of(set->definition.key)) return EINVAL;
            if (const Errno refused = elements_.take(*set, element)) return refused;
        }
        return 0;
    }

    /// What the kernel looks at when all operations are in: how deep packets can jump.
    Errno check_jumps() {
        if (table() == nullptr) return 0;
        for (const auto& it : table()->chains)
            if (it.definition.hook && jumps_too_deep(it, 0)) return EMLINK;
        return 0;
    }

  private:
    void undo() {
        elements_.undo();
        tables_ = std::move(before_);
    }

    FakeTable* table() {
        const auto found = tables_.find(key_);
        return found == tables_.end() ? nullptr : &found->second;
    }
    FakeChain* chain(std::string_view name) {
        return table() == nullptr ? nullptr : find_named(table()->chains, name);
    }
    FakeSet* find_set(std::string_view name) {
        return table() == nullptr ? nullptr : find_named(table()->sets, name);
    }

    bool is_set_used(const std::string& name) {
        const auto uses = [&](const Expression& expression) {
            const auto* update = std::get_if<UpdateSet>(&expression);
            const auto* lookup = std::get_if<LookupSet>(&expression);
            const auto* map = std::get_if<LookupMap>(&expression);
            const auto* verdict = std::get_if<LookupVerdict>(&expression);
            return (update != nullptr && update->set == name) || (lookup != nullptr && lookup->set == name) ||
                   (map != nullptr && map->map == name) || (verdict != nullptr && verdict->map == name);
        };
        return std::ranges::any_of(table()->chains, [&](const FakeChain& it) {
            return std::ranges::any_of(
                it.rules, [&](const Rule& rule) { return std::ranges::any_of(rule.expressions, uses); });
        });
    }

    bool is_referenced(const std::string& name) {
        for (const auto& it : table()->chains)
            for (const auto& rule : it.rules)
                for (const auto& expression : rule.expressions)
                    if (const auto* verdict = std::get_if<Verdict>(&expression);
                        verdict && verdict->chain == name)
                        return true;
        for (const auto& set : table()->sets) {
            if (!is_verdict_map(set.definition)) continue;
            bool leads_there = false;
            for_each(*set.elements, [&](const HeldElement& held) {
                leads_there = leads_there || held.element.verdict_chain == name;
            });
            if (leads_there) return true;
        }
        return false;
    }

    Errno check_references(const Expression& expression) {
        if (const auto* lookup = std::get_if<LookupSet>(&expression)) {
            const auto* set = find_set(lookup->set);
            return set == nullptr ? ENOENT : 0;
        }
        if (const auto* lookup = std::get_if<LookupMap>(&expression)) {
            const auto* set = find_set(lookup->map);
            if (set == nullptr) return ENOENT;
            return set->definition.data.empty() || is_verdict_map(set->definition) ? EINVAL : 0;
        }
        if (const auto* lookup = std::get_if<LookupVerdict>(&expression)) {
            const auto* set = find_set(lookup->map);
            if (set == nullptr) return ENOENT;
            return is_verdict_map(set->definition) ? 0 : EINVAL;
        }
        if (const auto* update = std::get_if<UpdateSet>(&expression)) return check_update(*update);
        const auto* verdict = std::get_if<Verdict>(&expression);
        return verdict == nullptr || verdict->chain.empty() ? 0 : check_target(verdict->chain);
    }

    Errno check_update(const UpdateSet& update) {
        const auto* set = find_set(update.set);
        if (set == nullptr) return ENOENT;
        const auto& definition = set->definition;
        if (definition.interval || (update.timeout_ms && !definition.timeout)) return EOPNOTSUPP;
        if (update.data.has_value() == !definition.data.empty() && !is_verdict_map(definition)) return 0;
        return update.data ? EOPNOTSUPP : EINVAL;
    }

    Errno check_target(const std::string& name) {
        const auto* target = chain(name);
        if (target == nullptr) return ENOENT;
        return target->definition.hook ? EOPNOTSUPP : 0;
    }

    Errno check_element(const Set& set, const Element& element) {
        if (element.key.bytes().size() != size_bytes_of(set.key)) return EINVAL;
        if (element.data.bytes().size() != size_bytes_of(set.data)) return EINVAL;
        if (is_verdict_map(set) == element.verdict_chain.empty()) return EINVAL;
        return element.verdict_chain.empty() ? 0 : check_target(element.verdict_chain);
    }

    bool jumps_too_deep(const FakeChain& from, unsigned depth) {
        constexpr unsigned kJumpStack = 16;  // NFT_JUMP_STACK_SIZE
        if (depth == kJumpStack) return true;
        std::set<std::string> targets;
        for (const auto& rule : from.rules)
            for (const auto& expression : rule.expressions)
                add_targets(expression, targets);
        return std::ranges::any_of(
            targets, [&](const std::string& name) { return jumps_too_deep(*chain(name), depth + 1); });
    }

    void add_targets(const Expression& expression, std::set<std::string>& targets) {
        if (const auto* verdict = std::get_if<Verdict>(&expression); verdict && !verdict->chain.empty())
            targets.insert(verdict->chain);
        if (const auto* lookup = std::get_if<LookupVerdict>(&expression))
            for_each(*find_set(lookup->map)->elements,
                     [&](const HeldElement& held) { targets.insert(held.element.verdict_chain); });
    }

    Tables& tables_;
    Tables before_;
    const Table& table_;
    const std::function<bool(const Expression&)>& lacks_;
    TableKey key_;
    ElementChanges elements_;
    std::optional<std::size_t> element_;
    std::vector<std::pair<std::string, std::uint32_t>>
        new_sizes_;  ///< of sets that are there, valid afterwards
    bool kept_ = false;
};

}  // namespace

struct FakeNftTables::State {
    Result<void> commit(const Transaction& transaction, bool check_each) {
        const auto& table = transaction.table();
        Change change{tables, table, lacks};
        for (const auto& operation : transaction.operations()) {
            Errno refused = change.apply(operation);
            if (refused == 0 && check_each) refused = change.check_jumps();
            if (refused != 0)
                return base::fail_errno(
                    refused, describe(table) + ": " + describe(operation, table.family, change.element()));
        }
        if (change.check_jumps() != 0) return base::fail_errno(EMLINK, describe(table) + ": commit");
        change.keep();
        ++generation;
        ++commits;
        return {};
    }

    Tables tables;
    std::uint32_t generation = 1;
    std::size_t commits = 0;
    base::Error failure;
    std::function<bool(const Expression&)> lacks = [](const Expression&) { return false; };
    int failures_left = 0;

    [[nodiscard]] const FakeTable* table(Family family, std::string_view name) const {
        const auto found = tables.find({family, std::string(name)});
        return found == tables.end() ? nullptr : &found->second;
    }
    [[nodiscard]] const FakeSet* set(Family family, std::string_view table_name,
                                     std::string_view name) const {
        const auto* found = table(family, table_name);
        return found == nullptr ? nullptr : find_named(found->sets, name);
    }
};

FakeNftTables::FakeNftTables() : state_(std::make_unique<State>()) {}
FakeNftTables::~FakeNftTables() = default;

Result<void> FakeNftTables::commit(const Transaction& transaction) {
    if (transaction.empty()) return {};
    FAIRLEAD_CHECK(check(transaction));
    if (state_->failures_left > 0) {
        --state_->failures_left;
        return std::unexpected(state_->failure);
    }
    auto committed = state_->commit(transaction, false);
    // Like the kernel: only once it is known that some jump is bad, each operation is looked at.
    if (!committed && committed.error().errno_value == EMLINK) committed = state_->commit(transaction, true);
    return committed;
}

Result<std::optional<TableContents>> FakeNftTables::read_table(Family family, std::string_view name) {
    const auto* table = state_->table(family, name);
    if (table == nullptr) return std::optional<TableContents>{};
    TableContents contents{table->definition, {}, {}, {}};
    for (const auto& chain : table->chains) {
        contents.chains.push_back(chain.definition);
        contents.rules.insert(contents.rules.end(), chain.rules.begin(), chain.rules.end());
    }
    for (const auto& set : table->sets)
        contents.sets.push_back(set.definition);
    return std::optional{std::move(contents)};
}

Result<void> FakeNftTables::read_elements(Family family, std::string_view table, std::string_view set,
                                          const std::function<void()>& restart,
                                          const std::function<void(Element)>& visit) {
    const auto* found = state_->set(family, table, set);
    if (found == nullptr) return base::fail_errno(ENOENT, "read set '" + std::string(set) + "'");
    restart();
    for_each(*found->elements, [&](const HeldElement& held) { visit(held.element); });
    return {};
}

Result<void> FakeNftTables::read_counts(Family family, std::string_view table, std::string_view set,
                                        const std::function<void()>& restart,
                                        const std::function<void(Element, Counts)>& visit) {
    const auto* found = state_->set(family, table, set);
    if (found == nullptr) return base::fail_errno(ENOENT, "read set '" + std::string(set) + "'");
    restart();
    for_each(*found->elements, [&](const HeldElement& held) { visit(held.element, held.counts); });
    return {};
}

Result<std::optional<FoundElement>> FakeNftTables::find_element(Family family, std::string_view table,
                                                                std::string_view set,
                                                                const ElementBytes& key) {
    const std::string what = "look up in set '" + std::string(set) + "'";
    const auto* looked_in = state_->set(family, table, set);
    if (looked_in == nullptr) return base::fail_errno(ENOENT, what);
    if (key.bytes().size() != size_bytes_of(looked_in->definition.key)) return base::fail_errno(EINVAL, what);
    const auto* held = find(*looked_in, key);
    if (held == nullptr) return std::optional<FoundElement>{};
    return FoundElement{held->element, held->counts, {}, {}};
}

Result<std::uint32_t> FakeNftTables::generation() {
    return state_->generation;
}

void FakeNftTables::fail_commits(base::Error error, int count) {
    state_->failure = std::move(error);
    state_->failures_left = count;
}

void FakeNftTables::lack(std::function<bool(const Expression&)> expressions) {
    state_->lacks = std::move(expressions);
}

void FakeNftTables::flush_ruleset() {
    state_->tables.clear();
    ++state_->generation;
}

void FakeNftTables::count(Family family, std::string_view table, std::string_view set,
                          const ElementBytes& key, Counts counts) {
    const auto* found = state_->set(family, table, set);
    FAIRLEAD_ASSERT(found != nullptr && found->definition.counts);
    const auto add = [&](HeldElement& held) {
        if (held.element.key != key) return;
        held.counts.packets += counts.packets;
        held.counts.bytes += counts.bytes;
    };
    if (const auto it = found->elements->hashed.find(key); it != found->elements->hashed.end())
        add(it->second);
    if (const auto it = found->elements->ordered.find(key); it != found->elements->ordered.end())
        add(it->second);
    std::ranges::for_each(found->elements->concatenated, add);
}

std::size_t FakeNftTables::commit_count() const {
    return state_->commits;
}

std::vector<Element> FakeNftTables::elements(Family family, std::string_view table,
                                             std::string_view set) const {
    std::vector<Element> elements;
    if (const auto* found = state_->set(family, table, set)) {
        for_each(*found->elements, [&](const HeldElement& held) { elements.push_back(held.element); });
    }
    std::ranges::sort(elements);
    return elements;
}

}  // namespace fairlead::test
