#include "kube/watch_frames.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"

namespace fairlead::kube {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Stream {
    const char* name;
    Encoding encoding;
    std::string bytes;
};

const Stream kStreams[] = {
    {"json", Encoding::kJson, "{\"a\":1}\n\nxyz\n"},
    {"protobuf", Encoding::kProtobuf,
     std::string("\0\0\0\x07{\"a\":1}", 11) + std::string("\0\0\0\0", 4) + std::string("\0\0\0\3xyz", 7)},
};

class Collector {
  public:
    explicit Collector(Encoding encoding) { frames_.reset(encoding); }

    base::Result<void> receive(std::string_view bytes) {
        return frames_.receive(bytes, [this](std::string_view frame) {
            seen.emplace_back(frame);
            return seen.size() != stop_after;
        });
    }

    std::vector<std::string> seen;
    std::size_t stop_after = 0;

  private:
    WatchFrames frames_;
};

TEST(WatchFrames, AreTheSameHoweverTheBytesComeIn) {
    for (const auto& stream : kStreams) {
        for (std::size_t step = 1; step <= stream.bytes.size(); ++step) {
            Collector collector{stream.encoding};
            for (std::size_t at = 0; at < stream.bytes.size(); at += step) {
                ASSERT_TRUE(collector.receive(""));
                ASSERT_TRUE(collector.receive(std::string_view(stream.bytes).substr(at, step)));
            }
            ASSERT_THAT(collector.seen, ElementsAre("{\"a\":1}", "", "xyz")) << stream.name << " by " << step;
        }
    }
}

TEST(WatchFrames, AreTheSameWithRandomCuts) {
    base::Random random{7};
    for (int round = 0; round < 500; ++round) {
        const auto& stream = kStreams[random.below(2)];
        Collector collector{stream.encoding};
        for (std::size_t at = 0; at < stream.bytes.size();) {
            const auto size = 1 + random.below(stream.bytes.size());
            ASSERT_TRUE(collector.receive(std::string_view(stream.bytes).substr(at, size)));
            at += size;
        }
        ASSERT_THAT(collector.seen, ElementsAre("{\"a\":1}", "", "xyz")) << stream.name;
    }
}

TEST(WatchFrames, DropTheRestWhenTheVisitorHasEnough) {
    for (const auto& stream : kStreams) {
        Collector collector{stream.encoding};
        collector.stop_after = 1;
        ASSERT_TRUE(collector.receive(stream.bytes));
        EXPECT_THAT(collector.seen, ElementsAre("{\"a\":1}")) << stream.name;
    }
}

TEST(WatchFrames, ForgetHalfAFrameWhenANewBodyBegins) {
    for (const auto& stream : kStreams) {
        WatchFrames frames;
        frames.reset(stream.encoding);
        const auto nothing = [](std::string_view) { return true; };
        ASSERT_TRUE(frames.receive(std::string_view(stream.bytes).substr(0, 6), nothing));
        frames.reset(stream.encoding);
        std::vector<std::string> seen;
        ASSERT_TRUE(frames.receive(stream.bytes, [&](std::string_view frame) {
            seen.emplace_back(frame);
            return true;
        }));
        EXPECT_THAT(seen, ElementsAre("{\"a\":1}", "", "xyz")) << stream.name;
    }
}

TEST(WatchFrames, RefuseAFrameLargerThanAnyObject) {
    Collector protobuf{Encoding::kProtobuf};
    const auto refused = protobuf.receive("HTTP");  // as a length: 1.2 GB
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("larger than any object"));
    EXPECT_THAT(protobuf.seen, IsEmpty());
    Collector json{Encoding::kJson};
    const std::string half(WatchFrames::kLargestFrameBytes, 'x');
    EXPECT_TRUE(json.receive(half));
    EXPECT_FALSE(json.receive("xx"));
}

}  // namespace
}  // namespace fairlead::kube
