#include "dns/search_walk.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::dns {
namespace {

using Texts = std::vector<std::string>;

const Texts kDomains{"shop.svc.cluster.local", "svc.cluster.local", "cluster.local"};
constexpr std::string_view kAsked = "www.example.com";
const std::string kFirstCandidate = std::string(kAsked) + "." + kDomains[0] + ".";

WalkSettings walk_settings(const Texts& domains = kDomains, unsigned ndots = 5) {
    WalkSettings made{.search = {}, .ndots = ndots};
    for (const auto& domain : domains)
        made.search.push_back(Name::parse(domain).value());
    return made;
}

/// X: no such name, N: no data, C: alias and address, c: alias alone, A: address, S: SERVFAIL, R: REFUSED,
/// F: FORMERR.
WalkReply reply_of(char letter) {
    switch (letter) {
        case 'X':
            return {ResponseCode::kNxDomain, 0, false};
        case 'C':
            return {ResponseCode::kNoError, 2, true};
        case 'c':
            return {ResponseCode::kNoError, 1, false};
        case 'A':
            return {ResponseCode::kNoError, 1, true};
        case 'S':
            return {ResponseCode::kServFail, 0, false};
        case 'R':
            return {ResponseCode::kRefused, 0, false};
        case 'F':
            return {ResponseCode::kFormErr, 0, false};
        default:
            return {ResponseCode::kNoError, 0, false};
    }
}

using Server = std::function<char(const std::string& name, RecordType type)>;

struct Walked {
    Texts names;  // of each step
    std::size_t queries = 0;
    WalkEnd end = WalkEnd::kFailed;
};

Walked walk(Libc libc, const WalkSettings& settings, std::string_view text,
            const std::vector<RecordType>& types, const Server& server) {
    auto begun = SearchWalk::begin(libc, settings, text, types);
    EXPECT_TRUE(begun);
    Walked walked;
    while (const auto step = begun->next()) {
        walked.names.push_back(step->name.to_string());
        std::vector<WalkReply> replies;
        for (const auto type : step->types)
            replies.push_back(reply_of(server(walked.names.back(), type)));
        walked.queries += replies.size();
        begun->answered(replies);
    }
    walked.end = begun->end();
    return walked;
}

TEST(SearchWalk, EndsAsTheRealResolversDoWithEachCombinationOfAnswersAtTheFirstCandidate) {
    struct Case {
        std::string_view letters;
        bool has_v6;
        std::pair<WalkEnd, std::size_t> glibc;
        std::pair<WalkEnd, std::size_t> musl;
        std::pair<WalkEnd, std::size_t> go;
    };
    using enum WalkEnd;
    // What tests/e2e/test_dns_search.py sees of glibc and musl, and test_dns_query.py of Go.
    for (const auto& [letters, has_v6, glibc, musl, go] : std::vector<Case>{
             {"XX", false, {kFound, 8}, {kFound, 8}, {kFound, 8}},
             {"CC", true, {kFound, 2}, {kFound, 2}, {kFound, 2}},
             {"Cc", false, {kFound, 2}, {kFound, 2}, {kFound, 2}},
             {"CN", false, {kFound, 2}, {kFound, 2}, {kFound, 2}},
             {"CX", false, {kFound, 2}, {kFound, 8}, {kFound, 2}},
             {"Xc", false, {kNoSuchName, 2}, {kFound, 8}, {kFound, 8}},
             {"XN", false, {kFound, 8}, {kFound, 8}, {kFound, 8}},
             {"XC", true, {kFound, 2}, {kFound, 8}, {kFound, 2}},
             {"NN", false, {kFound, 8}, {kNoData, 2}, {kFound, 8}},
             {"SS", false, {kFound, 10}, {kTryAgain, 12}, {kFound, 10}},
             {"CS", false, {kFound, 2}, {kTryAgain, 11}, {kFound, 3}},
             {"Sc", false, {kNoSuchName, 2}, {kTryAgain, 11}, {kFound, 9}},
             {"RR", false, {kFound, 6}, {kTryAgain, 4}, {kFound, 10}},
         }) {
        const Server server = [&](const std::string& name, RecordType type) {
            if (name == kFirstCandidate) return letters[type == RecordType::kA ? 0 : 1];
            if (name != std::string(kAsked) + ".") return 'X';
            return type == RecordType::kA || has_v6 ? 'A' : 'N';
        };
        for (const auto& [libc, expected] :
             {std::pair{Libc::kGlibc, glibc}, {Libc::kMusl, musl}, {Libc::kGo, go}}) {
            const auto walked =
                walk(libc, walk_settings(), kAsked, {RecordType::kA, RecordType::kAaaa}, server);
            EXPECT_EQ(walked.end, expected.first) << letters << " " << name_of(libc);
            EXPECT_EQ(walked.queries, expected.second) << letters << " " << name_of(libc);
        }
    }
}

TEST(SearchWalk, AsksInTheOrderThatDotsAndNdotsSay) {
    const Texts list{"a.b.shop.svc.cluster.local.", "a.b.svc.cluster.local.", "a.b.cluster.local."};
    const auto with = [](Texts names, const std::string& first, const std::string& last) {
        if (!first.empty()) names.insert(names.begin(), first);
        if (!last.empty()) names.push_back(last);
        return names;
    };
    struct Case {
        std::string_view text;
        unsigned ndots;
        Texts glibc;
        Texts musl;
    };
    for (const auto& [text, ndots, glibc, musl] : std::vector<Case>{
             {"a.b", 5, with(list, "", "a.b."), with(list, "", "a.b.")},
             {"a.b", 2, with(list, "", "a.b."), with(list, "", "a.b.")},
             {"a.b", 1, with(list, "a.b.", ""), {"a.b."}},
             {"a.b.", 5, {"a.b."}, {"a.b."}},
         }) {
        const auto missing = [](const std::string&, RecordType) { return 'X'; };
        // Go's order is that of glibc.
        for (const auto& [libc, expected] :
             {std::pair{Libc::kGlibc, glibc}, {Libc::kMusl, musl}, {Libc::kGo, glibc}}) {
            const auto walked = walk(libc, walk_settings(kDomains, ndots), text, {RecordType::kA}, missing);
            EXPECT_EQ(walked.names, expected) << text << " " << ndots << " " << name_of(libc);
            EXPECT_EQ(walked.end, WalkEnd::kNoSuchName);
        }
    }
}

struct End {
    std::string_view text;
    std::string_view letters;  // of the steps, in order; A queries only
    WalkEnd end;
};

void expect_ends(Libc libc, const std::vector<End>& ends) {
    for (const auto& [text, letters, end] : ends) {
        std::size_t at = 0;
        const auto server = [&](const std::string&, RecordType) { return letters.at(at++); };
        EXPECT_EQ(walk(libc, walk_settings(), text, {RecordType::kA}, server).end, end)
            << text << " " << letters;
        EXPECT_EQ(at, letters.size()) << text << " " << letters;
    }
}

TEST(SearchWalk, TellsTheProgramWhatGlibcTellsIt) {
    using enum WalkEnd;
    expect_ends(Libc::kGlibc,
                {
                    {"a.b", "XXXA", kFound},
                    {"a.b", "XXXX", kNoSuchName},
                    {"a.b", "XNXX", kNoData},
                    {"a.b", "XXXN", kNoData},
                    {"a.b", "SSXXX", kTryAgain},  // SERVFAIL is asked for twice
                    {"a.b", "SSNXX", kNoData},
                    {"a.b", "FX", kNoSuchName},  // past the rest of the list
                    {"a.b", "RRA", kFound},
                    {"a.b", "XXXF", kFailed},
                    {"a.b.c.d.e.f", "NXXX", kNoData},  // what the name as it is had, if that came first
                    {"a.b.c.d.e.f", "XNXX", kNoSuchName},
                    {"a.b.c.d.e.f", "XF", kNoSuchName},
                });
}

TEST(SearchWalk, TellsTheProgramWhatGoTellsIt) {
    using enum WalkEnd;
    expect_ends(Libc::kGo, {
                               {"a.b", "XXXA", kFound},
                               {"a.b", "XXXX", kNoSuchName},
                               {"a.b", "NcXN", kNoSuchName},
                               {"a.b", "XXXSS", kTryAgain},  // what happens to the name as it is counts
                               {"a.b", "SSXXX", kNoSuchName},
                               {"a.b", "XXXFF", kFailed},
                               {"a.b", "RA", kFound},
                               {"a.b.c.d.e.f", "SSXXX", kTryAgain},
                               {"a.b.c.d.e.f", "XXXRR", kNoSuchName},
                               {"a.b.c.d.e.f.", "SS", kTryAgain},
                           });
}

TEST(SearchWalk, HasNoLastStepWhereTheRootIsInTheList) {
    const auto missing = [](const std::string&, RecordType) { return 'X'; };
    EXPECT_EQ(walk(Libc::kGlibc, walk_settings({".", "corp.example"}), "a", {RecordType::kA}, missing).names,
              (Texts{"a.", "a.corp.example."}));
    for (const Libc libc : {Libc::kMusl, Libc::kGo})
        EXPECT_EQ(walk(libc, walk_settings({".", "corp.example"}), "a", {RecordType::kA}, missing).names,
                  (Texts{"a.corp.example.", "a."}));
}

TEST(SearchWalk, PassesOverADomainThatMakesTheNameTooLong) {
    const std::string label(60, 'x');
    const std::string domain = label + "." + label + "." + label + "." + label;
    const auto missing = [](const std::string&, RecordType) { return 'X'; };
    EXPECT_EQ(walk(Libc::kGlibc, walk_settings({domain, "b"}), label, {RecordType::kA}, missing).names,
              Texts{label + "."})
        << "glibc takes it for the end of the list";
    for (const Libc libc : {Libc::kMusl, Libc::kGo})
        EXPECT_EQ(walk(libc, walk_settings({domain, "b"}), label, {RecordType::kA}, missing).names,
                  (Texts{label + ".b.", label + "."}));
}

TEST(SearchWalk, MuslDoesNotSearchWhereTheLineIsTooLongForItOrForOtherTypes) {
    const auto missing = [](const std::string&, RecordType) { return 'X'; };
    const Texts longest{std::string(60, 'x'), std::string(60, 'y'), std::string(60, 'z'),
                        std::string(64 - 2, 'w'), "a"};
    EXPECT_EQ(walk(Libc::kMusl, walk_settings(longest), "b", {RecordType::kA}, missing).names.size(), 6U);
    Texts longer = longest;
    longer.back() = "aa";
    EXPECT_EQ(walk(Libc::kMusl, walk_settings(longer), "b", {RecordType::kA}, missing).names, Texts{"b."});
    EXPECT_EQ(walk(Libc::kMusl, walk_settings(), "_x._tcp.b", {RecordType::kSrv}, missing).names,
              Texts{"_x._tcp.b."});
    for (const Libc libc : {Libc::kGlibc, Libc::kGo})
        EXPECT_EQ(walk(libc, walk_settings(), "_x._tcp.b", {RecordType::kSrv}, missing).names.size(), 4U);
}

TEST(SearchWalk, RefusesWhatNoResolverLooksUp) {
    for (const auto* text : {"10.0.0.1", "fd00::1", "", "a..b"})
        EXPECT_FALSE(SearchWalk::begin(Libc::kGlibc, walk_settings(), text, {RecordType::kA})) << text;
}

TEST(SearchWalk, KnowsLibcsByName) {
    for (const Libc libc : {Libc::kGlibc, Libc::kMusl, Libc::kGo})
        EXPECT_EQ(parse_libc(name_of(libc)).value(), libc);
    EXPECT_FALSE(parse_libc("uclibc"));
}

}  // namespace
}  // namespace fairlead::dns
