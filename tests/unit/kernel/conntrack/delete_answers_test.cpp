#include "kernel/conntrack/delete_answers.h"

#include <gtest/gtest.h>
#include <linux/netlink.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "kernel/netlink/message.h"
#include "support/conntrack_fixture.h"

namespace fairlead::kernel::conntrack {
namespace {

using test::udp_flow;

/// One datagram of NLMSG_ERROR messages.
std::vector<std::byte> errors(const std::vector<std::pair<std::uint32_t, int>>& sequences_and_errnos) {
    netlink::MessageBuilder builder;
    for (const auto& [sequence, errno_value] : sequences_and_errnos) {
        nlmsgerr error{};
        error.error = -errno_value;
        error.msg.nlmsg_len = sizeof(nlmsghdr);
        builder.begin_message(NLMSG_ERROR, NLM_F_CAPPED, sequence, std::as_bytes(std::span{&error, 1}));
        builder.end_message();
    }
    return {builder.bytes().begin(), builder.bytes().end()};
}

class DeleteAnswersTest : public testing::Test {
  protected:
    std::vector<Flow> flows_{udp_flow("10.0.0.1:1", "10.0.0.9:53", "10.0.0.9:53"),
                             udp_flow("10.0.0.2:2", "10.0.0.9:53", "10.0.0.9:53"),
                             udp_flow("10.0.0.3:3", "10.0.0.9:53", "10.0.0.9:53")};
};

TEST_F(DeleteAnswersTest, CountsWhatWasDeletedAndNotWhatWasGone) {
    DeleteAnswers answers{flows_, 0xffffffff};  // sequence numbers wrap
    answers.take(errors({{0xffffffff, 0}, {0, ENOENT}}));
    answers.take(errors({{1, 0}}));
    EXPECT_EQ(answers.result().value(), 2U);
}

TEST_F(DeleteAnswersTest, PassesOverAnswersToEarlierRequests) {
    DeleteAnswers answers{flows_, 10};
    answers.take(errors({{9, EPERM}, {13, EPERM}, {10, 0}, {11, 0}, {12, 0}}));
    EXPECT_EQ(answers.result().value(), 3U);
}

TEST_F(DeleteAnswersTest, NamesTheFirstFlowThatWasRefused) {
    DeleteAnswers answers{flows_, 10};
    answers.take(errors({{10, 0}, {11, EPERM}, {12, EBUSY}}));
    const auto refused = answers.result();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, base::ErrorCode::kDenied);
    EXPECT_EQ(
        refused.error().message,
        "conntrack: delete flow udp 10.0.0.2:2 -> 10.0.0.9:53, reply 10.0.0.9:53 -> 10.0.0.2:2: Operation "
        "not permitted");
}

TEST_F(DeleteAnswersTest, MissingAnswersAreAnError) {
    DeleteAnswers answers{flows_, 10};
    answers.take(errors({{10, 0}}));
    const auto missing = answers.result();
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().message, "conntrack: delete flows: the kernel answered 1 of 3 times");
}

}  // namespace
}  // namespace fairlead::kernel::conntrack
