#include "small_archive.hpp"
#include <catch2/catch.hpp>

namespace larder::qa::test {

std::string stanza(const std::string& package, const std::string& fields) {
    const auto space = package.find(' '), colon = package.find(':');
    const auto name = package.substr(0, std::min(space, colon));
    const auto architecture = colon < space ? package.substr(colon + 1, space - colon - 1) : std::string{"amd64"};
    return "Package: " + name + "\nArchitecture: " + architecture + "\nVersion: " + package.substr(space + 1) + "\n" +
           fields + (fields.empty() ? "\n" : "\n\n");
}

small_archive::small_archive(std::vector<std::string> foreign)
    : all_{std::make_unique<universe>(architectures{"amd64", std::move(foreign)})} {}

index_reading small_archive::read(const std::string& text) {
    const auto made = all_->read(text);
    REQUIRE(made);
    packages_.insert(packages_.end(), made->packages.begin(), made->packages.end());
    now_.reset();
    return *made;
}

small_archive& small_archive::has(const std::string& package, const std::string& fields) {
    INFO(package);
    REQUIRE(read(stanza(package, fields)).packages.size() == 1);
    return *this;
}

package_id small_archive::id(const std::string& package) const {
    std::vector<package_id> found;
    for (package_id p = 0; p < all_->size(); ++p) {
        const auto k = all_->key(p);
        for (const auto& name : {k.name, k.name + ":" + k.architecture, k.name + " " + k.version,
                                 k.name + ":" + k.architecture + " " + k.version})
            if (name == package) found.push_back(p);
    }
    INFO(package);
    REQUIRE(found.size() == 1);
    return found.front();
}

installability& small_archive::now() {
    if (!now_) now_ = std::make_unique<installability>(installability{*all_}.with({}, packages_));
    REQUIRE(now_->holds_together());
    return *now_;
}

bool small_archive::installs(const std::string& package) { return now().of(id(package)) == verdict::installable; }
std::string small_archive::why_not(const std::string& package) { return to_string(now().explain(id(package))); }

namespace {

std::string any_of(dice& d, const std::vector<std::string>& all) {
    return all[d.below(static_cast<unsigned>(all.size()))];
}

std::string asked(dice& d, bool positive) {
    auto made = any_of(d, {"a", "b", "c", "d", "e", "f", "g", "v", "w"});
    made += any_of(d, {"", "", "", "", ":any", ":i386"});
    if (d.below(3) == 0) made += any_of(d, {" (= 1)", " (>= 2)", " (<< 2)", " (<= 2)", " (>> 1)"});
    if (positive && d.below(3) == 0) made += " | " + asked(d, false);
    return made;
}

std::string list(dice& d, const std::string& field, unsigned most, bool positive) {
    std::string made;
    for (auto n = d.below(most); n > 0; --n) made += (made.empty() ? field : ", ") + asked(d, positive);
    return made.empty() ? made : made + "\n";
}

}  // namespace

std::vector<std::string> random_stanzas(dice& d, unsigned count) {
    std::vector<std::string> all;
    for (unsigned i = 0; i < count; ++i) {
        auto fields = list(d, "Depends: ", 4, true) + list(d, "Pre-Depends: ", 2, true);
        fields += list(d, "Conflicts: ", 3, false) + list(d, "Breaks: ", 2, false);
        fields += any_of(d, {"", "", "Provides: v\n", "Provides: w (= 2)\n", "Provides: v (= 1), w\n"});
        fields += any_of(d, {"", "", "Multi-Arch: same\n", "Multi-Arch: foreign\n", "Multi-Arch: allowed\n"});
        const auto package = any_of(d, {"a", "b", "c", "d", "e", "f", "g"}) + any_of(d, {"", "", ":i386", ":all"});
        if (!fields.empty()) fields.pop_back();
        all.push_back(stanza(package + " " + any_of(d, {"1", "2", "3"}), fields));
    }
    return all;
}

}  // namespace larder::qa::test
