#include <algorithm>
#include <array>
#include <larder/base/text.hpp>
#include <larder/debs/names.hpp>
#include <larder/index/version.hpp>
#include <utility>

namespace larder::debs {
namespace {

constexpr std::array<std::pair<file_kind, std::string_view>, 6> endings{{{file_kind::deb, "deb"},
                                                                         {file_kind::udeb, "udeb"},
                                                                         {file_kind::ddeb, "ddeb"},
                                                                         {file_kind::dsc, "dsc"},
                                                                         {file_kind::buildinfo, "buildinfo"},
                                                                         {file_kind::changes, "changes"}}};

constexpr bool lower_or_digit(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
constexpr bool letter_or_digit(char c) noexcept { return lower_or_digit(c) || (c >= 'A' && c <= 'Z'); }

/// Begins with what `is` takes, and has nothing else but that and `signs`.
template <class Is>
bool made_of(std::string_view text, Is is, std::string_view signs) noexcept {
    return !text.empty() && is(text.front()) && std::all_of(text.begin(), text.end(), [&](char c) {
        return is(c) || signs.find(c) != std::string_view::npos;
    });
}

error no(std::string_view text, const char* what, const char* why) {
    return {errc::malformed, "'" + printable(text, 80) + "' is no " + what + ": " + why};
}

}  // namespace

file_kind kind_of_file(std::string_view name) noexcept {
    const auto dot = name.rfind('.');
    if (dot == std::string_view::npos) return file_kind::other;
    for (const auto& [kind, ending] : endings)
        if (name.substr(dot + 1) == ending) return kind;
    return file_kind::other;
}

std::string_view to_string(file_kind kind) noexcept {
    for (const auto& [one, ending] : endings)
        if (one == kind) return ending;
    return {};
}

result<void> check_package_name(std::string_view name) {
    constexpr auto what = "package's name";
    if (name.size() < 2) return no(name, what, "it has less than two characters");
    if (name.size() > 200) return no(name, what, "it is over 200 characters long");
    if (!made_of(name, lower_or_digit, "+-."))
        return no(name, what, "lower-case letters, digits and + - . only, the first a letter or digit");
    return {};
}

result<void> check_architecture(std::string_view name) {
    constexpr auto what = "architecture of a binary package";
    if (name.size() > 64 || !made_of(name, lower_or_digit, "-"))
        return no(name, what, "lower-case letters, digits and hyphens only, the first a letter or digit");
    if (name == "source" || name == "any" || name.starts_with("any-") || name.ends_with("-any"))
        return no(name, what, "it stands for none or several");
    return {};
}

result<void> check_component(std::string_view name) {
    for (const auto part : split(name, '/'))
        if (part.size() > 100 || !made_of(part, lower_or_digit, "+-."))
            return no(name, "component",
                      "lower-case letters, digits and + - . only, each part beginning with a letter or digit");
    return {};
}

result<void> check_file_name(std::string_view name) {
    if (name.size() > 250) return no(name, "file's name", "it is over 250 characters long");
    if (!made_of(name, letter_or_digit, "+-._~"))
        return no(name, "file's name", "letters, digits and + - . _ ~ only, the first a letter or digit");
    return {};
}

result<std::string_view> file_version(std::string_view version) {
    LARDER_CHECK(index::check_version(version));
    version.remove_prefix(version.find(':') + 1);  // npos + 1 is 0
    if (version.find(':') != std::string_view::npos)
        return no(version, "version", "a colon, where none can stand in the name of a file");
    if (version.size() > 200) return no(version, "version", "it is over 200 characters long");
    return version;
}

result<source_name> read_source_name(std::string_view field, std::string_view otherwise) {
    const auto open = field.find('(');
    const auto name = trim(field.substr(0, open));
    auto version = otherwise;
    if (open != std::string_view::npos) {
        version = trim(field.substr(open + 1));
        if (!version.ends_with(')')) return no(field, "source", "its version does not end with a bracket");
        version = trim(version.substr(0, version.size() - 1));
    }
    LARDER_CHECK(check_package_name(name));
    LARDER_CHECK(index::check_version(version));
    return source_name{std::string{name}, std::string{version}};
}

result<std::string> pool_folder(std::string_view component, std::string_view source) {
    LARDER_CHECK(check_component(component));
    LARDER_CHECK(check_package_name(source));
    const auto prefix = source.substr(0, source.starts_with("lib") ? 4 : 1);
    return "pool/" + std::string{component} + "/" + std::string{prefix} + "/" + std::string{source};
}

result<std::string> package_file_name(std::string_view name, std::string_view version, std::string_view architecture,
                                      file_kind kind) {
    LARDER_CHECK(check_package_name(name));
    LARDER_CHECK(check_architecture(architecture));
    LARDER_TRY(const auto short_version, file_version(version));
    if (kind != file_kind::deb && kind != file_kind::udeb && kind != file_kind::ddeb)
        return error{errc::malformed, "'" + std::string{name} + "' is not a binary package"};
    auto made = std::string{name} + "_" + std::string{short_version} + "_" + std::string{architecture} + "." +
                std::string{to_string(kind)};
    LARDER_CHECK(check_file_name(made));
    return made;
}

result<std::string> dsc_file_name(std::string_view source, std::string_view version) {
    LARDER_CHECK(check_package_name(source));
    LARDER_TRY(const auto short_version, file_version(version));
    auto made = std::string{source} + "_" + std::string{short_version} + ".dsc";
    LARDER_CHECK(check_file_name(made));
    return made;
}

}  // namespace larder::debs
