#pragma once

#include <larder/net/keys.hpp>
#include <larder/net/reply.hpp>
#include <site/pages.hpp>
#include <string>
#include <string_view>

namespace larder::net::site {

/// The page /pages/keys: the keys of archives that are published here, what each does and until when.
std::string keys_page(const overview& view, const key_list& all);

bool of_keys(std::string_view path);
/// Blocks.
site_reply answer_keys_page(engine& e);

}  // namespace larder::net::site
