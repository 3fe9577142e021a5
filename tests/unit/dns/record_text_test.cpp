#include "dns/record_text.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace fairlead::dns {
namespace {

const Name kOwner = Name::parse("web.example").value();

Record raw(RecordType type, std::vector<std::uint8_t> rdata) {
    return {.owner = kOwner, .type = type, .rdata = std::move(rdata)};
}

TEST(RecordText, IsWhatMasterFilesHave) {
    const auto target = Name::parse("Cart.shop").value();
    const std::vector<std::string_view> strings{"a b", "c\"d\\e\n"};
    for (const auto& [record, text] : std::vector<std::pair<Record, std::string>>{
             {address_record(kOwner, 5, base::IpAddress::parse("10.0.0.1").value()), "10.0.0.1"},
             {address_record(kOwner, 5, base::IpAddress::parse("fd00::1").value()), "fd00::1"},
             {cname_record(kOwner, 5, target), "Cart.shop."},
             {ptr_record(kOwner, 5, target), "Cart.shop."},
             {srv_record(kOwner, 5, {0, 100, 80, target}), "0 100 80 Cart.shop."},
             {soa_record(kOwner, 5, {kOwner, target, 1, 2, 3, 4, 5}), "web.example. Cart.shop. 1 2 3 4 5"},
             {txt_record(kOwner, 5, strings), R"("a b" "c\"d\\e\010")"},
             {raw(RecordType::kMx, {0, 10, 1, 'm', 0}), "10 m."},
             {raw(RecordType{731}, {1, 2, 255}), R"(\# 3 0102ff)"},
             {raw(RecordType{731}, {}), R"(\# 0)"},
             // Of the wrong length for their types.
             {raw(RecordType::kA, {1, 2, 3}), R"(\# 3 010203)"},
             {raw(RecordType::kTxt, {2, 'a'}), R"(\# 2 0261)"},
             {raw(RecordType::kTxt, {}), R"(\# 0)"},
             {raw(RecordType::kMx, {1}), R"(\# 1 01)"},
             {raw(RecordType::kSrv, {1}), R"(\# 1 01)"},
             {raw(RecordType::kSoa, {1}), R"(\# 1 01)"},
         })
        EXPECT_EQ(rdata_text(record), text);
}

}  // namespace
}  // namespace fairlead::dns
