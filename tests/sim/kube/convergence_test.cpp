// The reflector and an API server that forgets, ends, refuses, cuts and goes silent as it likes, on a
// simulated clock. One seed again: FAIRLEAD_SEED=17 kube_sim_test --gtest_filter='Convergence*'

#include <gtest/gtest.h>

#include <cstdlib>

#include "kube/reflector.h"
#include "sim/kube/fake_api_server.h"

namespace fairlead::kube {
namespace {

using namespace std::chrono_literals;
using test::FakeApiServer;

/// The reflector's copy; `objects` must be what the server had at some version, at every moment.
class Copy final : public ReflectorSink {
  public:
    explicit Copy(const FakeApiServer& server) : server_(server), version_(server.first_version()) {}

    void replace(std::deque<AnyObject> list, std::vector<ObjectKey>) override {
        objects_.clear();
        for (const auto& object : list)
            set(object);
        EXPECT_EQ(objects_.size(), list.size()) << "an object twice in a list";
        check();
    }
    void put(AnyObject object) override {
        set(object);
        check();
    }
    void remove(const ObjectKey& key) override {
        EXPECT_EQ(objects_.erase(key.name), 1U) << key.name;
        check();
    }
    void report(const std::string&) override {}

    [[nodiscard]] const FakeApiServer::Objects& objects() const { return objects_; }

  private:
    void set(const AnyObject& object) {
        const auto& service = std::get<Service>(object);
        objects_[service.key.name] = service.cluster_ips.at(0).to_string();
    }
    void check() {
        while (version_ < server_.version() && server_.objects_at(version_) != objects_)
            ++version_;
        EXPECT_EQ(server_.objects_at(version_), objects_) << "never was so, or went back";
    }

    const FakeApiServer& server_;
    FakeApiServer::Objects objects_;
    int version_;
};

class Simulation {
  public:
    explicit Simulation(std::uint64_t seed) : random_(seed) {
        server_.streaming_lists = random_.below(3) != 0;
        server_.encoding = random_.below(2) == 0 ? Encoding::kJson : Encoding::kProtobuf;
        server_.during_list = [this] { change_some(4); };
        change_some(12);
    }

    void run(int steps) {
        for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i)
            step(true);
        for (int i = 0; i < 12; ++i)
            step(false);
    }

    void expect_the_truth() const {
        EXPECT_TRUE(reflector_.synced());
        EXPECT_EQ(copy_.objects(), server_.objects());
        EXPECT_EQ(reflector_.last_error(), "");
    }

  private:
    bool chance(std::uint64_t one_in) { return random_.below(one_in) == 0; }

    void change_some(std::uint64_t most) {
        for (auto more = random_.below(most + 1); more > 0; --more) {
            const auto name = std::string(1, static_cast<char>('a' + static_cast<char>(random_.below(8))));
            if (server_.objects().contains(name) && chance(3))
                server_.remove(name);
            else
                server_.put(name, "10.96.0." + std::to_string(1 + random_.below(200)));
        }
    }

    /// In pieces of any size; false if the connection broke on the way.
    bool deliver(std::string_view bytes, bool faults) {
        const auto all = faults && chance(5) ? random_.below(bytes.size() + 1) : bytes.size();
        for (std::size_t at = 0; at < all && reflector_.busy();) {
            const auto size = std::min<std::size_t>(1 + random_.below(chance(4) ? 400 : 7), all - at);
            reflector_.receive_body(now_, bytes.substr(at, size));
            at += size;
        }
        if (all == bytes.size()) return true;
        reflector_.failed(now_, "connection reset");
        return false;
    }

    void step(bool faults) {
        if (faults) change_server();
        if (!reflector_.busy()) watching_ = false;
        if (watching_) return watch_on(faults);
        const auto target = reflector_.poll(now_);
        if (!target) {
            now_ = reflector_.next_deadline();
            return;
        }
        now_ += 1s;
        if (faults && chance(6)) return reflector_.failed(now_, "connection refused");
        answer(faults && chance(8) ? FakeApiServer::Answer{429, "1", "", "slow down", false}
                                   : server_.answer(*target),
               faults);
    }

    void answer(const FakeApiServer::Answer& answer, bool faults) {
        reflector_.receive_head(now_, answer.status, answer.retry_after, answer.content_type);
        if (!deliver(answer.body, faults)) return;
        watching_ = answer.is_watch && reflector_.busy();
        if (!watching_) reflector_.receive_end(now_);
    }

    void change_server() {
        if (chance(2)) change_some(3);
        if (chance(12)) server_.forget();
        if (chance(9)) server_.gone_as_status = !server_.gone_as_status;
        // An API server of a cluster that is being upgraded: the next request may meet another one.
        if (chance(15) && !watching_) server_.encoding = chance(2) ? Encoding::kJson : Encoding::kProtobuf;
    }

    void watch_on(bool faults) {
        now_ += 2s;
        if (faults && chance(10)) return reflector_.failed(now_, "connection reset");
        if (faults && chance(10)) return reflector_.receive_end(now_);
        if (faults && chance(10)) {
            deliver(server_.error_event(500, "etcd is unwell", 1), false);
            return;
        }
        if (faults && chance(8)) {
            now_ = reflector_.next_deadline();
            EXPECT_TRUE(reflector_.expired(now_));
            return reflector_.failed(now_, "silent");
        }
        if (deliver(server_.news(), faults) && chance(3)) deliver(server_.bookmark(), false);
    }

    base::Random random_;
    base::TimePoint now_{};
    FakeApiServer server_;
    Copy copy_{server_};
    Reflector reflector_{{"services", "/api/v1/services", "Service", "", ""}, copy_, random_};
    bool watching_ = false;
};

TEST(Convergence, CopyIsTheTruthOfSomeMomentAlwaysAndOfTheLastInTheEnd) {
    const char* one_seed = std::getenv("FAIRLEAD_SEED");
    const std::uint64_t first = one_seed != nullptr ? std::stoull(one_seed) : 1;
    const std::uint64_t last = one_seed != nullptr ? first : 400;
    for (auto seed = first; seed <= last && !HasFailure(); ++seed) {
        SCOPED_TRACE("FAIRLEAD_SEED=" + std::to_string(seed));
        Simulation simulation{seed};
        simulation.run(120);
        simulation.expect_the_truth();
    }
}

}  // namespace
}  // namespace fairlead::kube
