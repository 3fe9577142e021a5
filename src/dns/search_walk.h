#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dns/name.h"
#include "dns/protocol.h"

namespace fairlead::dns {

/// Whose stub resolver a program has. Programs in Go without cgo bring their own.
enum class Libc : std::uint8_t { kGlibc, kMusl, kGo };

/// "glibc", "musl" or "go".
std::string_view name_of(Libc libc);
/// The other way round; anything else is an error.
base::Result<Libc> parse_libc(std::string_view text);

/// What of a resolv.conf a walk depends on (resolv.conf(5)).
struct WalkSettings {
    std::vector<Name> search{};
    unsigned ndots = 1;
    unsigned nameservers = 1;
    unsigned attempts = 2;
};

/// How a lookup ended for the program that asked.
enum class WalkEnd : std::uint8_t {
    kFound,
    kNoSuchName,  ///< EAI_NONAME
    kNoData,      ///< EAI_NODATA (in musl before 1.2.4 EAI_NONAME): the name has no record of the type
    kTryAgain,    ///< EAI_AGAIN
    kFailed,      ///< EAI_FAIL
};
/// "found", "no such name", ...
std::string_view name_of(WalkEnd end);

/// What a resolver makes its next move by.
struct WalkReply {
    ResponseCode code = ResponseCode::kNoError;
    std::size_t answers = 0;  ///< records in the answer section
    bool has_type = false;    ///< one of them has the type that was asked for
};

/// Which queries a stub resolver makes of one lookup, one after the other, and how the lookup ends.
///
/// The rules are those of glibc 2.36 (resolv/res_query.c, res_send.c), musl 1.2.3
/// (src/network/lookup_name.c, res_msend.c) and Go 1.26 (net/dnsclient_unix.go). What differs: with ndots
/// dots or more glibc and Go ask for the name as it is and then walk, musl never walks; at a domain where the
/// name exists without such a record glibc and Go go on and musl ends; after SERVFAIL glibc and Go go on with
/// the next domain and musl ends. Records of another type, such as an alias alone, end the walk of glibc, and
/// any address that of Go.
class SearchWalk {
  public:
    /// Queries that are sent together.
    struct Step {
        Name name;
        std::vector<RecordType> types;
    };

    /// The lookup of `text` for `types`: A and AAAA together are what getaddrinfo asks for by default, of
    /// others there is one. Errors: `text` is no name, or an address, which no resolver looks up.
    static base::Result<SearchWalk> begin(Libc libc, const WalkSettings& settings, std::string_view text,
                                          std::vector<RecordType> types);

    /// nullopt: the walk is over.
    [[nodiscard]] std::optional<Step> next() const;
    /// What next() was answered with, a reply for each of its types, in their order.
    void answered(std::span<const WalkReply> replies);
    /// When it is over.
    [[nodiscard]] WalkEnd end() const { return end_; }

  private:
    SearchWalk(Libc libc, const WalkSettings& settings, std::vector<RecordType> types);

    void plan(const Name& base, bool as_it_is_first, bool walks, const std::vector<Name>& search);
    void go_to(std::size_t candidate);
    void finish(WalkEnd end);
    bool send_again_as_glibc();
    bool send_again_as_musl();
    bool send_again_as_go();
    void judge_as_glibc();
    void go_to_end_as_glibc(WalkEnd end);
    [[nodiscard]] WalkEnd end_as_glibc() const;
    [[nodiscard]] WalkEnd end_of_walk_as_glibc(WalkEnd last) const;
    void judge_as_musl();
    void judge_as_go();

    Libc libc_;
    WalkSettings settings_;
    std::vector<RecordType> types_;

    std::vector<Name> candidates_;
    std::size_t at_ = 0;
    std::optional<std::size_t> as_it_is_;  // of `candidates_`: the name without any search domain

    std::vector<std::optional<WalkReply>> replies_;  // at this candidate, for each of types_
    unsigned rounds_ = 0;                            // in which this candidate was asked for
    std::size_t sent_again_ = 0;                     // queries of this round of musl

    std::optional<WalkEnd> last_end_;      // that Go keeps
    std::optional<WalkEnd> end_of_first_;  // of the name as it is, where that came first
    bool saw_no_data_ = false;
    bool saw_servfail_ = false;
    WalkEnd end_ = WalkEnd::kNoSuchName;
};

}  // namespace fairlead::dns
