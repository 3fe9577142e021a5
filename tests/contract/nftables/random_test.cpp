#include "base/random.h"
#include "contract_fixture.h"

namespace fairlead::kernel::nftables {
namespace {

/// Draws operations whose names and keys collide often.
class RandomOperations {
  public:
    explicit RandomOperations(std::uint64_t seed) : random_(seed) {}

    Transaction next() {
        Transaction transaction{kTable};
        for (auto left = 1 + random_.below(4); left > 0; --left)
            transaction.add(operation());
        return transaction;
    }

  private:
    std::string chain() { return "chain-" + std::to_string(random_.below(4)); }

    Element element_of(const std::string& set) {
        if (set == "frontends") return frontend(static_cast<int>(1 + random_.below(6)), 1);
        if (set == "balancers") return balancer(static_cast<std::uint32_t>(random_.below(4)), chain());
        if (set == "sources") return source_of();
        const auto begin = random_.below(8) * 16;
        const auto end = begin + 15 + 16 * random_.below(2);
        return range("10.0.0." + std::to_string(begin), "10.0.0." + std::to_string(end));
    }

    /// Often inside, around or across another.
    Element source_of() {
        const auto port = static_cast<int>(90 + random_.below(4));
        const auto last_port = port + static_cast<int>(random_.below(2));
        const auto begin = random_.below(16) * 8;
        const auto end = begin + (8U << random_.below(4)) - 1;
        return ports(port, last_port, "10.0.0." + std::to_string(begin), "10.0.0." + std::to_string(end));
    }

    std::vector<Element> elements_of(const std::string& set) {
        std::vector<Element> elements;
        for (auto left = 1 + random_.below(2); left > 0; --left)
            elements.push_back(element_of(set));
        return elements;
    }

    Operation operation() {
        constexpr std::array kSets = {"frontends", "balancers", "cidrs", "sources"};
        const std::string set = kSets.at(random_.below(kSets.size()));
        switch (random_.below(16)) {
            case 0:
                return AddChain{{chain(), {}, ""}};
            case 1:
                return DeleteChain{chain()};
            case 2:
                return AddRule{{chain(), {Counter{}, Verdict{VerdictKind::kGoto, chain()}}, "r"}};
            case 3:
                return FlushChain{chain()};
            case 4:
                return FlushSet{set};
            case 5:
            case 6:
            case 7:
            case 8:
                return DeleteElements{set, elements_of(set)};
            default:
                return AddElements{set, elements_of(set)};
        }
    }

    base::Random random_;
};

TEST_F(NftTablesContract, ManyRandomTransactionsLeaveBothAlike) {
    constexpr std::uint64_t kSeed = 20'261'124;
    RandomOperations operations{kSeed};
    int accepted = 0;
    for (int i = 0; i < 500 && !HasFailure(); ++i) {
        SCOPED_TRACE("transaction " + std::to_string(i));
        const auto transaction = operations.next();
        accepted += commit_to_both(transaction) == Answer{} ? 1 : 0;
    }
    EXPECT_GT(accepted, 80);
}

}  // namespace
}  // namespace fairlead::kernel::nftables
