#include "deployments/sbom.hpp"
#include <json_text.hpp>
#include <larder/base/clock.hpp>

namespace larder::net::pinning {
namespace {

namespace json = boost::json;
using deployments::locked_package;
using deployments::lockfile;

/// A part of a package URL: all but the unreserved characters and the colon is encoded (purl-spec, "Character
/// encoding").
std::string purl_part(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                           c == '-' || c == '_' || c == '~' || c == ':';
        if (plain)
            out += c;
        else
            ((out += '%') += digits[byte >> 4]) += digits[byte & 15];
    }
    return out;
}

/// "pkg:deb/debian/hello@2.10-3?arch=amd64" (purl-spec, PURL-TYPES: deb).
std::string purl_of(const locked_package& one) {
    return "pkg:deb/" + purl_part(one.archive) + "/" + purl_part(one.name) + "@" + purl_part(one.version) +
           "?arch=" + purl_part(one.architecture);
}

std::string tool() { return "larder-" LARDER_VERSION; }

json::object spdx_package(const locked_package& one, const std::string& id) {
    return {{"SPDXID", id},
            {"name", one.name},
            {"versionInfo", one.version},
            {"downloadLocation", "NOASSERTION"},
            {"filesAnalyzed", false},
            {"sourceInfo", "built from the source package " + one.source},
            {"licenseConcluded", "NOASSERTION"},
            {"licenseDeclared", "NOASSERTION"},
            {"copyrightText", "NOASSERTION"},
            {"checksums", json::array{json::object{{"algorithm", "SHA256"}, {"checksumValue", one.content.hex()}}}},
            {"externalRefs", json::array{json::object{{"referenceCategory", "PACKAGE-MANAGER"},
                                                      {"referenceType", "purl"},
                                                      {"referenceLocator", purl_of(one)}}}}};
}

}  // namespace

std::string spdx(const lockfile& lock, const digest& id) {
    json::array packages, relations;
    for (const auto& one : lock.packages) {
        const auto name = "SPDXRef-Package-" + one.content.hex();
        packages.push_back(spdx_package(one, name));
        relations.push_back(json::object{
            {"spdxElementId", "SPDXRef-DOCUMENT"}, {"relationshipType", "DESCRIBES"}, {"relatedSpdxElement", name}});
    }
    const auto text = lock.write();
    return json_text(json::object{{"spdxVersion", "SPDX-2.3"},
                                  {"dataLicense", "CC0-1.0"},
                                  {"SPDXID", "SPDXRef-DOCUMENT"},
                                  {"name", lock.deployment + "@" + std::to_string(lock.generation)},
                                  // Another set of packages is another document, also of the same generation.
                                  {"documentNamespace", "urn:larder:" + id.hex() + ":" + sha256(text).hex()},
                                  {"creationInfo", json::object{{"created", format_iso(lock.made)},
                                                                {"creators", json::array{"Tool: " + tool()}}}},
                                  {"packages", std::move(packages)},
                                  {"relationships", std::move(relations)}});
}

std::string cyclonedx(const lockfile& lock, const digest& id) {
    json::array components;
    for (const auto& one : lock.packages)
        components.push_back(
            json::object{{"type", "library"},
                         {"bom-ref", one.content.hex()},
                         {"name", one.name},
                         {"version", one.version},
                         {"purl", purl_of(one)},
                         {"hashes", json::array{json::object{{"alg", "SHA-256"}, {"content", one.content.hex()}}}},
                         {"properties", json::array{json::object{{"name", "larder:source"}, {"value", one.source}}}}});
    return json_text(json::object{
        {"bomFormat", "CycloneDX"},
        {"specVersion", "1.5"},
        {"version", 1},
        {"metadata",
         json::object{{"timestamp", format_iso(lock.made)},
                      {"tools", json::object{{"components", json::array{json::object{{"type", "application"},
                                                                                     {"name", "larder"},
                                                                                     {"version", LARDER_VERSION}}}}}},
                      {"component", json::object{{"type", "platform"},
                                                 {"bom-ref", id.hex()},
                                                 {"name", lock.deployment},
                                                 {"version", std::to_string(lock.generation)}}}}},
        {"components", std::move(components)}});
}

}  // namespace larder::net::pinning
