// larder_check_packages FILE…: what qa/ says of the packages in some Packages files, for the tests that compare it with
// other programs. One line a package, by name, version and architecture: "installable NAME VERSION ARCHITECTURE with
// NAME:ARCHITECTURE=VERSION …" or "broken NAME VERSION ARCHITECTURE because SENTENCES".

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <larder/base/file.hpp>
#include <larder/qa/installability.hpp>

namespace {

using namespace larder;

std::string exact(const qa::package_key& k) { return k.name + ":" + k.architecture + "=" + k.version; }
std::string plain(const qa::package_key& k) { return k.name + " " + k.version + " " + k.architecture; }

std::string said_of(const qa::universe& all, const qa::installability& now, qa::package_id p) {
    const auto self = plain(all.key(p));
    if (now.of(p) != qa::verdict::installable) return "broken " + self + " because " + to_string(now.explain(p));
    std::string with;
    for (const auto q : now.witness(p)) with += " " + exact(all.key(q));
    return "installable " + self + " with" + with;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Prints what is installable of some Packages files."};
    std::vector<std::string> files, foreign;
    std::string native = "amd64";
    app.add_option("packages", files, "Packages files, not compressed")->required();
    app.add_option("--native", native, "the machines' architecture");
    app.add_option("--foreign", foreign, "their further architectures");
    CLI11_PARSE(app, argc, argv);
    qa::universe all{{native, foreign}};
    std::vector<qa::package_id> packages;
    for (const auto& file : files) {
        const auto text = read_file(file);
        const auto read = text ? all.read(*text) : result<qa::index_reading>{text.error()};
        if (!read) {
            std::cerr << "larder_check_packages: " << file << ": " << read.error() << '\n';
            return 1;
        }
        packages.insert(packages.end(), read->packages.begin(), read->packages.end());
    }
    const auto now = qa::installability{all}.with({}, packages);
    std::vector<std::string> lines;
    for (const auto p : now.packages()) lines.push_back(said_of(all, now, p));
    std::sort(lines.begin(), lines.end());
    for (const auto& one : lines) std::cout << one << '\n';
    return 0;
}
