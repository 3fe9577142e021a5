#include "kernel/nftables/transaction.h"

namespace fairlead::kernel::nftables {

namespace {

template <class ElementOperation>
void append_element(std::vector<Operation>& operations, std::string_view set, Element element) {
    auto* last = operations.empty() ? nullptr : std::get_if<ElementOperation>(&operations.back());
    if (last == nullptr || last->set != set) {
        operations.push_back(ElementOperation{std::string(set), {}});
        last = &std::get<ElementOperation>(operations.back());
    }
    last->elements.push_back(std::move(element));
}

}  // namespace

std::size_t Transaction::element_count() const {
    std::size_t count = 0;
    for (const auto& operation : operations_) {
        if (const auto* added = std::get_if<AddElements>(&operation)) count += added->elements.size();
        if (const auto* deleted = std::get_if<DeleteElements>(&operation)) count += deleted->elements.size();
    }
    return count;
}

void Transaction::add_element(std::string_view set, Element element) {
    append_element<AddElements>(operations_, set, std::move(element));
}

void Transaction::delete_element(std::string_view set, Element element) {
    append_element<DeleteElements>(operations_, set, std::move(element));
}

}  // namespace fairlead::kernel::nftables
