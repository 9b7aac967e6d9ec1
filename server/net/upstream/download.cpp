#include "upstream/download.hpp"
#include "upstream/hub_impl.hpp"
#include "upstream/requests.hpp"
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

namespace larder::net {
namespace {

using namespace std::chrono;
using core::transfer;

/// Body bytes are written to the file in pieces of about this size: a call for each 16 KiB that
/// libcurl hands out would cost more than the copy.
constexpr std::size_t piece_size = 256 * 1024;

/// One flight's download: follows the plan from mirror to mirror. Lives on the upstream loop.
class download : public std::enable_shared_from_this<download> {
public:
    download(std::shared_ptr<fetch_hub::impl> hub, std::shared_ptr<flight> to, fetch_order order)
        : hub_{std::move(hub)},
          to_{std::move(to)},
          order_{std::move(order)},
          from_{order_.from},
          paths_{order_.paths},
          plan_{hub_->order_for(order_), core::promise::verified, hub_->limits()},
          timer_{hub_->loop} {}

    void begin() {
        auto file = hub_->objects.begin();
        if (!file) return fail(file.error());
        file_ = std::move(*file);
        try {
            to_->attach(file_->fd());
        } catch (const std::exception& e) {
            return fail(error{errc::io, e.what()});
        }
        // They would send them to a client again before anybody else is asked.
        if (hub_->only_liars(order_) && goes_elsewhere()) {
            all_missing_ = false;
            elsewhere_->push_back({order_.from, order_.paths});
        }
        go_on();
    }

private:
    /// Transfers are numbered, so that a call for one that was given up is not taken for the next one's.
    class sink final : public transfer_sink {
    public:
        sink(std::shared_ptr<download> to, unsigned number) : to_{std::move(to)}, number_{number} {}
        bool begin(const transfer_head& head) override { return current() && to_->head(head); }
        bool body(std::string_view bytes) override { return current() && to_->body(bytes); }
        void ended(const transfer_end& end) override {
            if (current()) to_->ended(end);
        }

    private:
        bool current() const { return to_->number_ == number_; }
        std::shared_ptr<download> to_;
        unsigned number_;
    };

    void go_on() {
        const auto step = plan_.next();
        if (step.what == core::step::action::give_up) return give_up(step.why);
        if (step.wait.count() == 0) return fetch(step);
        timer_.expires_after(step.wait);
        timer_.async_wait([me = shared_from_this(), step](boost::system::error_code ec) {
            if (!ec) me->fetch(step);
        });
    }

    /// Whether there is another place to ask; the next transfer is from there.
    bool goes_elsewhere() {
        if (!elsewhere_) elsewhere_ = hub_->sources_beside(order_);
        if (next_source_ >= elsewhere_->size()) return false;
        const auto& next = elsewhere_->at(next_source_++);
        from_ = next.from;
        paths_ = next.paths;
        // What is here may be from somebody else: then the blame is nobody's.
        sources_.clear();
        auto once = hub_->limits();
        once.rounds = 1;
        plan_ = core::mirror_plan{hub_->order(*from_), core::promise::verified, once};
        return true;
    }

    void give_up(const error& why) {
        if (!first_failure_) first_failure_ = all_missing_ ? not_there() : why;
        if (goes_elsewhere()) return go_on();
        if (next_source_ == 0) return fail(*first_failure_);
        const auto code = all_missing_ ? errc::absent : why.code();
        fail(error{code, first_failure_->detail() +
                             "; elsewhere: " + (all_missing_ ? "no snapshot service or peer has it" : why.detail())});
    }

    error not_there() const {
        return {errc::absent,
                order_.paths.back() + (order_.from->archive.empty()
                                           ? std::string{": it is not there"}
                                           : ": no mirror of archive '" + order_.from->archive + "' has it")};
    }

    void fetch(const core::step& step) {
        if (hub_->closed) return fail(error{errc::cancelled, "shutting down"});
        mirror_ = step.mirror;
        path_ = 0;
        if (!start_at(step.offset)) return;
        start_transfer();
    }

    /// Puts the file in the state that the next transfer goes on from.
    bool start_at(std::uint64_t offset) {
        flush();
        if (failed_) return false;
        asked_ = offset;
        if (!poisoned_) {
            // A mirror that is asked from the start, because it cannot resume, is read past what is here.
            if (offset > file_->size()) asked_ = file_->size();
            offset_ = file_->size();
            return true;
        }
        poisoned_ = false;
        if (!to_->restart()) {
            // Readers have bytes of what turned out not to be the file: it cannot start again under them.
            fail(error{errc::digest_mismatch, paths_.back() + ": wrong bytes from upstream"});
            return false;
        }
        if (auto again = file_->restart(); !again) {
            fail(again.error());
            return false;
        }
        asked_ = offset_ = 0;
        return true;
    }

    void start_transfer() {
        ++number_;
        status_ = 0;
        received_ = 0;
        skip_ = 0;
        reason_.reset();
        started_ = steady_clock::now();
        first_byte_.reset();
        auto request = request_to(from_, mirror_, paths_.at(path_));
        request.offset = asked_;
        request.urgent = order_.urgent;
        hub_->counts.upstream_transfers.add();
        hub_->client.start(std::move(request), std::make_shared<sink>(shared_from_this(), number_));
    }

    /// Empties the file where no reader has bytes of it; false when that failed.
    bool start_over() {
        if (!to_->restart()) return true;
        piece_.clear();
        if (auto again = file_->restart(); !again) {
            fail(again.error());
            return false;
        }
        offset_ = asked_ = 0;
        sources_.clear();
        urls_.clear();
        return true;
    }

    bool refuse(transfer kind, std::string detail) {
        reason_ = core::outcome{kind, received_};
        reason_->detail = std::move(detail);
        return false;
    }

    bool head(const transfer_head& head) {
        status_ = head.status;
        url_ = head.url;
        first_byte_ = duration_cast<milliseconds>(steady_clock::now() - started_);
        if (head.status != 200 && head.status != 206) return true;
        const bool known = order_.size != store::unknown_size;
        auto total = head.length;
        if (head.status == 206) {
            if (head.range_start != asked_)
                return refuse(transfer::wrong_range, "sent another range than was asked for");
            total = head.range_total;
            skip_ = offset_ - asked_;
        } else {
            // No ranges there. What is here came from others: better all of it from this one; where
            // readers have some of it already, that much is passed over.
            if (offset_ > 0 && !start_over()) return false;
            skip_ = offset_;
        }
        if (!known && total && first_total_ && *total != *first_total_ && !to_->restart())
            return refuse(transfer::wrong_length, "says another size than the mirror before it");
        if (!known && total) first_total_ = total;
        if (known && total && *total != order_.size)
            return refuse(transfer::wrong_length,
                          "says " + std::to_string(*total) + " bytes, the index says " + std::to_string(order_.size));
        // An answer that does not say its length is not passed on before it is verified: it may be anything.
        said_length_ = total.has_value();
        to_->head(known ? order_.size : total, head.last_modified.value_or(hub_->clock.now()));
        return true;
    }

    bool body(std::string_view bytes) {
        if (failed_) return false;
        if (status_ != 200 && status_ != 206) return true;
        hub_->counts.upstream_bytes.add(bytes.size());
        if (skip_ > 0) {
            const auto passed = std::min<std::uint64_t>(skip_, bytes.size());
            skip_ -= passed;
            bytes.remove_prefix(passed);
        }
        received_ += bytes.size();
        if (order_.size != store::unknown_size && offset_ + received_ > order_.size)
            return refuse(transfer::wrong_length, "sends more bytes than the index says");
        piece_ += bytes;
        if (piece_.size() >= piece_size) return flush();
        if (!flush_posted_) {
            flush_posted_ = true;
            asio::post(hub_->loop, [me = shared_from_this()] {
                me->flush_posted_ = false;
                me->flush();
            });
        }
        return true;
    }

    bool flush() {
        if (piece_.empty() || failed_ || !file_) return !failed_;
        auto written = file_->append(piece_);
        piece_.clear();
        if (!written) {
            fail(written.error());
            return false;
        }
        if (said_length_) to_->grew(file_->size());
        return true;
    }

    void ended(const transfer_end& end) {
        ++number_;
        if (failed_) return;
        flush();
        if (failed_) return;
        if (end.failure && end.failure->code() == errc::cancelled && !reason_) return fail(*end.failure);
        auto how = reason_ ? *reason_ : judge_end(end, status_, received_);
        how.first_byte = first_byte_;
        how.received = file_->size() - asked_;
        if (how.kind == transfer::status && (status_ == 404 || status_ == 410) && path_ + 1 < paths_.size()) {
            ++path_;
            return start_transfer();
        }
        const bool complete =
            how.kind == transfer::ok && (order_.size == store::unknown_size || file_->size() == order_.size);
        if (how.kind == transfer::ok && !complete) {
            how.kind = transfer::reset;
            how.detail =
                "ended after " + std::to_string(file_->size()) + " of " + std::to_string(order_.size) + " bytes";
        }
        if (complete && file_->finish() != order_.content) {
            how.kind = transfer::digest_mismatch;
            how.detail = "sent other bytes than the index promises";
            hub_->counts.digest_mismatches.add();
            poisoned_ = true;
        }
        if (received_ > 0 && (sources_.empty() || sources_.back() != mirror_)) sources_.push_back(mirror_);
        if ((received_ > 0 || how.kind == transfer::ok) && (urls_.empty() || urls_.back() != url_))
            urls_.push_back(url_);
        if (how.kind == transfer::wrong_length && received_ > 0) poisoned_ = true;
        if (poisoned_) {
            // Of several sources the first is blamed: what readers got is its beginning.
            if (sources_.size() > 1) sources_.resize(1);
            const auto blamed = std::exchange(sources_, {});
            if (from_ == order_.from) hub_->sent_wrong_bytes(order_.content, blamed);
            urls_.clear();
        }
        all_missing_ = all_missing_ && how.kind == transfer::status && (status_ == 404 || status_ == 410);
        hub_->report(from_, mirror_, how, paths_.at(path_));
        plan_.report(how);
        if (how.kind == transfer::ok) return land();
        go_on();
    }

    /// All bytes are here and they are the right ones: readers may have them at once, the store keeps
    /// them as soon as they are durable.
    void land() {
        const auto state = to_->look();
        const auto modified = state.modified.value_or(hub_->clock.now());
        const auto size = file_->size();
        if (from_ != order_.from) {
            hub_->counts.rescued.add();
            hub_->log.write(log_level::info, "had from elsewhere what no mirror has",
                            {{"archive", order_.from->archive},
                             {"path", order_.paths.back()},
                             {"url", core::join(from_->urls.at(mirror_), paths_.at(path_))}});
        }
        to_->done(size, modified);
        store::provenance origin{order_.how,          hub_->clock.now(), order_.from->archive,
                                 order_.paths.back(), std::move(urls_),  order_.state};
        hub_->objects.commit(
            std::move(file_), order_.content, modified,
            [hub = hub_, to = to_, order = order_](result<digest> kept) {
                hub->forget(order);
                if (kept) {
                    hub->counts.objects_stored.add();
                    to->stored()->set(result<void>{});
                    if (hub->told) hub->told(order);
                } else {
                    hub->log.write(log_level::error, "object not stored: " + kept.error().message(),
                                   {{"path", order.paths.back()}});
                    to->stored()->set(kept.error());
                    if (kept.error().code() == errc::full && hub->full_told) hub->full_told();
                }
            },
            std::move(origin));
    }

    void fail(const error& why) {
        if (failed_) return;
        failed_ = true;
        timer_.cancel();
        file_.reset();
        hub_->forget(order_);
        hub_->log.write(log_level::warn, "not fetched: " + why.message(),
                        {{"archive", order_.from->archive}, {"path", order_.paths.back()}});
        to_->stored()->set(why);
        to_->fail(why);
        if (why.code() == errc::full && hub_->full_told) hub_->full_told();
    }

    std::shared_ptr<fetch_hub::impl> hub_;
    std::shared_ptr<flight> to_;
    const fetch_order order_;
    std::shared_ptr<mirror_group> from_;  ///< who is asked now
    std::vector<std::string> paths_;      ///< and for what
    std::optional<std::vector<fetch_source>> elsewhere_;
    std::size_t next_source_ = 0;
    std::optional<error> first_failure_;  ///< of the order's own mirrors
    core::mirror_plan plan_;
    asio::steady_timer timer_;
    std::unique_ptr<store::incoming> file_;
    std::string piece_;
    bool flush_posted_ = false;
    bool said_length_ = false;
    bool failed_ = false;
    bool all_missing_ = true;
    unsigned number_ = 0;
    std::size_t mirror_ = 0, path_ = 0;
    std::uint64_t asked_ = 0;   ///< first byte that this transfer asks for
    std::uint64_t offset_ = 0;  ///< first byte that is not here yet when it starts
    std::uint64_t received_ = 0, skip_ = 0;
    std::vector<std::size_t> sources_;  ///< mirrors that what is here came from
    std::string url_;                   ///< of the transfer under way
    std::vector<std::string> urls_;     ///< that what is here came from
    bool poisoned_ = false;             ///< what is here is not the file
    int status_ = 0;
    std::optional<core::outcome> reason_;
    std::optional<std::uint64_t> first_total_;  ///< of a file whose index gives no size
    steady_clock::time_point started_;
    std::optional<milliseconds> first_byte_;
};

}  // namespace

void start_download(std::shared_ptr<fetch_hub::impl> hub, std::shared_ptr<flight> to, fetch_order order) {
    const auto it = std::make_shared<download>(std::move(hub), std::move(to), std::move(order));
    it->begin();
}

}  // namespace larder::net
