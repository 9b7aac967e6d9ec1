#pragma once

#include <catch2/catch.hpp>
#include <cstdlib>
#include <larder/base/file.hpp>
#include <string>

/// Compares with a file of the source tree; LARDER_ACCEPT=1 writes it instead, and warns.
inline void check_golden(const std::string& path, const std::string& text) {
    const auto full = std::string{LARDER_SOURCE_DIR} + "/" + path;
    const char* accept = std::getenv("LARDER_ACCEPT");
    if (accept && std::string{accept} == "1") {
        REQUIRE(larder::replace_file(full, text).has_value());
        WARN("skipped: " << path << " was written anew");
        return;
    }
    const auto kept = larder::read_file(full);
    REQUIRE(kept.has_value());
    INFO(path << " is out of date: run this test with LARDER_ACCEPT=1 and look at the difference");
    CHECK(*kept == text);
}
