#include "cli/iptables_program.h"

#include <fmt/format.h>

#include <chrono>

#include "net/event_loop.h"
#include "net/memory_file.h"
#include "net/process.h"
#include "net/running_programs.h"

namespace fairlead::cli {

namespace {

using base::Family;
using base::Result;
using migrate::RulesKind;

constexpr std::size_t kLargestSaveBytes = std::size_t{1} << 30U;
constexpr auto kLongestRun = std::chrono::minutes(5);

/// "ip6tables-nft-save".
std::string program_name(RulesKind kind, Family family, std::string_view verb) {
    return fmt::format("{}-{}-{}", family == Family::kIpv4 ? "iptables" : "ip6tables",
                       kind == RulesKind::kIptablesNft ? "nft" : "legacy", verb);
}

Result<std::string> run(const net::Program& program) {
    if (!net::can_run(program.command))
        return base::fail(base::ErrorCode::kNotFound,
                          program.command + " is not on PATH (the package iptables has it)");
    net::EventLoop loop;
    Result<std::string> result;
    const auto running = net::run_program(loop, program, kLongestRun, [&](Result<std::string> done) {
        result = std::move(done);
        loop.stop();
    });
    loop.run();
    return result;
}

}  // namespace

Result<std::string> save_iptables(RulesKind kind, Family family) {
    return run({program_name(kind, family, "save"), {}, {}, kLargestSaveBytes});
}

Result<void> restore_iptables(RulesKind kind, Family family, std::string_view script) {
    FAIRLEAD_TRY(const auto file, net::MemoryFile::make(script));
    // Another program may hold the lock of legacy iptables for a while.
    FAIRLEAD_CHECK(
        run({program_name(kind, family, "restore"), {"--noflush", "--wait", "30", file.path()}, {}}));
    return {};
}

}  // namespace fairlead::cli
