#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <larder/base/clock.hpp>
#include <larder/base/digest.hpp>
#include <larder/core/conditional.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace larder::core {

/// Response heads, appended to the caller's buffer. No value can break out of its line: every
/// control character becomes '?' on the way in, whoever supplied it.

enum class connection { keep, close };

/// What every response on a connection has in common.
struct reply_context {
    std::string_view date;  ///< for the Date field, as append_http_date makes it; empty: none is sent
    connection then = connection::keep;
    int minor = 1;  ///< of the request: HTTP/1.0 clients are told that the connection is kept
};

/// Appends one head: the status line and the common fields at once, then field by field.
class head_writer {
public:
    /// `phrase`: the words of the status line; empty: those of the status.
    head_writer(std::string& out, int status, const reply_context&, std::string_view phrase = {});

    /// A name that is no token leaves the whole field out.
    head_writer& field(std::string_view name, std::string_view value);
    head_writer& field(std::string_view name, std::uint64_t value);
    head_writer& date_field(std::string_view name, sys_seconds);
    /// The empty line. Nothing may follow it but the body.
    void end();

private:
    std::string& out_;
};

/// The form of format_http_date, without its cost.
void append_http_date(std::string& out, sys_seconds);

/// A strong entity-tag: the digest in hex, in quotes.
std::string etag_of(const digest&);

/// By the file's name: "application/vnd.debian.binary-package" for .deb and .udeb, "text/plain" for
/// Release files and uncompressed indices, …; else "application/octet-stream". Never a type that a
/// browser runs. Compressed files have their own type and never a Content-Encoding: apt wants the
/// bytes that the index names.
std::string_view content_type_of(std::string_view path) noexcept;

/// How long others may keep it without asking.
enum class lifetime {
    immutable,   ///< named by its hash or version
    revalidate,  ///< InRelease, indices under their plain names, pages
};
/// For a path of an archive: pool/ and by-hash/ never change.
lifetime lifetime_of(std::string_view path) noexcept;

/// A file that is there, whole, in part, not modified, or with a range beyond its end.
struct file_head {
    answer what;
    std::uint64_t size = 0;  ///< of the whole file
    sys_seconds modified;
    std::string_view etag;          ///< with its quotes; empty: none
    std::string_view content_type;  ///< as content_type_of
    lifetime keep = lifetime::revalidate;
    std::optional<std::chrono::seconds> age;  ///< since it was validated; sent as Age
    std::string_view cache;                   ///< "hit", "miss", "joined"; sent as X-Larder-Cache
};
void append_file_head(std::string& out, const file_head&, const reply_context&);

struct extra_field {
    std::string_view name, value;
};

enum class body { send, leave_out };

/// A whole response that says why in one line. The body is never empty: apt tries again after 408,
/// 429 and 5xx only when there is one. `body::leave_out` (HEAD) still says its length. 405 names GET
/// and HEAD in Allow, 503 carries a Retry-After, unless `extra` has its own.
void append_error(std::string& out, int status, std::string_view reason, const reply_context&, body = body::send,
                  std::initializer_list<extra_field> extra = {});
std::string error_response(int status, std::string_view reason, const reply_context& = {}, body = body::send,
                           std::initializer_list<extra_field> extra = {});

}  // namespace larder::core
