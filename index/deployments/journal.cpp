#include <larder/base/number.hpp>
#include <larder/base/text.hpp>
#include <larder/deployments/journal.hpp>
#include <larder/deployments/journal_step.hpp>

namespace larder::deployments {
namespace {

constexpr std::string_view head_name = "journal-head";
constexpr std::uint64_t most_entry = 1 << 20;
/// Each try loses against somebody else who got in first.
constexpr int most_tries = 100;

std::string ref_name(std::uint64_t number) {
    const auto digits = std::to_string(number);
    return std::string{journal_prefix} + std::string(digits.size() < 10 ? 10 - digits.size() : 0, '0') + digits;
}

result<std::uint64_t> to_number(std::string_view text) {
    const auto value = number_in(text);
    if (!value) return error{errc::malformed, "the journal: '" + printable(text, 40) + "' is no number"};
    return *value;
}

struct head {
    std::uint64_t version = 0, number = 0;
    std::optional<digest> last;
};

/// "12 HEX"
result<head> read_head(const store::ref_store& refs) {
    head h;
    LARDER_TRY(const auto ref, refs.get(head_name));
    if (!ref) return h;
    const auto parts = words(ref->value);
    if (parts.size() != 2) return error{errc::malformed, "the journal's head cannot be read"};
    h.version = ref->version;
    LARDER_TRY(h.number, to_number(parts[0]));
    LARDER_TRY(h.last, digest::from_hex(parts[1]));
    return h;
}

result<void> take_field(journal_entry& e, std::string_view name, std::string_view value) {
    if (name == "What")
        e.what = value;
    else if (name == "Subject")
        e.subject = value;
    else if (name == "By")
        e.by = value;
    else if (name == "Reason")
        e.reason = value;
    else if (name == "Number") {
        LARDER_TRY(e.number, to_number(value));
    } else if (name == "Previous") {
        LARDER_TRY(e.previous, digest::from_hex(value));
    } else if (name == "Fetches") {
        const auto parts = words(value);
        if (parts.size() != 2) return error{errc::malformed, "a journal entry: its Fetches cannot be read"};
        store::fetch_head head;
        LARDER_TRY(head.number, to_number(parts[0]));
        LARDER_TRY(head.last, digest::from_hex(parts[1]));
        e.fetches = head;
    } else if (name == "When") {
        LARDER_TRY(e.when, parse_timestamp(value));
    } else if (name == "Larder-Journal" && value != "1") {
        return error{errc::unsupported,
                     "a journal entry of format " + printable(value, 20) + ": a newer Larder made it"};
    }
    return {};
}

}  // namespace

std::string journal_entry::write() const {
    std::string out = "Larder-Journal: 1\nNumber: " + std::to_string(number) + "\n";
    // As read() gives it, or what was read would be written as another text, and so have another hash.
    const auto line = [&out](std::string_view name, std::string_view value, std::size_t limit = 300) {
        (((out += name) += ": ") += trim(printable(value, limit))) += '\n';
    };
    if (previous) line("Previous", previous->hex());
    line("When", format_timestamp(when));
    line("What", what);
    line("Subject", subject);
    line("By", by);
    line("Reason", reason, 1000);
    if (fetches) line("Fetches", std::to_string(fetches->number) + " " + fetches->last.hex());
    return out;
}

result<journal_entry> journal_entry::read(std::string_view text) {
    journal_entry e;
    for (const auto line : split(text, '\n')) {
        if (line.empty()) continue;
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) return error{errc::malformed, "a journal entry: a line without a colon"};
        LARDER_CHECK(take_field(e, line.substr(0, colon), trim(line.substr(colon + 1))));
    }
    if (e.number == 0 || e.what.empty()) return error{errc::malformed, "a journal entry lacks a field"};
    return e;
}

result<journal_step> next_step(const store::ref_store& refs, journal_entry entry) {
    LARDER_TRY(const auto now, read_head(refs));
    entry.number = now.number + 1;
    entry.previous = now.last;
    const auto id = sha256(entry.write());
    std::vector<store::ref_change> changes{
        {std::string{head_name}, now.version, std::to_string(entry.number) + " " + id.hex()},
        {ref_name(entry.number), 0, id.hex()}};
    return journal_step{std::move(entry), std::move(changes)};
}

result<journal_step> make_step(store::object_store& objects, const store::ref_store& refs, journal_entry entry) {
    LARDER_TRY(auto step, next_step(refs, std::move(entry)));
    LARDER_CHECK(objects.put(step.entry.write(), step.entry.when));
    return step;
}

result<bool> fits(const store::ref_store& refs, const journal_step& step) {
    LARDER_TRY(const auto now, read_head(refs));
    return now.number + 1 == step.entry.number;
}

result<journal_entry> journal::append(journal_entry entry) {
    for (int tries = 0;; ++tries) {
        LARDER_TRY(auto step, make_step(objects_, refs_, entry));
        const auto done = refs_.change(step.refs);
        if (done) return std::move(step.entry);
        if (done.error().code() != errc::conflict || tries >= most_tries) return done.error();
    }
}

result<void> journal::each(std::size_t most, const entry_sink& take) const {
    LARDER_TRY(const auto refs, refs_.list(journal_prefix));
    const auto read = [this](const std::string& value) -> result<journal_entry> {
        LARDER_TRY(const auto id, digest::from_hex(value));
        LARDER_TRY(const auto text, objects_.read(id, most_entry));
        return journal_entry::read(text);
    };
    const auto skip = most == 0 || refs.size() <= most ? 0 : refs.size() - most;
    for (std::size_t i = skip; i < refs.size(); ++i) {
        const auto number = number_in(std::string_view{refs[i].first}.substr(journal_prefix.size()));
        if (!number) return error{errc::malformed, "the journal: '" + printable(refs[i].first, 60) + "' is no entry"};
        take(*number, read(refs[i].second.value));
    }
    return {};
}

result<std::vector<journal_entry>> journal::last(std::size_t most) const {
    std::vector<journal_entry> all;
    std::optional<error> trouble;
    LARDER_CHECK(each(most, [&](std::uint64_t number, result<journal_entry>&& one) {
        if (one)
            all.push_back(std::move(*one));
        else if (!trouble)
            trouble = one.error().in("the journal's entry " + std::to_string(number));
    }));
    if (trouble) return *trouble;
    return all;
}

result<std::vector<store::fetch_mark>> journal::marks() const {
    LARDER_TRY(const auto entries, last(0));
    std::vector<store::fetch_mark> all;
    for (const auto& one : entries)
        if (one.fetches) all.push_back({*one.fetches, "the journal's entry " + std::to_string(one.number)});
    return all;
}

result<std::uint64_t> journal::verify() const {
    LARDER_TRY(const auto end, read_head(refs_));
    LARDER_TRY(const auto refs, refs_.list(journal_prefix));
    std::optional<digest> before;
    std::uint64_t number = 0;
    for (const auto& [name, ref] : refs) {
        ++number;
        const auto where = "the journal's entry " + std::to_string(number);
        if (name != ref_name(number)) return error{errc::digest_mismatch, where + " is not there"};
        LARDER_TRY(const auto id, digest::from_hex(ref.value));
        const auto text = objects_.read(id, most_entry);
        if (!text) return text.error().in(where);
        const auto entry = journal_entry::read(*text);
        if (!entry) return entry.error().in(where);
        if (entry->number != number || entry->previous != before)
            return error{errc::digest_mismatch, where + " does not follow the one before it"};
        before = id;
    }
    if (number != end.number || before != end.last)
        return error{errc::digest_mismatch, "the journal ends with entry " + std::to_string(number) +
                                                ", and its head says " + std::to_string(end.number)};
    return number;
}

}  // namespace larder::deployments
