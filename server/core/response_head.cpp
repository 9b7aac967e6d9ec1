#include "chars.hpp"
#include <algorithm>
#include <array>
#include <charconv>
#include <larder/base/text.hpp>
#include <larder/core/response_head.hpp>
#include <larder/core/status.hpp>

namespace larder::core {
namespace {

void append_number(std::string& out, std::uint64_t n) {
    char text[20];
    const auto end = std::to_chars(text, text + sizeof text, n).ptr;
    out.append(text, end);
}

void append_two(std::string& out, unsigned n) {
    out += static_cast<char>('0' + n / 10 % 10);
    out += static_cast<char>('0' + n % 10);
}

void append_value(std::string& out, std::string_view value) {
    if (all_of(value, in_value)) {
        out += value;
        return;
    }
    for (const char c : value) out += all_of({&c, 1}, in_value) ? c : '?';
}

struct typed_suffix {
    std::string_view suffix, type;
};

constexpr std::array<typed_suffix, 18> types{{
    {".deb", "application/vnd.debian.binary-package"},
    {".udeb", "application/vnd.debian.binary-package"},
    {".ddeb", "application/vnd.debian.binary-package"},
    {".dsc", "text/plain"},
    {".xz", "application/x-xz"},
    {".gz", "application/gzip"},
    {".bz2", "application/x-bzip2"},
    {".lzma", "application/x-lzma"},
    {".zst", "application/zstd"},
    {".tar", "application/x-tar"},
    {".json", "application/json"},
    {".asc", "application/pgp-keys"},
    {".gpg", "application/pgp-signature"},
    {".sig", "application/pgp-signature"},
    {".yml", "text/plain"},
    {".txt", "text/plain"},
    {".iso", "application/x-cd-image"},
    {".sha256", "text/plain"},
}};

constexpr std::array<std::string_view, 9> plain_names{"InRelease",  "Release",    "Packages",  "Sources",  "Index",
                                                      "SHA256SUMS", "SHA512SUMS", "changelog", "copyright"};

void append_range(head_writer& head, const file_head& f) {
    std::string text = "bytes ";
    if (f.what.status == 416) {
        text += "*";
    } else {
        append_number(text, f.what.offset);
        text += '-';
        append_number(text, f.what.offset + f.what.length - 1);
    }
    text += '/';
    append_number(text, f.size);
    head.field("Content-Range", text);
}

}  // namespace

head_writer::head_writer(std::string& out, int status, const reply_context& context, std::string_view phrase)
    : out_{out} {
    out_ += "HTTP/1.1 ";
    append_number(out_, static_cast<std::uint64_t>(status));
    out_ += ' ';
    append_value(out_, phrase.empty() ? reason_phrase(status) : phrase);
    out_ += "\r\nServer: Larder\r\n";
    if (!context.date.empty()) field("Date", context.date);
    if (context.then == connection::close)
        out_ += "Connection: close\r\n";
    else if (context.minor == 0)
        out_ += "Connection: keep-alive\r\n";
}

head_writer& head_writer::field(std::string_view name, std::string_view value) {
    if (name.empty() || !all_of(name, in_token)) return *this;
    out_ += name;
    out_ += ": ";
    append_value(out_, value);
    out_ += "\r\n";
    return *this;
}

head_writer& head_writer::field(std::string_view name, std::uint64_t value) {
    char text[20];
    const auto end = std::to_chars(text, text + sizeof text, value).ptr;
    return field(name, std::string_view{text, static_cast<std::size_t>(end - text)});
}

head_writer& head_writer::date_field(std::string_view name, sys_seconds when) {
    std::string text;
    append_http_date(text, when);
    return field(name, text);
}

void head_writer::end() { out_ += "\r\n"; }

void append_http_date(std::string& out, sys_seconds when) {
    using namespace std::chrono;
    static constexpr std::string_view weekdays = "SunMonTueWedThuFriSat";
    static constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const auto day = floor<days>(when);
    const year_month_day date{day};
    const auto rest = static_cast<unsigned>((when - day).count());
    const auto year_number = static_cast<unsigned>(std::max(0, static_cast<int>(date.year())));
    out += weekdays.substr(weekday{day}.c_encoding() * 3, 3);
    out += ", ";
    append_two(out, static_cast<unsigned>(date.day()));
    out += ' ';
    out += months.substr((static_cast<unsigned>(date.month()) - 1) * 3, 3);
    out += ' ';
    append_two(out, year_number / 100);
    append_two(out, year_number);
    out += ' ';
    append_two(out, rest / 3600);
    out += ':';
    append_two(out, rest / 60 % 60);
    out += ':';
    append_two(out, rest % 60);
    out += " GMT";
}

std::string etag_of(const digest& d) { return "\"" + d.hex() + "\""; }

std::string_view content_type_of(std::string_view path) noexcept {
    for (const auto& t : types)
        if (path.ends_with(t.suffix)) return t.type;
    const auto name = path.substr(path.rfind('/') + 1);  // npos + 1 is 0
    if (std::find(plain_names.begin(), plain_names.end(), name) != plain_names.end()) return "text/plain";
    if (name.starts_with("Translation-") || name.starts_with("Contents-")) return "text/plain";
    return "application/octet-stream";
}

lifetime lifetime_of(std::string_view path) noexcept {
    const bool fixed = path.starts_with("pool/") || path.find("/by-hash/") != std::string_view::npos;
    return fixed ? lifetime::immutable : lifetime::revalidate;
}

void append_file_head(std::string& out, const file_head& f, const reply_context& context) {
    head_writer head{out, f.what.status, context};
    if (f.what.status != 304) head.field("Content-Length", f.what.length);
    if (f.what.status == 206 || f.what.status == 416) append_range(head, f);
    if (f.what.status != 304 && f.what.status != 416) head.field("Content-Type", f.content_type);
    head.date_field("Last-Modified", f.modified);
    if (!f.etag.empty()) head.field("ETag", f.etag);
    head.field("Accept-Ranges", "bytes");
    head.field("Cache-Control", f.keep == lifetime::immutable ? "max-age=31536000, immutable" : "no-cache");
    if (f.age) head.field("Age", static_cast<std::uint64_t>(std::max<std::int64_t>(0, f.age->count())));
    if (!f.cache.empty()) head.field("X-Larder-Cache", f.cache);
    head.end();
}

void append_error(std::string& out, int status, std::string_view reason, const reply_context& context, body what,
                  std::initializer_list<extra_field> extra) {
    std::string text = printable(reason.empty() ? reason_phrase(status) : reason, 500);
    text += '\n';
    const auto given = [&extra](std::string_view name) {
        return std::any_of(extra.begin(), extra.end(), [name](const auto& e) { return iequals(e.name, name); });
    };
    head_writer head{out, status, context};
    head.field("Content-Length", text.size());
    head.field("Content-Type", "text/plain; charset=utf-8");
    head.field("X-Content-Type-Options", "nosniff");
    head.field("Cache-Control", "no-store");
    if (status == 405 && !given("Allow")) head.field("Allow", "GET, HEAD");
    if (status == 503 && !given("Retry-After")) head.field("Retry-After", "5");
    for (const auto& e : extra) head.field(e.name, e.value);
    head.end();
    if (what == body::send) out += text;
}

std::string error_response(int status, std::string_view reason, const reply_context& context, body what,
                           std::initializer_list<extra_field> extra) {
    std::string out;
    append_error(out, status, reason, context, what, extra);
    return out;
}

}  // namespace larder::core
