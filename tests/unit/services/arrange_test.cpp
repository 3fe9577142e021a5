#include "services/arrange.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"

namespace fairlead::services {
namespace {

/// One backend per letter.
std::vector<Backend> backends(std::string_view letters) {
    std::vector<Backend> result;
    for (const char letter : letters) {
        const std::array bytes{std::byte{10}, std::byte{0}, std::byte{0}, static_cast<std::byte>(letter)};
        result.push_back({base::IpAddress{bytes}, 80});
    }
    return result;
}

std::string letters(const std::vector<Backend>& arranged) {
    std::string text;
    for (const auto& backend : arranged)
        text += std::to_integer<char>(backend.address.bytes()[3]);
    return text;
}

TEST(Arrange, TouchesAsFewPlacesAsCanBe) {
    struct Case {
        std::string_view before;
        std::string_view wanted;
        std::string_view after;
    };
    const Case cases[] = {
        {"", "abc", "abc"},        // all new
        {"cab", "abc", "cab"},     // the kernel's order stays
        {"abc", "abcd", "abcd"},   // one more at the end
        {"abcd", "acd", "adc"},    // the last one moves into the hole
        {"abcd", "abc", "abc"},    // the last one goes: nothing moves
        {"abc", "acx", "axc"},     // one replaced in its place
        {"abcdef", "bdf", "dbf"},  // three holes, closed from the back
        {"abc", "", ""},          {"abc", "xyz", "xyz"},
    };
    for (const auto& [before, wanted, after] : cases)
        EXPECT_EQ(letters(arrange(backends(before), backends(wanted))), after) << before << " to " << wanted;
}

TEST(Arrange, HoldsExactlyWhatIsWantedAndMovesNoMoreThanTheHolesItCloses) {
    const std::uint64_t seed = 20261124;
    base::Random random{seed};
    std::string before;
    for (int round = 0; round < 2000; ++round) {
        std::string wanted;
        for (char letter = 'a'; letter <= 'z'; ++letter)
            if (random.below(3) != 0) wanted += letter;
        const auto after = letters(arrange(backends(before), backends(wanted)));
        auto sorted = after;
        std::ranges::sort(sorted);
        ASSERT_EQ(sorted, wanted) << "seed " << seed << " round " << round;
        std::size_t changed = 0;
        for (std::size_t i = 0; i < std::min(before.size(), after.size()); ++i)
            changed += before[i] != after[i] ? 1U : 0U;
        const auto gone = static_cast<std::size_t>(
            std::ranges::count_if(before, [&](char c) { return wanted.find(c) == std::string::npos; }));
        ASSERT_LE(changed, gone) << "seed " << seed << " round " << round;
        before = after;
    }
}

}  // namespace
}  // namespace fairlead::services
