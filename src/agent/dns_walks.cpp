#include "agent/dns_walks.h"

#include <algorithm>
#include <utility>

namespace fairlead::agent {

namespace {

/// People wait for them; whoever asks for more at a time is a program that should send queries.
constexpr std::size_t kMostWalks = 16;

dns::WalkReply walk_reply_of(const DnsWalkQuery& query) {
    const bool has_type =
        std::ranges::find(query.answer, query.type, &dns::Record::type) != query.answer.end();
    return {query.code, query.answer.size(), has_type};
}

}  // namespace

void DnsWalks::walk(DnsWalkRequest request, DnsWalker walker, Done done) {
    if (walks_.size() >= kMostWalks)
        return done(base::fail(base::ErrorCode::kBusy, "too many lookups are under way; try again"));
    auto search = dns::SearchWalk::begin(request.libc, walker.settings, request.name, request.types);
    if (!search) return done(std::unexpected(std::move(search).error()));
    const auto number = ++last_number_;
    walks_.emplace(number, Walk{.request = std::move(request),
                                .walker = std::move(walker),
                                .done = std::move(done),
                                .search = *std::move(search),
                                .queries = {}});
    go_on(number);
}

void DnsWalks::go_on(Number number) {
    auto& walk = walks_.at(number);
    const auto step = walk.search.next();
    if (!step) return end(number);
    ++walk.steps;
    walk.step_begin = walk.queries.size();
    walk.unanswered = step->types.size();
    for (const auto type : step->types)
        walk.queries.push_back({.step = walk.steps, .name = step->name, .type = type, .answer = {}});
    const auto begin = walk.step_begin;
    const auto source = walk.walker.source;
    // The last reply begins the next step, or ends the walk.
    for (std::size_t i = 0; i < step->types.size(); ++i)
        asker_.ask(source, step->name, step->types[i], [this, number, query = begin + i](const auto& reply) {
            take_reply(number, query, reply);
        });
}

void DnsWalks::take_reply(Number number, std::size_t query, const DnsAsker::Reply& reply) {
    auto& walk = walks_.at(number);
    auto& seen = walk.queries[query];
    seen.source = reply.source;
    seen.code = reply.message.code;
    seen.over_tcp = reply.over_tcp;
    seen.took = reply.took;
    seen.answer = reply.message.answer;
    if (--walk.unanswered > 0) return;
    std::vector<dns::WalkReply> replies;
    for (std::size_t i = walk.step_begin; i < walk.queries.size(); ++i)
        replies.push_back(walk_reply_of(walk.queries[i]));
    walk.search.answered(replies);
    go_on(number);
}

void DnsWalks::end(Number number) {
    const auto walk = std::move(walks_.extract(number).mapped());
    walk.done(dns_walk_json(walk.request, walk.walker, walk.queries, walk.search.end()));
}

}  // namespace fairlead::agent
