#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/pockets/registry.hpp>

namespace larder::pockets {
namespace {

error no_archive(std::string_view name) {
    return {errc::absent, "no local archive is called '" + printable(name, 60) + "': larder archive create makes one"};
}

error no_pocket(std::string_view name) {
    return {errc::absent, "there is no pocket " + printable(name, 110) + "; larder pocket list shows all"};
}

std::string ten_digits(std::uint64_t number) {
    const auto digits = std::to_string(number);
    return std::string(digits.size() < 10 ? 10 - digits.size() : 0, '0') + digits;
}

error changed_meanwhile(const error& why, const pocket& of) {
    if (why.code() != errc::conflict) return why;
    return {errc::conflict, "pocket " + of.name() + " was changed meanwhile; look at it again"};
}

result<pocket> as_pocket(const std::string& name, const store::ref& ref) {
    auto one = pocket::read(ref.value);
    if (!one) return one.error().in(name);
    if (std::string{pocket_prefix} + one->name() != name)
        return error{errc::malformed, name + ": it is the description of " + printable(one->name(), 110)};
    one->version = ref.version;
    return one;
}

}  // namespace

std::string holder_of(std::string_view archive) { return "local:" + std::string{archive}; }
std::string uploader_ref_of(const pocket& of, const std::string& fingerprint) {
    return "uploader/" + of.name() + "#" + fingerprint;
}

std::string upload_ref_of(const pocket& of, const digest& signed_text) {
    return "upload/" + of.name() + "#" + signed_text.hex();
}

std::string ref_of(const local_archive& of) { return std::string{archive_prefix} + of.name; }
std::string ref_of(const pocket& of) { return std::string{pocket_prefix} + of.name(); }
std::string ref_of(const pocket& of, std::uint64_t number) {
    return std::string{publication_prefix} + of.name() + "#" + ten_digits(number);
}

result<std::vector<local_archive>> registry::archives() const {
    std::vector<local_archive> all;
    LARDER_TRY(const auto refs, refs_.list(archive_prefix));
    for (const auto& [name, ref] : refs) {
        auto one = local_archive::read(ref.value);
        if (!one) return one.error().in(name);
        one->version = ref.version;
        all.push_back(std::move(*one));
    }
    return all;
}

result<local_archive> registry::find_archive(std::string_view name) const {
    LARDER_TRY(const auto all, archives());
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
    if (found == all.end()) return no_archive(name);
    return *found;
}

result<void> registry::create(const local_archive& made, std::vector<store::ref_change> also) {
    also.push_back({ref_of(made), 0, made.write()});
    auto how = refs_.change(also);
    if (!how && how.error().code() == errc::conflict)
        return error{errc::conflict, "there is a local archive '" + made.name + "' already"};
    return how;
}

result<void> registry::change(const local_archive& changed, std::vector<store::ref_change> also) {
    also.push_back({ref_of(changed), changed.version, changed.write()});
    auto how = refs_.change(also);
    if (!how && how.error().code() == errc::conflict)
        return error{errc::conflict, "archive '" + changed.name + "' was changed meanwhile; look at it again"};
    return how;
}

result<std::vector<pocket>> registry::pockets(std::string_view archive) const {
    std::vector<pocket> all;
    LARDER_TRY(const auto refs,
               refs_.list(std::string{pocket_prefix} + (archive.empty() ? "" : std::string{archive} + "/")));
    for (const auto& [name, ref] : refs) {
        LARDER_TRY(auto one, as_pocket(name, ref));
        all.push_back(std::move(one));
    }
    return all;
}

result<pocket> registry::find(std::string_view name) const {
    LARDER_TRY(const auto parsed, parse_pocket_name(name));
    const auto ref_name = std::string{pocket_prefix} + std::string{name};
    LARDER_TRY(const auto ref, refs_.get(ref_name));
    if (!ref) return no_pocket(name);
    return as_pocket(ref_name, *ref);
}

result<publication> registry::load(const pocket& of, std::uint64_t number) const {
    LARDER_TRY(const auto ref, refs_.get(ref_of(of, number)));
    if (!ref)
        return error{errc::absent, "pocket " + of.name() + " has no publication " + std::to_string(number) +
                                       "; larder pocket history " + of.name() + " shows all"};
    auto one = publication::read(ref->value);
    if (!one) return one.error().in(ref_of(of, number));
    return one;
}

result<std::vector<publication>> registry::history(const pocket& of, std::uint64_t most) const {
    std::vector<publication> all;
    for (auto number = of.head; number != 0 && all.size() < most; --number) {
        LARDER_TRY(auto one, load(of, number));
        all.push_back(std::move(one));
    }
    return all;
}

namespace {

/// What fits into a ref.
std::vector<std::string> parts_of(const std::vector<taken_package>& taken) {
    constexpr std::size_t most = 48 << 10;
    std::vector<std::string> all;
    for (const auto& one : taken) {
        auto line = write_taken({one});
        if (all.empty() || all.back().size() + line.size() > most) all.emplace_back();
        all.back() += line;
    }
    return all;
}

std::string taken_prefix(const pocket& of, std::uint64_t number) {
    return "taken/" + ref_of(of, number).substr(publication_prefix.size()) + ".";
}

/// So that parts come in their order.
std::string padded(std::size_t number) {
    auto text = std::to_string(number);
    return std::string(text.size() < 6 ? 6 - text.size() : 0, '0') + text;
}

}  // namespace

result<void> registry::load_taken(const pocket& of, publication& one) const {
    if (one.taken_count == 0) return {};
    LARDER_TRY(const auto parts, refs_.list(taken_prefix(of, one.number)));
    std::string text;
    for (const auto& [name, part] : parts) text += part.value;
    if (sha256(text) != one.taken_text)
        return error{errc::digest_mismatch, ref_of(of, one.number) + ": the list of what was taken is not its own"};
    LARDER_TRY(one.taken, read_taken(text));
    return {};
}

result<void> registry::publish(pocket of, const publication& next, std::vector<store::ref_change> also) {
    const auto expected = of.version;
    of.head = next.number;
    also.push_back({ref_of(of), expected, of.write()});
    also.push_back({ref_of(of, next.number), 0, next.write()});
    std::size_t count = 0;
    for (auto& part : parts_of(next.taken))
        also.push_back({taken_prefix(of, next.number) + padded(++count), 0, std::move(part)});
    const auto how = refs_.change(also);
    if (!how) return changed_meanwhile(how.error(), of);
    return {};
}

result<void> registry::change(const pocket& changed, std::vector<store::ref_change> also) {
    also.push_back({ref_of(changed), changed.version, changed.write()});
    const auto how = refs_.change(also);
    if (!how) return changed_meanwhile(how.error(), changed);
    return {};
}

}  // namespace larder::pockets
