#include "piece_buffer.hpp"
#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <exception>
#include <larder/index/byte_source.hpp>
#include <mutex>
#include <optional>
#include <thread>
#include <unistd.h>

namespace larder::index {
namespace {

class memory_reader final : public byte_source {
public:
    memory_reader(std::string_view text, std::size_t piece) : rest_{text}, piece_{piece ? piece : text.size()} {}

    result<std::string_view> next() override {
        const auto out = rest_.substr(0, piece_);
        rest_.remove_prefix(out.size());
        return out;
    }

private:
    std::string_view rest_;
    std::size_t piece_;
};

class file_reader final : public byte_source {
public:
    explicit file_reader(unique_fd fd) : fd_{std::move(fd)} {}

    result<std::string_view> next() override {
        buffer_.make_room(last_);
        for (;;) {
            const auto n = ::pread(fd_.get(), buffer_.data(), buffer_.size(), static_cast<off_t>(offset_));
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return errno_error(errno, "reading a file");
            last_ = static_cast<std::size_t>(n);
            offset_ += last_;
            return std::string_view{buffer_.data(), last_};
        }
    }

private:
    unique_fd fd_;
    detail::piece_buffer buffer_;
    std::size_t last_ = 0;
    std::uint64_t offset_ = 0;
};

class ahead_reader final : public byte_source {
public:
    explicit ahead_reader(std::unique_ptr<byte_source> in) : in_{std::move(in)}, thread_{[this] { run(); }} {}

    ~ahead_reader() override {
        {
            const std::lock_guard lock{mutex_};
            stop_ = true;
        }
        room_.notify_one();
        thread_.join();
    }

    result<std::string_view> next() override {
        std::unique_lock lock{mutex_};
        if (taken_) spare_.push_back(std::move(current_));
        taken_ = false;
        filled_.wait(lock, [&] { return !ready_.empty() || done_; });
        if (ready_.empty()) {
            if (thrown_) std::rethrow_exception(thrown_);
            if (failure_) return *failure_;
            return std::string_view{};
        }
        current_ = std::move(ready_.front());
        ready_.pop_front();
        taken_ = true;
        lock.unlock();
        room_.notify_one();
        return std::string_view{current_};
    }

private:
    static constexpr std::size_t pieces = 4;

    void run() {
        std::optional<error> failure;
        std::exception_ptr thrown;
        try {
            failure = pump();
        } catch (...) {
            thrown = std::current_exception();
        }
        {
            const std::lock_guard lock{mutex_};
            failure_ = std::move(failure);
            thrown_ = thrown;
            done_ = true;
        }
        filled_.notify_one();
    }

    /// Until the end (nothing), an error, or the destructor.
    std::optional<error> pump() {
        for (;;) {
            auto piece = in_->next();
            if (!piece) return std::move(piece).error();
            if (piece->empty()) return {};
            std::string buffer;
            {
                const std::lock_guard lock{mutex_};
                if (!spare_.empty()) {
                    buffer = std::move(spare_.back());
                    spare_.pop_back();
                }
            }
            buffer.assign(*piece);
            {
                std::unique_lock lock{mutex_};
                room_.wait(lock, [&] { return ready_.size() < pieces || stop_; });
                if (stop_) return {};
                ready_.push_back(std::move(buffer));
            }
            filled_.notify_one();
        }
    }

    std::unique_ptr<byte_source> in_;
    std::mutex mutex_;
    std::condition_variable filled_, room_;
    std::deque<std::string> ready_, spare_;
    std::string current_;  // the reader's own, while taken_
    bool taken_ = false, done_ = false, stop_ = false;
    std::optional<error> failure_;
    std::exception_ptr thrown_;
    std::thread thread_;  // last: it uses all of the above
};

}  // namespace

std::unique_ptr<byte_source> memory_source(std::string_view text, std::size_t piece) {
    return std::make_unique<memory_reader>(text, piece);
}

std::unique_ptr<byte_source> file_source(unique_fd fd) { return std::make_unique<file_reader>(std::move(fd)); }

std::unique_ptr<byte_source> read_ahead(std::unique_ptr<byte_source> in) {
    return std::make_unique<ahead_reader>(std::move(in));
}

hashing_source::hashing_source(std::unique_ptr<byte_source> in, hash_kind kind) : in_{std::move(in)}, hash_{kind} {}

result<std::string_view> hashing_source::next() {
    auto piece = in_->next();
    if (piece) {
        hash_.update(*piece);
        size_ += piece->size();
    }
    return piece;
}

}  // namespace larder::index
