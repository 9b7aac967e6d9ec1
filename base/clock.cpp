#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <larder/base/clock.hpp>
#include <larder/base/text.hpp>
#include <optional>

namespace larder {
namespace {

using namespace std::chrono;

constexpr std::array<const char*, 7> weekdays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

class machine_clock final : public wall_clock {
public:
    // time() reads what the kernel noted at its last tick: a quarter of the cost of reading the clock.
    sys_seconds now() const override { return sys_seconds{seconds{std::time(nullptr)}}; }
};

struct civil {
    year_month_day date;
    int h = 0, m = 0, s = 0;
};

civil civil_of(sys_seconds t) {
    const auto day = floor<days>(t);
    const auto rest = static_cast<int>((t - day).count());
    return {year_month_day{day}, rest / 3600, rest / 60 % 60, rest % 60};
}

error bad(std::string_view text) {
    return {errc::malformed, "'" + printable(text, 60) + "' is not a date of the form 'Sun, 06 Nov 1994 08:49:37 GMT'"};
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

/// The whole of `text` is a number of `least` to `most` digits.
bool number(std::string_view text, std::size_t least, std::size_t most, int& out) {
    return text.size() >= least && text.size() <= most && digits(text, 0, text.size(), out);
}

/// 1 to 12; 0 when it is no month.
unsigned month_of(std::string_view text) {
    for (unsigned i = 0; i < months.size(); ++i)
        if (iequals(text, months[i])) return i + 1;
    return 0;
}

/// The parts of a date as they are written, in whatever order.
struct written {
    std::string_view day, month, year, time;
};

result<sys_seconds> read(std::string_view whole, const written& w) {
    int d = 0, y = 0, h = 0, m = 0, s = 0;
    const auto time = split(w.time, ':');
    if (time.size() != 3 || !number(time[0], 1, 2, h) || !number(time[1], 1, 2, m) || !number(time[2], 1, 2, s) ||
        !number(w.day, 1, 2, d) || (!number(w.year, 4, 4, y) && !number(w.year, 2, 2, y)))
        return bad(whole);
    // Two digits are of RFC 850; in which century is POSIX's rule (strptime, %y).
    if (w.year.size() == 2) y += y < 69 ? 2000 : 1900;
    return join(whole, y, month_of(w.month), static_cast<unsigned>(d), h, m, s);
}

/// How far the zone's clock is ahead of UTC; nothing for one that is not known.
std::optional<minutes> zone_of(std::string_view zone) {
    if (zone == "GMT" || zone == "UTC" || zone == "Z") return minutes{0};
    const bool west = zone.starts_with('-');
    if (west || zone.starts_with('+')) zone.remove_prefix(1);
    int n = 0;
    if (!number(zone, 1, 4, n)) return {};
    if (n == 0) return minutes{0};
    if (zone.size() != 4 || n / 100 > 14 || n % 100 > 59) return {};
    const auto ahead = hours{n / 100} + minutes{n % 100};
    return west ? -ahead : ahead;
}

bool is_weekday(std::string_view text) {
    return std::any_of(weekdays.begin(), weekdays.end(),
                       [text](const char* name) { return iequals(text.substr(0, 3), name); });
}

}  // namespace

const wall_clock& system_clock() noexcept {
    static const machine_clock instance;
    return instance;
}

std::string format_http_date(sys_seconds t) {
    const auto c = civil_of(t);
    char text[64];
    std::snprintf(text, sizeof text, "%s, %02u %s %04d %02d:%02d:%02d GMT",
                  weekdays[weekday{floor<days>(t)}.c_encoding()], static_cast<unsigned>(c.date.day()),
                  months[static_cast<unsigned>(c.date.month()) - 1], static_cast<int>(c.date.year()), c.h, c.m, c.s);
    return text;
}

result<sys_seconds> parse_http_date(std::string_view text) {
    const auto part = split(text, ' ');
    if (part.size() != 6 || part[0].size() != 4 || part[0][3] != ',' || part[1].size() != 2 || part[3].size() != 4 ||
        part[4].size() != 8 || part[5] != "GMT")
        return bad(text);
    return read(text, {part[1], part[2], part[3], part[4]});
}

result<sys_seconds> parse_release_date(std::string_view text) {
    const auto part = words(text);
    if (part.size() < 4 || part.size() > 6 || !is_weekday(part[0])) return bad(text);
    // "Sun Nov  6 08:49:37 1994"
    if (part[0].size() == 3 && part.size() == 5) return read(text, {part[2], part[1], part[4], part[3]});
    if (!part[0].ends_with(',')) return bad(text);
    const auto ahead = zone_of(part.back());
    if (!ahead) return bad(text);
    result<sys_seconds> local = bad(text);
    if (part.size() == 6) {
        local = read(text, {part[1], part[2], part[3], part[4]});
    } else if (const auto date = split(part[1], '-'); part.size() == 4 && date.size() == 3) {
        local = read(text, {date[0], date[1], date[2], part[2]});  // "Sunday, 06-Nov-94 08:49:37 GMT"
    }
    if (!local) return local;
    return *local - *ahead;
}

std::string format_timestamp(sys_seconds t) {
    const auto c = civil_of(t);
    char text[64];
    std::snprintf(text, sizeof text, "%04d%02u%02uT%02d%02d%02dZ", static_cast<int>(c.date.year()),
                  static_cast<unsigned>(c.date.month()), static_cast<unsigned>(c.date.day()), c.h, c.m, c.s);
    return text;
}

result<sys_seconds> parse_timestamp(std::string_view text) {
    int y = 0, mo = 0, d = 0, h = 0, m = 0, s = 0;
    if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z' || !digits(text, 0, 4, y) || !digits(text, 4, 2, mo) ||
        !digits(text, 6, 2, d) || !digits(text, 9, 2, h) || !digits(text, 11, 2, m) || !digits(text, 13, 2, s))
        return error{errc::malformed, "'" + printable(text, 60) + "' is not a moment like 20261121T063000Z"};
    LARDER_TRY(const auto made, join(text, y, static_cast<unsigned>(mo), static_cast<unsigned>(d), h, m, s));
    // The last leap second that could be written: one of the year 10000.
    if (made >= sys_days{year{10'000} / January / 1})
        return error{errc::malformed, "'" + printable(text, 60) + "' is after the year 9999"};
    return made;
}

std::string format_iso(sys_seconds t) {
    const auto c = civil_of(t);
    char text[64];
    std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(c.date.year()),
                  static_cast<unsigned>(c.date.month()), static_cast<unsigned>(c.date.day()), c.h, c.m, c.s);
    return text;
}

}  // namespace larder
