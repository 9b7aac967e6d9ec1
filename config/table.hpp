#pragma once

#include <cstdint>
#include <larder/base/result.hpp>
#include <larder/config/settings.hpp>
#include <larder/core/options.hpp>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The one declaration of every setting. Parser, `show`, sample and reference are loops over it.
namespace larder::config {

template <class S>
using member = std::variant<bool S::*, unsigned S::*, std::uint64_t S::*, core::milliseconds S::*, std::string S::*,
                            std::vector<std::string> S::*>;

/// Judges one string (or one entry of a list) and gives it back in its one form; the error's detail
/// says what is wrong and what to write, without naming the setting.
using check = result<std::string> (*)(std::string_view);

enum class need { optional, required };
/// What the path that is a setting's value (or each entry) leads to, and is looked at.
enum class names_file {
    no,
    yes,           ///< a readable file
    certificates,  ///< one with PEM certificates in it
    for_tls,       ///< a readable file, of the server only
    store,         ///< a store, or what may become one
};

template <class S>
struct setting {
    std::string_view key;
    member<S> where;
    std::string_view purpose;
    std::string_view example;  ///< as TOML
    applied when = applied::on_reload;
    check judge = nullptr;
    std::uint64_t least = 0;  ///< numbers; bytes; milliseconds
    std::uint64_t most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    need needed = need::optional;
    names_file file = names_file::no;
};

/// A table of the file: [name], or [[name]] for as many as there are.
template <class S>
struct section {
    std::string_view name;
    std::string_view purpose;
    S core::options::*one;                ///< or
    std::vector<S> core::options::*many;  ///< one of the two is null
    std::span<const setting<S>> settings;
};

const section<core::server_options>& server_section();
const section<core::log_options>& log_section();
const section<core::store_options>& store_section();
const section<core::upstream_options>& upstream_section();
const section<core::archive_options>& archive_section();
const section<core::token_options>& token_section();
const section<core::peer_options>& peer_section();

/// Calls `f(section)` for each, in the order of the file.
template <class F>
void for_each_section(F f) {
    f(server_section());
    f(log_section());
    f(store_section());
    f(upstream_section());
    f(archive_section());
    f(token_section());
    f(peer_section());
}

/// How a section is written: "[server]", "[[archive]]".
template <class S>
std::string header(const section<S>& s) {
    return s.many ? "[[" + std::string{s.name} + "]]" : "[" + std::string{s.name} + "]";
}

}  // namespace larder::config
