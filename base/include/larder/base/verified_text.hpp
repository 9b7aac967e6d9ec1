#pragma once

#include <string>
#include <utility>
#include <vector>

namespace larder {

namespace signing {
class verifier;
}

/// The signed text of a Release file: exactly what the signature covers, nothing around it. Only
/// signing::verifier makes one, and index::parse_release takes nothing else, so an unverified
/// Release cannot be parsed by mistake. (GPGME reports a file with foreign text around its
/// signature as valid; only the plain output is free of it.)
class verified_text {
public:
    const std::string& text() const noexcept { return text_; }

    /// Full fingerprints (40 or 64 upper-case hex digits) of the trusted keys whose signatures are
    /// good; the signing subkey's and, where it differs, its primary key's. Never empty.
    const std::vector<std::string>& signers() const noexcept { return signers_; }

private:
    friend class signing::verifier;
    verified_text(std::string text, std::vector<std::string> signers)
        : text_{std::move(text)}, signers_{std::move(signers)} {}

    std::string text_;
    std::vector<std::string> signers_;
};

}  // namespace larder
