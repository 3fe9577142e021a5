#pragma once

#include <gtest/gtest.h>

#include "support/collapse_fixture.h"

namespace fairlead::dns {

inline const base::TimePoint kStart{std::chrono::seconds(1000)};
inline constexpr std::string_view kFirst = ".shop.svc.cluster.local";
inline constexpr std::size_t kLimit = 512;

inline std::shared_ptr<SearchContext> context_of_shop() {
    auto context = std::make_shared<SearchContext>();
    context->pod = {"shop", "cart"};
    for (const auto* domain :
         {"shop.svc.cluster.local", "svc.cluster.local", "cluster.local", "corp.example"})
        context->search.push_back(test::dns_name(domain));
    context->checked = context->search;
    context->ndots = 5;
    context->mode = CollapseMode::kOn;
    context->verdicts = std::make_shared<VerdictTable>();
    return context;
}

/// "CNAME www.example.com.", "A 192.0.2.1": the answer section, and "SOA ..." of the authority section.
inline std::vector<std::string> records(const Name& question, const ReplyBody& body) {
    std::vector<std::string> texts;
    const auto all = records_of(question, body);
    for (const auto& record : all.answer) {
        const auto address = address_of(record);
        const auto target = target_of(record);
        texts.push_back(name_of(record.type) + " " + std::to_string(record.ttl_s) + " " +
                        (address  ? address->to_string()
                         : target ? target->to_string()
                                  : "?"));
    }
    for (const auto& record : all.authority)
        texts.push_back(name_of(record.type) + " " + record.owner.to_string());
    return texts;
}

class CollapseTest : public testing::Test {
  protected:
    CollapseTest() { set("www.example.com", {}, {"192.0.2.1"}, {"2001:db8::1"}); }

    /// The answers to A and AAAA for a name; of an empty list "no data".
    void set(std::string_view name, test::FakeAnswer answer, std::vector<std::string> v4,
             std::vector<std::string> v6) {
        answer.addresses = std::move(v4);
        lookups_.answers[{test::dns_name(name), RecordType::kA}] = answer;
        answer.addresses = std::move(v6);
        lookups_.answers[{test::dns_name(name), RecordType::kAaaa}] = answer;
    }
    CollapseAnswer ask(std::string_view base, RecordType type) {
        return collapser_.decide(now_, *context_,
                                 test::dns_query(std::string(base) + std::string(kFirst), type)->query,
                                 limit_, lookups_);
    }
    std::vector<std::string> collapsed(std::string_view base, RecordType type) {
        const auto answer = ask(base, type);
        EXPECT_EQ(answer.kind, CollapseAnswer::Kind::kCollapsed) << base;
        if (!answer.body) return {};
        EXPECT_EQ(answer.body->code, ResponseCode::kNoError);
        EXPECT_FALSE(answer.body->authentic);
        EXPECT_TRUE(answer.body->authoritative);
        return records(test::dns_name(std::string(base) + std::string(kFirst)), *answer.body);
    }
    /// Both types get their own answers.
    void expect_own(std::string_view base) {
        EXPECT_EQ(ask(base, RecordType::kA).kind, CollapseAnswer::Kind::kOwn) << base;
        EXPECT_EQ(ask(base, RecordType::kAaaa).kind, CollapseAnswer::Kind::kOwn) << base;
    }

    std::shared_ptr<SearchContext> context_ = context_of_shop();
    test::FakeLookups lookups_;
    Collapser collapser_{kStart};
    base::TimePoint now_ = kStart;
    std::size_t limit_ = kLimit;
};

}  // namespace fairlead::dns
