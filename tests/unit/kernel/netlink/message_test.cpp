#include "kernel/netlink/message.h"

#include <gtest/gtest.h>
#include <linux/netlink.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "kernel/netlink/answer_reader.h"
#include "kernel/netlink/attributes.h"
#include "kernel/netlink/kernel_error.h"

namespace fairlead::kernel::netlink {
namespace {

constexpr std::uint16_t kType = 0x0a00;
constexpr std::array<std::byte, 4> kHeader = {std::byte{2}, std::byte{0}, std::byte{0}, std::byte{0}};

std::vector<std::byte> bytes_of(const MessageBuilder& builder) {
    return {builder.bytes().begin(), builder.bytes().end()};
}

std::vector<std::byte> bytes(std::initializer_list<int> values) {
    std::vector<std::byte> result;
    for (const int value : values)
        result.push_back(static_cast<std::byte>(value));
    return result;
}

TEST(MessageBuilder, WritesTheBytesOfTheFormat) {
    MessageBuilder builder;
    builder.begin_message(kType, NLM_F_REQUEST, 7, kHeader);
    builder.put_string(1, "abc");
    const auto nested = builder.begin_nested(2);
    builder.put_be32(3, 0x01020304);
    builder.put_u8(4, 5);
    builder.end_nested(nested);
    builder.end_message();
    EXPECT_EQ(bytes_of(builder), bytes({
                                     48, 0, 0, 0,    0x00, 0x0a, 1,   0, 7, 0, 0, 0, 0, 0, 0, 0,  // nlmsghdr
                                     2,  0, 0, 0,                         // protocol header
                                     8,  0, 1, 0,    'a',  'b',  'c', 0,  // text
                                     20, 0, 2, 0x80,                      // nest
                                     8,  0, 3, 0,    1,    2,    3,   4,  // number
                                     5,  0, 4, 0,    5,    0,    0,   0,  // byte, padded
                                 }));
}

TEST(MessageBuilder, WritesNumbersOfEverySizeThatAttributesReadBack) {
    MessageBuilder builder;
    builder.put_be16(1, 0x0102);
    builder.put_be64(2, 0x0102030405060708);
    EXPECT_EQ(bytes_of(builder), bytes({6, 0, 1, 0, 1, 2, 0, 0, 12, 0, 2, 0, 1, 2, 3, 4, 5, 6, 7, 8}));
    const Attributes attributes{builder.bytes()};
    EXPECT_EQ(attributes.be16(1), 0x0102);
    EXPECT_EQ(attributes.be64(2), 0x0102030405060708U);
    EXPECT_EQ(attributes.be16(2), std::nullopt) << "it has another size";
    EXPECT_EQ(attributes.be64(3), std::nullopt) << "it is not there";
}

TEST(MessageBuilder, SetsFlagsAndSequenceOfAMessageThatIsWritten) {
    MessageBuilder builder;
    builder.begin_message(kType, NLM_F_REQUEST, 0, kHeader);
    builder.end_message();
    const std::size_t second = builder.size_bytes();
    builder.begin_message(kType, NLM_F_REQUEST, 0, kHeader);
    builder.end_message();
    builder.add_flags(second, NLM_F_ACK);
    builder.set_sequence(second, 9);
    Messages messages{builder.bytes()};
    const auto first = messages.next();
    const auto last = messages.next();
    ASSERT_TRUE(first && last);
    EXPECT_EQ(first->flags, NLM_F_REQUEST);
    EXPECT_EQ(first->sequence, 0U);
    EXPECT_EQ(last->flags, NLM_F_REQUEST | NLM_F_ACK);
    EXPECT_EQ(last->sequence, 9U);
}

TEST(MessageBuilderDeathTest, RefusesAnAttributeThatDoesNotFitItsLength) {
    MessageBuilder builder;
    builder.begin_message(kType, 0, 0, kHeader);
    EXPECT_DEATH(builder.put(1, std::vector<std::byte>(65'536)), "");
    const auto nested = builder.begin_nested(2);
    builder.put(1, std::vector<std::byte>(40'000));
    builder.put(1, std::vector<std::byte>(40'000));
    EXPECT_DEATH(builder.end_nested(nested), "");
}

TEST(Attributes, EndAtTheFirstThatDoesNotFit) {
    const std::vector<std::pair<std::vector<std::byte>, int>> cases = {
        {{}, 0},
        {bytes({4, 0, 1}), 0},                 // no whole header
        {bytes({3, 0, 1, 0}), 0},              // shorter than its own header
        {bytes({0, 0, 1, 0, 4, 0, 1, 0}), 0},  // would never advance
        {bytes({9, 0, 1, 0, 1, 2, 3, 4}), 0},  // longer than what is there
        {bytes({5, 0, 1, 0, 1}), 1},           // the last one may lack its padding
        {bytes({8, 0, 1, 0, 1, 2, 3, 4, 4, 0, 2, 0}), 2},
    };
    for (const auto& [input, wanted] : cases) {
        Attributes attributes{input};
        int count = 0;
        while (attributes.next())
            ++count;
        EXPECT_EQ(count, wanted) << input.size() << " bytes";
    }
}

TEST(Attributes, NumbersOfAnotherSizeAreAbsent) {
    const auto input = bytes({6, 0, 1, 0, 1, 2, 0, 0, 8, 0, 2, 0, 0, 0, 0, 9, 7, 0, 3, 0, 'a', 0, 'b', 0});
    const Attributes attributes{input};
    EXPECT_FALSE(attributes.be32(1));
    EXPECT_FALSE(attributes.u8(2));
    EXPECT_EQ(attributes.be32(2), 9U);
    EXPECT_EQ(attributes.text(3), "a");
    EXPECT_EQ(attributes.text(4), "");
    EXPECT_FALSE(attributes.nested(4).next());
}

/// An answer of the kernel: type, flags, sequence, then an int and what follows it.
void append_message(MessageBuilder& builder, std::uint16_t type, std::uint16_t flags, std::uint32_t sequence,
                    int code, bool with_request_header = false) {
    std::vector<std::byte> header(sizeof(int) + (with_request_header ? sizeof(nlmsghdr) : 0));
    std::memcpy(header.data(), &code, sizeof code);
    builder.begin_message(type, flags, sequence, header);
}

std::vector<std::byte> answer(std::uint16_t type, std::uint16_t flags, std::uint32_t sequence, int code) {
    MessageBuilder builder;
    append_message(builder, type, flags, sequence, code, type == NLMSG_ERROR);
    builder.end_message();
    return bytes_of(builder);
}

struct AnswerCase {
    const char* name;
    std::vector<std::vector<std::byte>> datagrams;
    std::optional<bool> complete;  ///< nullopt: an error
    int errno_value;
    int visited;
};

TEST(AnswerReader, PutsAnswersTogetherAndTellsHowTheyEnd) {
    const auto object = answer(kType, NLM_F_MULTI, 5, 0);
    const auto stale = answer(kType, NLM_F_MULTI, 4, 0);
    const auto done = answer(NLMSG_DONE, NLM_F_MULTI, 5, 0);
    const std::vector<AnswerCase> cases = {
        {"acknowledged", {object, answer(NLMSG_ERROR, 0, 5, 0)}, true, 0, 1},
        {"dump", {object, object, done}, true, 0, 2},
        {"dump that goes on", {object, object}, false, 0, 2},
        {"refused", {answer(NLMSG_ERROR, 0, 5, -ENOENT)}, {}, ENOENT, 0},
        {"dump that failed half way", {object, answer(NLMSG_DONE, NLM_F_MULTI, 5, -ENOMEM)}, {}, ENOMEM, 1},
        {"dump that ends with a count", {object, answer(NLMSG_DONE, NLM_F_MULTI, 5, 12)}, true, 0, 1},
        {"of another request", {stale, answer(NLMSG_ERROR, 0, 4, -ENOENT), object, done}, true, 0, 1},
        {"error with an impossible code", {answer(NLMSG_ERROR, 0, 5, 77)}, {}, EPROTO, 0},
        {"no message at all", {bytes({1, 2, 3})}, false, 0, 0},
    };
    for (const auto& it : cases) {
        SCOPED_TRACE(it.name);
        AnswerReader reader{5};
        int visited = 0;
        base::Result<bool> result = false;
        for (const auto& datagram : it.datagrams)
            result = reader.take(datagram, [&](const Message&) { ++visited; });
        EXPECT_EQ(visited, it.visited);
        ASSERT_EQ(result.has_value(), it.complete.has_value());
        if (result)
            EXPECT_EQ(*result, *it.complete);
        else
            EXPECT_EQ(result.error().errno_value, it.errno_value);
    }
}

TEST(AnswerReader, TellsWhetherADumpWasInterruptedOrLost) {
    const auto changed = answer(kType, NLM_F_MULTI | NLM_F_DUMP_INTR, 5, 0);
    const auto done = answer(NLMSG_DONE, NLM_F_MULTI, 5, 0);
    const auto ignore = [](const Message&) {};
    AnswerReader interrupted{5};
    EXPECT_FALSE(interrupted.take(changed, ignore).value());
    EXPECT_TRUE(interrupted.take(done, ignore).value());
    EXPECT_TRUE(interrupted.interrupted());

    AnswerReader lost{5};
    lost.note_loss();
    const auto result = lost.take(done, ignore);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, base::ErrorCode::kBusy);
}

TEST(KernelError, ReadsTheSentenceAndThePlaceOfAnExtendedAck) {
    MessageBuilder builder;
    append_message(builder, NLMSG_ERROR, NLM_F_ACK_TLVS | NLM_F_CAPPED, 5, -EBUSY, true);
    builder.put_string(NLMSGERR_ATTR_MSG, "in use");
    builder.put_u32(NLMSGERR_ATTR_OFFS, 36);
    builder.end_message();
    Messages messages{builder.bytes()};
    const auto error = parse_kernel_error(messages.next().value());
    ASSERT_TRUE(error);
    EXPECT_EQ(error->errno_value, EBUSY);
    EXPECT_EQ(error->offset_bytes, 36U);
    EXPECT_EQ(describe(*error), "Device or resource busy (in use)");
}

TEST(KernelError, OnlyWhatPassesIsTransient) {
    for (const int passing : {EINTR, EAGAIN, ENOBUFS, ERESTART})
        EXPECT_TRUE(is_transient(passing)) << passing;
    for (const int lasting : {0, EBUSY, EEXIST, ENOENT, EPERM})
        EXPECT_FALSE(is_transient(lasting)) << lasting;
    EXPECT_EQ(code_of({ERESTART, {}, {}}), base::ErrorCode::kBusy);
}

}  // namespace
}  // namespace fairlead::kernel::netlink
