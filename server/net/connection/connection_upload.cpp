#include "connection/connection.hpp"
#include "upload_room.hpp"
#include <larder/base/text.hpp>
#include <larder/core/basic_auth.hpp>
#include <larder/core/status.hpp>
#include <larder/net/pocket_intake.hpp>

// Files that dput sends: to disk as they come, a piece at a time.

namespace larder::net {
namespace {

constexpr std::size_t piece_size = 1 << 20;
/// Of a body that is not wanted so much is read all the same: dput hears why only once it has sent the file.
constexpr std::uint64_t most_unwanted = 256ULL << 20;

using file_ptr = std::shared_ptr<upload_in_progress>;

}  // namespace

bool connection::may_upload(const core::request_head& head) {
    if (role_of(head) >= role::upload) return true;
    // dput asks for a password. Unlike a page's it may say more than read: what counts is signed.
    const auto given = core::parse_basic(head.authorization);
    return given && role_of_token(loop_->routes->options.tokens, given->password) >= role::upload;
}

awaitable<bool> connection::take_piece(std::string& piece, std::uint64_t left) {
    const auto size = std::min<std::uint64_t>(left, piece_size);
    piece.resize(size);
    std::size_t filled = 0;
    while (filled < size && !broken_) {
        deadline = std::chrono::steady_clock::now() + limits().send_timeout;
        const auto got = co_await transport_->read_some(piece.data() + filled, size - filled);
        if (got.failed || got.n == 0 || expired_) broken_ = true;
        filled += got.n;
    }
    co_return !broken_;
}

/// Reads the body into the file; without one, away.
awaitable<result<void>> connection::take_upload(const core::request_head& head, file_ptr into) {
    auto left = head.content_length.value_or(0);
    result<void> kept;
    std::string piece{waiting().substr(head.size, left)};
    begin_ += head.size + piece.size();
    body_taken_ = true;
    for (;;) {
        left -= piece.size();
        if (into && kept && !piece.empty()) {
            auto writing =
                offload(loop_->host.uploads().pool, [into, bytes = std::move(piece)] { return into->append(bytes); });
            const auto written = co_await outcome<result<void>>::get(writing, no_deadline());
            kept = *written;
            piece = {};
        }
        if (left == 0) break;
        const bool came = co_await take_piece(piece, left);
        if (!came) co_return error{errc::cancelled, "the client has left"};
    }
    deadline = std::chrono::steady_clock::now() + limits().send_timeout;
    co_return kept;
}

awaitable<void> connection::answer_upload(const core::request_head& head, std::string path) {
    if (head.verb != core::method::put || head.chunked || !head.content_length) {
        keep_ = then::close;
        const bool put = head.verb == core::method::put;
        co_await send_error(put ? 411 : 405, put ? "an upload needs a Content-Length" : "uploads are sent with PUT");
        co_return;
    }
    const upload_room::place place{loop_->host.uploads()};
    if (!place) {
        keep_ = then::close;
        const upload_answer busy{503, "too many uploads at once: try again"};
        co_await send_upload_answer(busy);
        co_return;
    }
    upload_request request;
    request.path = std::move(path);
    request.size = *head.content_length;
    request.has_token = may_upload(head);
    auto beginning =
        offload(loop_->host.uploads().pool, [&host = loop_->host, request] { return begin_upload(host, request); });
    const auto begun = co_await outcome<result<file_ptr>>::get(beginning, no_deadline());
    upload_answer answer;
    if (!*begun) {
        answer = answer_of(begun->error());
        if (begun->error().code() == errc::bad_config) answer.status = 401;
        if (request.size > most_unwanted || head.expect_continue) {
            keep_ = then::close;
            co_await send_upload_answer(answer);
            co_return;
        }
    } else if (head.expect_continue) {
        const auto failed = co_await transport_->write("HTTP/1.1 100 Continue\r\n\r\n");
        if (failed) broken_ = true;
    }
    const auto file = *begun ? **begun : file_ptr{};
    const auto taken = co_await take_upload(head, file);
    if (broken_) co_return;
    if (*begun && !taken) answer = answer_of(taken.error());
    if (*begun && taken) {
        deadline = steady_point::max();
        auto finishing =
            offload(loop_->host.uploads().pool, [&host = loop_->host, file] { return finish_upload(host, file); });
        const auto finished = co_await outcome<upload_answer>::get(finishing, no_deadline());
        answer = *finished;
        deadline = std::chrono::steady_clock::now() + limits().send_timeout;
    }
    co_await send_upload_answer(answer);
}

/// dput shows the words of the status line, and the body only to those who debug it: so what is wrong stands in both.
awaitable<void> connection::send_upload_answer(upload_answer answer) {
    status_ = answer.status;
    const auto text = printable(answer.text, 400);
    out_.clear();
    core::head_writer head{out_, answer.status, context(),
                           answer.status < 300 ? core::reason_phrase(answer.status) : std::string_view{text}};
    head.field("Content-Type", "text/plain; charset=utf-8");
    head.field("Content-Length", answer.text.size() + 1);
    if (answer.status == 401) head.field("WWW-Authenticate", "Basic realm=\"Larder\"");
    if (answer.status == 503) head.field("Retry-After", "30");
    head.end();
    out_ += answer.text;
    out_ += '\n';
    const auto failed = co_await transport_->write(out_);
    broken_ = broken_ || failed;
}

}  // namespace larder::net
