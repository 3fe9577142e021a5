#pragma once

#include <cstdint>
#include <cstdlib>

namespace fairlead::test {

/// Seeds of the lives that a simulation lives: FAIRLEAD_SEED lives one of them again, FAIRLEAD_LIVES says how
/// many times as many as usual there are to be.
struct Lives {
    explicit Lives(std::uint64_t usual, std::uint64_t first_seed = 1)
        : again(std::getenv("FAIRLEAD_SEED") != nullptr),
          first(number_in("FAIRLEAD_SEED", first_seed)),
          end(first + (again ? 1 : usual * number_in("FAIRLEAD_LIVES", 1))) {}

    bool again;
    std::uint64_t first;
    std::uint64_t end;  ///< behind the last

  private:
    static std::uint64_t number_in(const char* variable, std::uint64_t otherwise) {
        const char* const text = std::getenv(variable);
        return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
    }
};

}  // namespace fairlead::test
