#include <charconv>
#include <larder/base/text.hpp>
#include <larder/index/release_text.hpp>
#include <larder/net/suite_state.hpp>

namespace larder::net {
namespace {

constexpr std::string_view format_field = "Larder-State";
constexpr std::string_view format_version = "1";

void write_file(std::string& out, std::string_view name, const std::optional<stored_file>& file) {
    if (!file) return;
    out += name;
    out += ": " + file->content.hex() + " " + std::to_string(file->size) + "\n";
}

result<stored_file> read_file(std::string_view value) {
    const auto parts = words(value);
    stored_file file;
    if (parts.size() != 2) return error{errc::malformed, "a state's manifest: not 'SHA256 SIZE'"};
    LARDER_TRY(file.content, digest::from_hex(parts[0]));
    const auto [end, ec] = std::from_chars(parts[1].data(), parts[1].data() + parts[1].size(), file.size);
    if (ec != std::errc{} || end != parts[1].data() + parts[1].size())
        return error{errc::malformed, "a state's manifest: not a size"};
    return file;
}

result<void> take_field(state_manifest& m, std::string_view name, std::string_view value) {
    if (name == "Archive")
        m.archive = value;
    else if (name == "Suite")
        m.suite = value;
    else if (name == "Signed-By") {
        for (const auto word : words(value)) m.signers.emplace_back(word);
    } else if (name == "Date") {
        LARDER_TRY(m.date, parse_timestamp(value));
    } else if (name == "Text") {
        LARDER_TRY(m.text, read_file(value));
    } else if (name == "InRelease") {
        LARDER_TRY(m.in_release, read_file(value));
    } else if (name == "Release") {
        LARDER_TRY(m.release, read_file(value));
    } else if (name == "Release.gpg") {
        LARDER_TRY(m.release_gpg, read_file(value));
    } else if (name == format_field && value != format_version) {
        return error{errc::unsupported,
                     "a state's manifest of format " + printable(value) + ": a newer Larder made it"};
    }
    return {};
}

}  // namespace

std::string state_manifest::write() const {
    std::string out{format_field};
    out += ": " + std::string{format_version} + "\n";
    out += "Archive: " + archive + "\nSuite: " + suite + "\nDate: " + format_timestamp(date) + "\nSigned-By:";
    for (const auto& signer : signers) out += " " + signer;
    out += "\n";
    write_file(out, "Text", text);
    write_file(out, "InRelease", in_release);
    write_file(out, "Release", release);
    write_file(out, "Release.gpg", release_gpg);
    return out;
}

result<state_manifest> state_manifest::read(std::string_view text) {
    state_manifest m;
    for (const auto line : split(text, '\n')) {
        if (line.empty()) continue;
        const auto colon = line.find(':');
        if (colon == std::string_view::npos)
            return error{errc::malformed, "a state's manifest: a line without a colon"};
        LARDER_CHECK(take_field(m, line.substr(0, colon), trim(line.substr(colon + 1))));
    }
    if (m.archive.empty() || m.suite.empty() || m.text.size == 0 || (!m.in_release && !(m.release && m.release_gpg)))
        return error{errc::malformed, "a state's manifest lacks a field"};
    return m;
}

suite_state::suite_state(digest id, state_manifest manifest, index::release release)
    : id_{id}, manifest_{std::move(manifest)}, release_{std::move(release)} {
    for (std::size_t i = 0; i < release_.files.size(); ++i) {
        const auto& file = release_.files[i];
        if (file.sha256) by_sha256_.emplace(*file.sha256, i);
        if (!file.sha512.empty()) by_sha512_.emplace(file.sha512, i);
    }
}

const index::release_file* suite_state::by_hash(std::string_view kind, std::string_view hex) const {
    if (kind == "SHA256") {
        const auto value = digest::from_hex(hex);
        if (!value) return nullptr;
        const auto found = by_sha256_.find(*value);
        return found == by_sha256_.end() ? nullptr : &release_.files[found->second];
    }
    if (kind == "SHA512") {
        const auto found = by_sha512_.find(to_lower(hex));
        return found == by_sha512_.end() ? nullptr : &release_.files[found->second];
    }
    return nullptr;
}

result<suite_state_ptr> load_state(const store::object_store& objects, const digest& id) {
    LARDER_TRY(const auto text, objects.read(id, 1 << 20));
    LARDER_TRY(auto manifest, state_manifest::read(text));
    LARDER_TRY(const auto signed_text, objects.read(manifest.text.content, 10'000'000));
    LARDER_TRY(auto release, index::detail::parse_release_text(signed_text));
    return std::make_shared<const suite_state>(id, std::move(manifest), std::move(release));
}

}  // namespace larder::net
