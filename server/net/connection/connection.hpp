#pragma once

#include "connection/loop.hpp"
#include "connection/serve.hpp"
#include <deque>
#include <larder/base/result.hpp>
#include <larder/core/conditional.hpp>
#include <larder/core/response_head.hpp>
#include <larder/net/pocket_intake.hpp>
#include <larder/net/reply.hpp>
#include <memory>
#include <optional>
#include <string>
#include <views.hpp>

namespace larder::net {

/// One connection: read heads, decide, send. Requests are answered in order; while one waits for its
/// bytes, those queued behind it already have their fetches started. One thread, its loop's.
class connection final : public watched {
public:
    connection(std::shared_ptr<loop_context> loop, std::unique_ptr<transport> over, peer_kind peer);
    ~connection() override;
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    void expire() noexcept override;
    void wind_down() noexcept override;
    /// Serves it until it ends.
    awaitable<void> run();

private:
    /// What becomes of the connection after a request.
    enum class then { keep, close };

    const core::server_options& limits() { return loop_->routes->options.server; }
    std::string_view waiting() const { return {buffer_.data() + begin_, end_ - begin_}; }
    void end() noexcept;
    /// Closes so that nothing on its way to the client is lost.
    awaitable<void> linger();
    /// At the deadline between two requests: whether the client took some of the last answer meanwhile.
    bool still_taking() noexcept;
    core::reply_context context();

    // ---- reading

    /// Request after request, until one is the last.
    awaitable<void> serve();
    void start_head();
    core::head_state look_for_head();
    /// So many more bytes are in the buffer.
    void take(std::size_t n);
    /// Makes the buffer have some: what was served goes, else it grows. Views into it end.
    void make_room();
    /// Queued requests will be looked at anew.
    void look_again();
    void start_answer();
    awaitable<void> refuse_head();
    void log_request(const core::request_head& head);
    /// Reads a body of known length behind the head; answers and closes when there is none or too much.
    awaitable<bool> read_body(const core::request_head& head, std::string& body);

    // ---- deciding

    awaitable<void> route_and_answer(const core::request_head& head);
    /// A file as it is now; with a view, as that has it.
    awaitable<void> answer_archive(const core::request_head& head, const routing& routes,
                                   const core::archive_file& file, pinned_view_ptr view);
    awaitable<void> answer_snapshot(const core::request_head& head, const routing& routes, core::snapshot_file asked);
    awaitable<void> answer_unit_report(const core::request_head& head, std::string deployment);
    awaitable<void> answer_deployment_page(const core::request_head& head, core::deployment_page asked);
    awaitable<void> answer_deployment(const core::request_head& head, const routing& routes,
                                      core::deployment_file asked);
    /// The suite that this asks for first, where the deployment pins it then (connection_first_use.cpp).
    std::optional<pinning::first_use> first_use_of(const routing& routes, const core::deployment_file& asked,
                                                   const result<pinned_view_ptr>& now);
    /// Waits until it is pinned. False: it cannot be, or not soon; that is answered.
    awaitable<bool> pin_first(const core::request_head& head, pinning::first_use what);
    /// The client's address, for people.
    std::string address_of_client();
    /// Has the deployment hold what is sent for it.
    void hold(const archive& from, const std::string& path, const resolution& what);
    /// Waits for what must be known before a path can be resolved.
    awaitable<result<void>> bring(std::shared_ptr<archive> archive, const std::string& path, const resolution& what,
                                  pinned_view_ptr view, steady_point give_up);
    role role_of(const core::request_head& head);

    // ---- files that are here (connection_files.cpp)

    /// The answer to what was asked for by the same target before; null: it must be routed. Valid until the
    /// connection waits for something.
    loop_context::ready* find_ready(const core::request_head& head);
    /// Sends a small file whole, as far as the socket takes it: the rest is in `out_`. False: not of this
    /// answer, or not to this request; nothing was sent.
    bool send_at_once(const core::request_head& head, const loop_context::ready& ready);
    /// Sends what is in `out_`.
    awaitable<void> send_rest();
    /// The whole file, with a head that can be kept ready.
    bool takes_whole(const core::request_head& head) const;
    awaitable<void> answer_ready(const core::request_head& head, const loop_context::ready& ready);
    void remember(const core::request_head& head, const served_file_ptr& file, std::string_view content_type,
                  core::lifetime keep);
    /// False: the object turned out to be damaged or gone; resolve again. What is not for everybody is not remembered
    /// by its target, by which others would have it too.
    enum class audience { everybody, asker };
    awaitable<bool> answer_object(const core::request_head& head, const std::string& path, const serve_object& serve,
                                  audience whom = audience::everybody);
    awaitable<void> answer_file(const core::request_head& head, served_file_ptr file, std::string_view type,
                                core::lifetime keep, std::optional<std::chrono::seconds> age, std::string_view cache);
    /// Whether a file that has the date of a client's copy is that copy. Not where what is behind a name can
    /// change: two states published within a second, or a mirror's careless dates, make them equal.
    enum class dates { tell, do_not_tell };
    static dates dates_tell(core::lifetime keep) {
        return keep == core::lifetime::revalidate ? dates::do_not_tell : dates::tell;
    }
    static core::answer decide(core::request_head head, dates which, std::uint64_t size, sys_seconds modified,
                               std::string_view etag);
    void count_status(int status);
    void count_body(std::uint64_t sent);
    /// `out_` holds the head.
    awaitable<void> send_file(served_file_ptr file, core::answer what);

    // ---- files on their way here (connection_fetch.cpp)

    awaitable<void> answer_fetch(const core::request_head& head, std::shared_ptr<archive> from, const std::string& path,
                                 const fetch_object& fetch);
    /// For an index that can be had in another form: sends 404 when upstream has not begun to send this one after a
    /// while. False: it has, or nothing must be sent any more.
    awaitable<bool> refuse_form(std::shared_ptr<archive> from, const std::string& path, std::shared_ptr<flight> coming);
    /// Sends what a flight brings, as it comes.
    awaitable<void> answer_flight(const core::request_head& head, const std::string& path,
                                  std::shared_ptr<flight> coming, core::lifetime keep, std::string_view cache);
    /// Waits until there is something to send; requests that arrive meanwhile have their fetches
    /// started. Nothing: no byte in time, or the client has left.
    awaitable<std::optional<flight::state>> first_bytes(std::shared_ptr<flight> coming, std::chrono::seconds how_long);
    /// Whether requests that are queued behind the current one can be looked at.
    bool may_read_on();
    /// Lets `w` wake when the client sends more, where there is room for it.
    bool listen_while_waiting(const std::shared_ptr<waiter>& w);
    /// Takes what has arrived behind the current request. False: the client has closed.
    bool read_queued();
    bool read_once();
    /// From now on takes what arrives behind the current request, as it comes; before the next is read, it
    /// must end.
    void listen();
    void stop_listening();
    void hear();
    /// What a queued request comes to, as far as that can be told at once.
    std::optional<resolution> resolve_ahead(const routing& routes, const core::route& way);
    /// Starts the fetches of the requests that are queued behind this one.
    void prefetch_queued(std::size_t from);
    void look_at_queued(std::size_t from);
    awaitable<void> send_flight(std::shared_ptr<flight> coming, core::answer what);

    // ---- everything else (connection_site.cpp)

    awaitable<void> answer_connect(const core::request_head& head, const core::connect& to);
    awaitable<void> answer_site(const core::request_head& head, const core::route& way);
    /// An object by its hash, for whoever may (connection_objects.cpp). False: it is none, or is not here, or he may
    /// not; nothing was sent.
    awaitable<bool> answer_api_object(const core::request_head& head, const core::api_call& call);
    /// A file of an upload (connection_upload.cpp).
    awaitable<void> answer_upload(const core::request_head& head, std::string path);
    bool may_upload(const core::request_head& head);
    awaitable<result<void>> take_upload(const core::request_head& head, std::shared_ptr<upload_in_progress> into);
    awaitable<bool> take_piece(std::string& piece, std::uint64_t left);
    awaitable<void> send_upload_answer(upload_answer answer);
    awaitable<void> send_reply(const site_reply& reply);
    awaitable<void> send_error(int status, std::string reason);
    awaitable<void> send_refusal(core::fault_kind kind, int status, std::string_view reason);
    awaitable<void> send_failure(const error& why);
    /// A file of dists/ that its Release lists and no mirror has is absent: apt then tries the next
    /// form of it. A package that the index promises and no mirror has is a broken upstream.
    awaitable<void> send_fetch_failure(const std::string& path, const error& why);

    std::shared_ptr<loop_context> loop_;
    std::unique_ptr<transport> transport_;
    const peer_kind peer_;
    metrics& counts_;
    std::string buffer_;
    std::size_t begin_ = 0, end_ = 0;  ///< of what is in the buffer and not yet served
    std::size_t prefetched_ = 0;       ///< up to here queued requests have their fetches started
    /// Of the queued requests that were looked at, in order: whether a fetch was started for them.
    std::deque<bool> ahead_of_;
    unsigned ahead_ = 0;        ///< how many
    core::request_head head_;   ///< of the current request; its views point into the buffer
    core::parse_fault fault_;   ///< of a head that was refused
    std::size_t searched_ = 0;  ///< of the waiting bytes, for the end of a head
    std::string out_, key_;
    std::uint64_t resolved_at_ = 0;
    std::string holder_;  ///< the deployment that the current request is of; else empty
    int minor_ = 1, status_ = 0, queued_ = 0;
    then keep_ = then::keep;
    bool head_only_ = false, broken_ = false, idle_ = true, expired_ = false, winding_down_ = false;
    std::shared_ptr<connection*> ear_;  ///< of the listening; null in it when that has ended
    send_watch* sending_ = nullptr;     ///< while a file is on its way out
    bool body_taken_ = false, finished_ = false, from_store_ = false;
};

}  // namespace larder::net
