#include "net/frame_connection.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstring>

#include "net/frame.h"

namespace fairlead::net {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kUnsentBytesFactor = 4;

}  // namespace

FrameConnection::FrameConnection(FrameShared& shared, FrameServer::Client client,
                                 asio::ip::tcp::socket socket)
    : shared_(&shared),
      client_(client),
      socket_(std::move(socket)),
      input_(kFrameLengthBytes + shared.limits.largest_frame_bytes) {
    error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

void FrameConnection::start(base::TimePoint now) {
    last_active_ = now;
    read();
}

bool FrameConnection::may_read() const {
    return unanswered_ < shared_->limits.unanswered_frames && unsent_.size() <= shared_->limits.unsent_bytes;
}

void FrameConnection::read() {
    if (shared_ == nullptr || reading_ || handling_ || shared_->draining || !may_read()) return;
    reading_ = true;
    socket_.async_read_some(asio::buffer(input_.data() + filled_, input_.size() - filled_),
                            [self = shared_from_this()](const error_code& error, std::size_t count) {
                                self->reading_ = false;
                                if (self->shared_ == nullptr) return;
                                if (error) return self->close();
                                self->take_in(count);
                            });
}

void FrameConnection::take_in(std::size_t count) {
    if (filled_ == 0) frame_began_ = std::chrono::steady_clock::now();
    filled_ += count;
    take_frames();
    read();
}

void FrameConnection::take_frames() {
    std::size_t next = 0;
    handling_ = true;
    while (shared_ != nullptr && filled_ - next >= kFrameLengthBytes && may_read()) {
        const std::size_t size = std::size_t{input_[next]} << 8U | input_[next + 1];
        if (size > shared_->limits.largest_frame_bytes) {
            ++shared_->counts.broken;
            close();
            break;
        }
        if (filled_ - next < kFrameLengthBytes + size) break;
        ++shared_->counts.frames;
        ++unanswered_;
        last_active_ = frame_began_ = std::chrono::steady_clock::now();
        const auto frame = std::span{input_}.subspan(next + kFrameLengthBytes, size);
        if (!shared_->handler(client_, frame) && unanswered_ > 0) --unanswered_;
        next += kFrameLengthBytes + size;
    }
    handling_ = false;
    std::memmove(input_.data(), input_.data() + next, filled_ - next);
    filled_ -= next;
}

void FrameConnection::answer(std::span<const std::uint8_t> frame, base::TimePoint now) {
    if (shared_ == nullptr) return;
    if (unanswered_ > 0) --unanswered_;
    last_active_ = now;
    if (unsent_.size() + frame.size() > shared_->limits.unsent_bytes * kUnsentBytesFactor) {
        ++shared_->counts.broken;
        return close();
    }
    unsent_.push_back(static_cast<std::uint8_t>(frame.size() >> 8U));
    unsent_.push_back(static_cast<std::uint8_t>(frame.size()));
    unsent_.insert(unsent_.end(), frame.begin(), frame.end());
    ++shared_->counts.answers;
    if (!writing_.empty() || write_posted_) return;
    write_posted_ = true;
    write_began_ = now;
    // After the frames that came together are handled, so that their answers leave together.
    asio::post(socket_.get_executor(), [self = shared_from_this()] {
        self->write_posted_ = false;
        self->write();
    });
}

void FrameConnection::write() {
    if (shared_ == nullptr || !writing_.empty() || unsent_.empty()) return;
    std::swap(writing_, unsent_);
    asio::async_write(socket_, asio::buffer(writing_),
                      [self = shared_from_this()](const error_code& error, std::size_t) {
                          self->writing_.clear();
                          if (self->shared_ == nullptr) return;
                          if (error) return self->close();
                          self->write_began_ = std::chrono::steady_clock::now();
                          self->write();
                          // What was read already may be more than was taken.
                          if (!self->reading_) self->take_frames();
                          self->read();
                          self->close_if_done();
                      });
}

void FrameConnection::look_at_clock(base::TimePoint now) {
    if (shared_ == nullptr) return;
    const auto& limits = shared_->limits;
    const bool slow_frame = filled_ > 0 && may_read() && now - frame_began_ > limits.slow_frame;
    const bool slow_write = !writing_.empty() && now - write_began_ > limits.slow_write;
    if (!slow_frame && !slow_write && now - last_active_ <= limits.idle) return;
    ++shared_->counts.timed_out;
    close();
}

void FrameConnection::close_if_done() {
    if (shared_ != nullptr && shared_->draining && idle()) close();
}

void FrameConnection::close() {
    if (shared_ == nullptr) return;
    auto* shared = std::exchange(shared_, nullptr);
    error_code ignored;
    socket_.close(ignored);
    shared->gone(client_.connection);
}

}  // namespace fairlead::net
