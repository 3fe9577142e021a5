#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "kernel/nftables/objects.h"

namespace fairlead::kernel::nftables {

struct AddTable {};
/// Deletes the table with everything in it; no error if it is not there.
struct DestroyTable {};
struct AddChain {
    Chain chain;
};
/// The chain must be empty of references; its rules go with it.
struct DeleteChain {
    std::string name;
};
/// Appends the rule to its chain.
struct AddRule {
    Rule rule;
};
/// Deletes all rules of a chain.
struct FlushChain {
    std::string name;
};
struct AddSet {
    Set set;
};
/// The set with its elements; no rule may use it any more.
struct DeleteSet {
    std::string name;
};
struct FlushSet {
    std::string name;
};
/// Elements of one set; a key that is there already is an error, whatever its data (delete it first, in the
/// same transaction): who writes only differences learns that they were wrong.
struct AddElements {
    std::string set;
    std::vector<Element> elements;
};
/// Every key must be there. Only the keys are used.
struct DeleteElements {
    std::string set;
    std::vector<Element> elements;
};

using Operation = std::variant<AddTable, DestroyTable, AddChain, DeleteChain, AddRule, FlushChain, AddSet,
                               DeleteSet, FlushSet, AddElements, DeleteElements>;

/// An ordered list of changes to one table. Plain data; the kernel takes all of it or nothing.
class Transaction {
  public:
    explicit Transaction(Table table) : table_(std::move(table)) {}

    [[nodiscard]] const Table& table() const { return table_; }
    [[nodiscard]] std::span<const Operation> operations() const { return operations_; }
    [[nodiscard]] bool empty() const { return operations_.empty(); }
    /// Elements added plus elements deleted.
    [[nodiscard]] std::size_t element_count() const;

    void add(Operation operation) { operations_.push_back(std::move(operation)); }
    /// Appends to the last operation if that adds to the same set, else starts a new one.
    void add_element(std::string_view set, Element element);
    /// Appends to the last operation if that deletes from the same set, else starts a new one.
    void delete_element(std::string_view set, Element element);

  private:
    Table table_;
    std::vector<Operation> operations_;
};

}  // namespace fairlead::kernel::nftables
