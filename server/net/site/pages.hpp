#pragma once

#include <initializer_list>
#include <site/html.hpp>
#include <site/overview.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace larder::net::site {

/// The pages, rendered from plain values. No script, nothing from another host; the style sheet is
/// /pages/larder.css. `base` is visitor.hpp's base_url.
std::string home_page(const overview& view, std::string_view base);
std::string archive_page(const overview& view, const archive_view& archive, std::string_view base);
/// For those who asked for an archive's page that there is none of.
std::string lost_page(const overview& view, std::string_view wanted);
/// What a client machine needs, as text: for those who are no browser.
std::string usage_text(std::string_view base);

/// Of a piece that both pages have.
html suites_table(const overview& view, const archive_view& archive);
html mirrors_table(const archive_view& archive);
/// A .sources file for an archive in path mode.
std::string sources_stanza(const archive_view& archive, std::string_view base);

/// The page around `main`; `feed`: the URL of an Atom feed of it.
std::string frame(const overview& view, std::string_view title, const html& main, std::string_view feed = {});
/// "fresh", with its colour and a sign for those who do not see colours.
html badge(health_level level);
html badge(literal level, literal sign, literal words);
/// <time datetime="…">2026-11-21 06:30 UTC</time>
html moment(sys_seconds when);
/// A table that is one to a screen reader on a phone, too. The first cell of a row is its heading.
html table(literal css, std::string_view caption, std::initializer_list<literal> columns,
           const std::vector<std::vector<html>>& rows);
/// The same of columns that are named by what is shown.
html table(literal css, std::string_view caption, const std::vector<std::string>& columns,
           const std::vector<std::vector<html>>& rows);
void tile(html& out, literal name, std::string_view value, std::string_view note);
/// "1 suite", "63 000 suites".
std::string plural(std::size_t n, std::string_view one, std::string_view many);
std::string thousands(std::uint64_t n);

std::string_view style_sheet() noexcept;
std::string_view icon() noexcept;

}  // namespace larder::net::site
