#include "pockets/upload_desk.hpp"
#include "pockets/edition.hpp"
#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <larder/base/text.hpp>
#include <larder/core/status.hpp>
#include <larder/index/byte_source.hpp>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

namespace larder::net::publishing {
namespace {

/// Each is verified whenever a file comes that it may wait for.
constexpr std::ptrdiff_t most_waiting_changes = 50;
constexpr std::uint64_t most_changes = 1ULL << 20;
/// A .changes in a folder may be half written: it is judged when it has been quiet for so long.
constexpr std::chrono::seconds quiet_for{60};

bool is_changes(const std::string& name) { return debs::kind_of_file(name) == debs::file_kind::changes; }

/// What may be otherwise the next time, and is no fault of the upload's.
bool is_passing(errc code) {
    return code == errc::io || code == errc::full || code == errc::conflict || code == errc::cancelled ||
           code == errc::timeout || code == errc::upstream_down;
}

/// "contrib/net" -> "contrib"; "net" -> nothing: the pocket's first.
std::string component_in(const std::string& section) {
    const auto slash = section.rfind('/');
    return slash == std::string::npos ? std::string{} : section.substr(0, slash);
}

result<std::string> component_of(const debs::changes& upload) {
    std::optional<std::string> all;
    for (const auto& file : upload.files) {
        if (file.kind == debs::file_kind::buildinfo || file.section.empty() || file.section == "-") continue;
        const auto one = component_in(file.section);
        if (all && *all != one)
            return error{errc::refused,
                         "its files are of several components, by their sections: upload them one "
                         "component at a time"};
        all = one;
    }
    return all.value_or(std::string{});
}

/// A file of a folder that others write to: no link is followed, and nothing but an ordinary file read.
result<unique_fd> open_ordinary(const std::string& path, struct stat& st) {
    unique_fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
    if (!fd) return errno_error(errno, "opening " + path);
    if (::fstat(fd.get(), &st) != 0) return errno_error(errno, "opening " + path);
    if (!S_ISREG(st.st_mode)) return error{errc::refused, path + " is no ordinary file"};
    return fd;
}

}  // namespace

upload_desk::upload_desk(engine& e, pockets::pocket of)
    : e_{e}, of_{std::move(of)}, place_{e.routes()->options.store.path, of_} {}

result<const signing::verifier*> upload_desk::keys() {
    if (keys_) return keys_.get();
    std::vector<std::string> all;
    for (const auto& one : of_.uploaders) {
        LARDER_TRY(const auto ref, e_.store().refs().get(pockets::uploader_ref_of(of_, one.fingerprint)));
        if (ref) all.push_back(ref->value);
    }
    if (all.empty()) return error{errc::refused, "pocket " + of_.name() + " takes no uploads: it has no uploaders"};
    LARDER_TRY(keys_, signing::verifier::open(all));
    return keys_.get();
}

result<void> upload_desk::tidy() {
    LARDER_TRY(const auto gone, place_.remove_stale(e_.clock().now()));
    for (const auto& one : gone)
        if (is_changes(one.name)) note(one.name, "rejected", {}, "not all files that it lists came within a day");
    return {};
}

result<upload_desk::checked> upload_desk::check(const std::string& name, const std::string& bytes) {
    LARDER_TRY(const auto* const known_keys, keys());
    auto verified = known_keys->inline_signed(bytes);
    if (!verified && is_passing(verified.error().code())) return verified.error();
    if (!verified)
        return error{errc::bad_signature,
                     name + " is not signed by an uploader of " + of_.name() + ": " + verified.error().detail()};
    checked one;
    LARDER_TRY(one.upload, debs::read_changes(verified->text(), name));
    one.signed_text = sha256(verified->text());
    for (const auto& known : of_.uploaders)
        if (std::find(verified->signers().begin(), verified->signers().end(), known.fingerprint) !=
            verified->signers().end())
            one.by = "key " + known.fingerprint + (known.user_id.empty() ? "" : " " + known.user_id);
    if (one.by.empty()) one.by = "key " + verified->signers().front();
    return one;
}

result<upload_desk::checked> upload_desk::read_staged(const std::string& name) {
    LARDER_TRY(const auto bytes, read_file(place_.path_of(name), most_changes));
    return check(name, bytes);
}

std::vector<std::string> upload_desk::missing_of(const checked& one, const std::vector<waiting_file>& there) {
    std::vector<std::string> missing;
    for (const auto& file : one.upload.files)
        if (std::none_of(there.begin(), there.end(), [&](const auto& have) { return have.name == file.name; }))
            missing.push_back(file.name);
    return missing;
}

upload_answer upload_desk::take(staging::draft& file) {
    if (is_changes(file.name())) return take_changes(file);
    if (const auto fits = fits_what_waits(file); !fits) return answer_of(fits.error());
    if (const auto put = place_.put(file, e_.clock().now()); !put) return answer_of(put.error());
    upload_answer answer{201, file.name() + " is kept until a signed .changes names it"};
    const auto there = place_.files();
    if (!there) return answer_of(there.error());
    for (const auto& one : *there) {
        if (!is_changes(one.name)) continue;
        // Only those that speak of it: verifying takes its time.
        const auto bytes = read_file(place_.path_of(one.name), most_changes);
        if (!bytes || bytes->find(file.name()) == std::string::npos) continue;
        answer = look_at(one.name);
        if (answer.status == 202) answer.status = 201;
    }
    return answer;
}

/// Only what an uploader has signed takes the place of what waits.
upload_answer upload_desk::take_changes(staging::draft& file) {
    const auto bytes = read_file(file.path(), most_changes);
    if (!bytes) return answer_of(bytes.error());
    const auto one = check(file.name(), *bytes);
    if (!one && is_passing(one.error().code())) return answer_of(one.error());
    if (!one) return reject(file.name(), {}, one.error());
    const auto there = place_.files();
    if (!there) return answer_of(there.error());
    const auto waiting = std::count_if(there->begin(), there->end(), [](const auto& f) { return is_changes(f.name); });
    if (waiting >= most_waiting_changes)
        return {503, "too many uploads wait for their files already: try again when some are complete"};
    if (const auto put = place_.put(file, e_.clock().now()); !put) return answer_of(put.error());
    return settle(file.name(), *one);
}

/// What a signed .changes waits for must be what that lists: anybody may send files.
result<void> upload_desk::fits_what_waits(const staging::draft& file) {
    LARDER_TRY(const auto there, place_.files());
    for (const auto& waits : there) {
        if (!is_changes(waits.name)) continue;
        const auto bytes = read_file(place_.path_of(waits.name), most_changes);
        if (!bytes || bytes->find(file.name()) == std::string::npos) continue;
        const auto one = check(waits.name, *bytes);
        if (!one) continue;
        for (const auto& listed : one->upload.files) {
            if (listed.name != file.name()) continue;
            LARDER_TRY(const auto is, measure(file.path()));
            if (is.size != listed.size || is.content != listed.content)
                return error{errc::refused, file.name() + " is not the file that " + waits.name +
                                                " lists, which waits for it: its size or its SHA-256 differs"};
        }
    }
    return {};
}

upload_answer upload_desk::look_at(const std::string& changes) {
    const auto one = read_staged(changes);
    if (!one && is_passing(one.error().code())) return answer_of(one.error());
    if (!one) {
        // Who has not signed it says nothing of other files.
        place_.remove(changes);
        return reject(changes, {}, one.error());
    }
    return settle(changes, *one);
}

upload_answer upload_desk::settle(const std::string& changes, const checked& one) {
    const auto refused = [&](const error& why) {
        if (is_passing(why.code())) return answer_of(why);
        remove(changes, one);
        return reject(changes, one.by, why);
    };
    for (const auto& wanted : one.upload.distributions)
        if (wanted != of_.suite &&
            std::find(of_.distributions.begin(), of_.distributions.end(), wanted) == of_.distributions.end())
            return refused(error{errc::refused, changes + " is for " + printable(wanted, 100) + ", and not for " +
                                                    of_.suite + ": its Distribution says so"});
    const auto there = place_.files();
    if (!there) return answer_of(there.error());
    if (const auto missing = missing_of(one, *there); !missing.empty())
        return {202, changes + " waits for " + joined(missing)};
    if (const auto right = all_right(one); !right) {
        if (is_passing(right.error().code())) return answer_of(right.error());
        place_.remove(changes);
        return reject(changes, one.by, right.error());
    }
    const auto known = seen_before(one);
    if (!known) return refused(known.error());
    if (*known) {
        remove(changes, one);
        note(changes, "accepted", one.by, (*known)->text);
        return **known;
    }
    const auto report = include(one, false);
    if (!report) return refused(report.error());
    remove(changes, one);
    const auto text = report->made
                          ? changes + " is in " + of_.name() + ", publication " + std::to_string(report->pocket.head)
                          : changes + " brings nothing that " + of_.name() + " does not have";
    // It counts as taken, too: nobody brings it again when what it has is removed.
    if (!report->made) {
        const auto how = e_.store().refs().change(
            {{pockets::upload_ref_of(of_, one.signed_text), 0, std::to_string(report->pocket.head)}});
        if (!how && how.error().code() != errc::conflict) return answer_of(how.error());
    }
    note(changes, "accepted", one.by, text);
    return {200, text};
}

result<void> upload_desk::all_right(const checked& one) const {
    for (const auto& file : one.upload.files) {
        LARDER_TRY(const auto is, measure(place_.path_of(file.name)));
        if (is.size == file.size && is.content == file.content) continue;
        // The others are as they should be, whoever sent this one.
        place_.remove(file.name);
        return error{errc::digest_mismatch, file.name +
                                                " is not the file that is listed: its size or its SHA-256 "
                                                "differs; upload it and the .changes again"};
    }
    return {};
}

result<publication_report> upload_desk::include(const checked& one, bool dry_run) const {
    include_options o;
    o.pocket = of_.name();
    o.dry_run = dry_run;
    o.who.by = one.by;
    o.who.reason = "upload of " + one.upload.source.name + " " + one.upload.version;
    LARDER_TRY(o.component, component_of(one.upload));
    o.noted_as = pockets::upload_ref_of(of_, one.signed_text);
    for (const auto& file : one.upload.files)
        if (file.kind != debs::file_kind::other && file.kind != debs::file_kind::buildinfo)
            o.files.push_back(place_.path_of(file.name));
    auto report = include_packages(e_, o, [](const progress&) {});
    // People do not know where uploads wait.
    if (!report) {
        auto text = report.error().detail();
        for (auto at = text.find(place_.folder() + "/"); at != std::string::npos; at = text.find(place_.folder() + "/"))
            text.erase(at, place_.folder().size() + 1);
        return error{report.error().code(), std::move(text)};
    }
    return report;
}

result<std::optional<upload_answer>> upload_desk::seen_before(const checked& one) const {
    LARDER_TRY(const auto ref, e_.store().refs().get(pockets::upload_ref_of(of_, one.signed_text)));
    if (!ref) return std::optional<upload_answer>{};
    LARDER_TRY(const auto would, include(one, true));
    if (!would.changes.empty())
        return error{errc::stale, "this upload was taken into publication " + ref->value + " of " + of_.name() +
                                      " and has been replaced or removed since: it does not come back"};
    return std::optional{
        upload_answer{200, "this upload is in " + of_.name() + " already, since publication " + ref->value}};
}

upload_answer upload_desk::reject(const std::string& changes, const std::string& by, const error& why) {
    note(changes, "rejected", by, why.detail());
    return answer_of(why);
}

void upload_desk::remove(const std::string& changes, const checked& one) const {
    // The .changes first: without it nothing is looked at.
    place_.remove(changes);
    for (const auto& file : one.upload.files) place_.remove(file.name);
}

void upload_desk::note(const std::string& changes, std::string state, const std::string& by, const std::string& text) {
    e_.log().write(state == "rejected" ? log_level::warn : log_level::info, "an upload was " + state + ": " + text,
                   {{"pocket", of_.name()}, {"changes", changes}, {"by", by}});
    if (const auto noted = place_.note({e_.clock().now(), changes, std::move(state), by, text}); !noted)
        e_.log().write(log_level::error, "what became of an upload was not noted: " + noted.error().message());
}

result<void> upload_desk::look_again() {
    LARDER_CHECK(tidy());
    LARDER_TRY(const auto there, place_.files());
    for (const auto& one : there)
        if (is_changes(one.name)) static_cast<void>(look_at(one.name));
    return {};
}

result<std::vector<upload_row>> upload_desk::waiting() {
    std::vector<upload_row> all;
    LARDER_TRY(const auto there, place_.files());
    for (const auto& file : there) {
        if (!is_changes(file.name)) continue;
        const auto one = read_staged(file.name);
        if (!one) continue;
        const auto missing = missing_of(*one, there);
        all.push_back({file.since, file.name, "waiting", one->by,
                       missing.empty() ? "it is complete" : "it waits for " + joined(missing)});
    }
    return all;
}

result<void> upload_desk::look_at_folder(const std::stop_token& stop) {
    if (of_.incoming.empty()) return {};
    LARDER_TRY(const auto names, folder_names(of_.incoming));
    for (const auto& name : names) {
        if (stop.stop_requested()) break;
        if (!is_changes(name) || !debs::check_file_name(name)) continue;
        const auto path = of_.incoming + "/" + name;
        struct stat st {};
        const auto fd = open_ordinary(path, st);
        if (!fd || static_cast<std::uint64_t>(st.st_size) > most_changes) continue;
        const auto bytes = pread_all(fd->get(), static_cast<std::size_t>(st.st_size), 0, "reading " + path);
        if (!bytes) continue;
        const sys_seconds since{std::chrono::seconds{st.st_mtim.tv_sec}};
        const auto age = e_.clock().now() - since;
        const auto one = check(name, *bytes);
        if (!one) {
            if (age < quiet_for || is_passing(one.error().code())) continue;
            ::unlink(path.c_str());
            reject(name, {}, one.error());
            continue;
        }
        const auto whole = copy_out(name, *bytes, *one);
        if (!whole) {
            e_.log().write(log_level::error, "an incoming upload was not taken: " + whole.error().message(),
                           {{"pocket", of_.name()}, {"changes", name}});
            continue;
        }
        const bool late = age >= std::chrono::hours{24};
        if (!*whole && !late) continue;
        if (*whole) {
            const auto answer = look_at(name);
            if (answer.status == 503 || answer.status == 500) continue;
        } else {
            note(name, "rejected", one->by, "not all files that it lists came within a day");
        }
        ::unlink(path.c_str());
        for (const auto& file : one->upload.files) ::unlink((of_.incoming + "/" + file.name).c_str());
    }
    return {};
}

/// Copies an upload to where nobody else writes, when all of it is there.
result<bool> upload_desk::copy_out(const std::string& name, const std::string& bytes, const checked& one) {
    std::vector<unique_fd> open;
    for (const auto& file : one.upload.files) {
        struct stat st {};
        auto fd = open_ordinary(of_.incoming + "/" + file.name, st);
        if (!fd || static_cast<std::uint64_t>(st.st_size) != file.size) return false;
        open.push_back(std::move(*fd));
    }
    for (std::size_t i = 0; i < open.size(); ++i) {
        const auto& file = one.upload.files[i];
        LARDER_TRY(const auto there, place_.files());
        LARDER_CHECK(place_.check_room(there, file.name, file.size));
        LARDER_TRY(const auto draft, place_.begin(file.name, file.size));
        const auto in = index::file_source(std::move(open[i]));
        for (;;) {
            LARDER_TRY(const auto piece, in->next());
            if (piece.empty()) break;
            LARDER_CHECK(draft->append(piece));
        }
        LARDER_CHECK(place_.put(*draft, e_.clock().now()));
    }
    LARDER_TRY(const auto draft, place_.begin(name, bytes.size()));
    LARDER_CHECK(draft->append(bytes));
    LARDER_CHECK(place_.put(*draft, e_.clock().now()));
    return true;
}

}  // namespace larder::net::publishing
