#include <array>
#include <cstdio>
#include <larder/base/clock.hpp>

namespace larder {
namespace {

using namespace std::chrono;

constexpr std::array<const char*, 7> weekdays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

class machine_clock final : public wall_clock {
public:
    sys_seconds now() const override { return floor<seconds>(std::chrono::system_clock::now()); }
};

struct civil {
    year_month_day date;
    int h = 0, m = 0, s = 0;
};

civil split(sys_seconds t) {
    const auto day = floor<days>(t);
    const auto rest = static_cast<int>((t - day).count());
    return {year_month_day{day}, rest / 3600, rest / 60 % 60, rest % 60};
}

error bad(std::string_view text) {
    return {errc::malformed, "'" + std::string{text} + "' is not a date of the form 'Sun, 06 Nov 1994 08:49:37 GMT'"};
}

result<sys_seconds> join(std::string_view text, int y, unsigned mo, unsigned d, int h, int m, int s) {
    const year_month_day date{year{y}, month{mo}, day{d}};
    if (!date.ok() || h > 23 || m > 59 || s > 60 || h < 0 || m < 0 || s < 0) return bad(text);
    return sys_days{date} + hours{h} + minutes{m} + seconds{s};
}

/// Digits only, so that "+1" or " 1" is no number.
bool digits(std::string_view text, std::size_t at, std::size_t n, int& out) {
    if (at + n > text.size()) return false;
    out = 0;
    for (std::size_t i = at; i < at + n; ++i) {
        if (text[i] < '0' || text[i] > '9') return false;
        out = out * 10 + (text[i] - '0');
    }
    return true;
}

/// "06 Nov 1994 08:49:37", the day of one or two digits; leaves what follows in `rest`.
result<sys_seconds> parse_middle(std::string_view whole, std::string_view text, std::string_view& rest) {
    int d = 0, y = 0, h = 0, m = 0, s = 0;
    const std::size_t w = text.size() > 1 && text[1] == ' ' ? 1 : 2;
    unsigned mo = 0;
    for (unsigned i = 0; i < months.size(); ++i)
        if (text.size() > w + 4 && text.substr(w + 1, 3) == months[i]) mo = i + 1;
    if (mo == 0 || text.size() < w + 18 || !digits(text, 0, w, d) || text[w] != ' ' || text[w + 4] != ' ' ||
        !digits(text, w + 5, 4, y) || text[w + 9] != ' ')
        return bad(whole);
    const std::size_t t = w + 10;
    const std::size_t hw = text[t + 1] == ':' ? 1 : 2;
    if (text.size() < t + hw + 6 || !digits(text, t, hw, h) || text[t + hw] != ':' || !digits(text, t + hw + 1, 2, m) ||
        text[t + hw + 3] != ':' || !digits(text, t + hw + 4, 2, s))
        return bad(whole);
    rest = text.substr(t + hw + 6);
    return join(whole, y, mo, static_cast<unsigned>(d), h, m, s);
}

}  // namespace

const wall_clock& system_clock() noexcept {
    static const machine_clock instance;
    return instance;
}

std::string format_http_date(sys_seconds t) {
    const auto c = split(t);
    char text[64];
    std::snprintf(text, sizeof text, "%s, %02u %s %04d %02d:%02d:%02d GMT",
                  weekdays[weekday{floor<days>(t)}.c_encoding()], static_cast<unsigned>(c.date.day()),
                  months[static_cast<unsigned>(c.date.month()) - 1], static_cast<int>(c.date.year()), c.h, c.m, c.s);
    return text;
}

result<sys_seconds> parse_http_date(std::string_view text) {
    if (text.size() != 29 || text.substr(3, 2) != ", ") return bad(text);
    std::string_view rest;
    LARDER_TRY(const auto t, parse_middle(text, text.substr(5), rest));
    if (rest != " GMT") return bad(text);
    return t;
}

result<sys_seconds> parse_release_date(std::string_view text) {
    const auto comma = text.find(", ");
    if (comma != 3) return bad(text);
    std::string_view rest;
    LARDER_TRY(const auto t, parse_middle(text, text.substr(5), rest));
    if (rest != " GMT" && rest != " UTC" && rest != " Z" && rest != " +0000") return bad(text);
    return t;
}

std::string format_timestamp(sys_seconds t) {
    const auto c = split(t);
    char text[64];
    std::snprintf(text, sizeof text, "%04d%02u%02uT%02d%02d%02dZ", static_cast<int>(c.date.year()),
                  static_cast<unsigned>(c.date.month()), static_cast<unsigned>(c.date.day()), c.h, c.m, c.s);
    return text;
}

result<sys_seconds> parse_timestamp(std::string_view text) {
    int y = 0, mo = 0, d = 0, h = 0, m = 0, s = 0;
    if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z' || !digits(text, 0, 4, y) || !digits(text, 4, 2, mo) ||
        !digits(text, 6, 2, d) || !digits(text, 9, 2, h) || !digits(text, 11, 2, m) || !digits(text, 13, 2, s))
        return error{errc::malformed, "'" + std::string{text} + "' is not a moment like 20261121T063000Z"};
    return join(text, y, static_cast<unsigned>(mo), static_cast<unsigned>(d), h, m, s);
}

std::string format_iso(sys_seconds t) {
    const auto c = split(t);
    char text[64];
    std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(c.date.year()),
                  static_cast<unsigned>(c.date.month()), static_cast<unsigned>(c.date.day()), c.h, c.m, c.s);
    return text;
}

}  // namespace larder
