#include "cli/flow_arguments.h"
#include "support/addresses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::cli {
namespace {

using conntrack::FlowSelection;
using fairlead::test::address;
using kernel::conntrack::TcpState;
using testing::HasSubstr;

TEST(FlowArguments, BecomeASelection) {
    const struct {
        const char* name;
        void (*give)(FlowArguments&);
        void (*expect)(FlowSelection&);
    } cases[] = {
        {"nothing", [](FlowArguments& it) { it.namespace_name = "shop"; }, [](FlowSelection&) {}},
        {"a Service",
         [](FlowArguments& it) {
             it.service = "cart";
             it.namespace_name = "shop";
         },
         [](FlowSelection& it) { it.service = "shop/cart"; }},
        {"a Pod", [](FlowArguments& it) { it.pod = "cart-1.x"; },
         [](FlowSelection& it) { it.pod = "default/cart-1.x"; }},
        {"an endpoint", [](FlowArguments& it) { it.endpoint = "10.64.0.1"; },
         [](FlowSelection& it) { it.filter.reply.source = address("10.64.0.1"); }},
        {"an endpoint's port", [](FlowArguments& it) { it.endpoint = "[fd00::1]:80"; },
         [](FlowSelection& it) {
             it.filter.reply.source = address("fd00::1");
             it.filter.reply.source_port = std::uint16_t{80};
         }},
        {"addresses",
         [](FlowArguments& it) {
             it.address = "10.0.0.1";
             it.source = "10.0.0.2";
             it.destination = "10.0.0.3";
             it.port = std::uint16_t{53};
         },
         [](FlowSelection& it) {
             it.address = address("10.0.0.1");
             it.filter.original.source = address("10.0.0.2");
             it.filter.original.destination = address("10.0.0.3");
             it.filter.original.destination_port = std::uint16_t{53};
         }},
        {"a protocol", [](FlowArguments& it) { it.protocol = "sctp"; },
         [](FlowSelection& it) { it.filter.protocol = std::uint8_t{132}; }},
        {"a protocol's number", [](FlowArguments& it) { it.protocol = "253"; },
         [](FlowSelection& it) { it.filter.protocol = std::uint8_t{253}; }},
        {"a state", [](FlowArguments& it) { it.state = "SYN_SENT"; },
         [](FlowSelection& it) { it.state = TcpState::kSynSent; }},
        {"a state in small letters", [](FlowArguments& it) { it.state = "time-wait"; },
         [](FlowSelection& it) { it.state = TcpState::kTimeWait; }},
        {"flags",
         [](FlowArguments& it) {
             it.unreplied = true;
             it.stale = true;
         },
         [](FlowSelection& it) {
             it.filter.status = {0, kernel::conntrack::status::kSeenReply};
             it.leads_nowhere = true;
         }},
        {"a zone", [](FlowArguments& it) { it.zone = std::uint16_t{7}; },
         [](FlowSelection& it) { it.filter.zone = std::uint16_t{7}; }},
        {"a mark", [](FlowArguments& it) { it.mark = "0x10/0xf0"; },
         [](FlowSelection& it) { it.filter.mark = {0x10, 0xf0}; }},
        {"no mark", [](FlowArguments& it) { it.mark = "0"; },
         [](FlowSelection& it) { it.filter.mark = {0, 0xffffffff}; }},
    };
    for (const auto& [name, give, expect] : cases) {
        FlowArguments arguments;
        give(arguments);
        FlowSelection expected;
        expect(expected);
        const auto selection = selection_of(arguments);
        ASSERT_TRUE(selection) << name << ": " << selection.error().message;
        EXPECT_TRUE(*selection == expected) << name;
    }
}

TEST(FlowArguments, SayWhichOptionIsWrong) {
    const struct {
        std::string FlowArguments::* option;
        const char* text;
        const char* message;
    } cases[] = {
        {&FlowArguments::service, "a b", "--service: 'a b' is not a Kubernetes name"},
        {&FlowArguments::pod, "A", "--pod: 'A' is not a Kubernetes name"},
        {&FlowArguments::endpoint, "10.0.0.1:", "--endpoint: '10.0.0.1:' is not ADDRESS or ADDRESS:PORT"},
        {&FlowArguments::address, "cart", "--address: 'cart' is not an address"},
        {&FlowArguments::source, "10.0.0.0/8", "--source: '10.0.0.0/8' is not an address"},
        {&FlowArguments::protocol, "256", "--protocol: '256' is not tcp, udp"},
        {&FlowArguments::protocol, "quic", "--protocol: 'quic' is not tcp, udp"},
        {&FlowArguments::state, "open", "--state: 'open' is not a state of TCP: NONE, SYN_SENT, SYN_RECV"},
        {&FlowArguments::mark, "x", "--mark: 'x' is not VALUE or VALUE/MASK"},
        {&FlowArguments::mark, "1/0", "--mark: '1/0' is not VALUE or VALUE/MASK"},
        {&FlowArguments::mark, "0/0", "--mark: '0/0' is not VALUE or VALUE/MASK"},
        {&FlowArguments::mark, "0x11/0xf0", "the value within the mask"},
        {&FlowArguments::mark, "4294967296", "--mark: '4294967296' is not"},
    };
    for (const auto& [option, text, message] : cases) {
        FlowArguments arguments;
        arguments.*option = text;
        const auto selection = selection_of(arguments);
        ASSERT_FALSE(selection) << message;
        EXPECT_THAT(selection.error().message, HasSubstr(message));
    }
    FlowArguments both;
    both.source = "10.0.0.1";
    both.destination = "fd00::1";
    EXPECT_THAT(selection_of(both).error().message, HasSubstr("cannot occur in a flow of"));
}

}  // namespace
}  // namespace fairlead::cli
