#include "workshop.hpp"
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <larder/base/file.hpp>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace larder::signing::test {

namespace {

int spawn_and_wait(const arguments& args, const std::string& in, const std::string& out, const std::string& err) {
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, in.c_str(), O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_addopen(&files, 2, err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    std::vector<char*> argv;
    for (const auto& a : args) argv.push_back(const_cast<char*>(a.c_str()));
    argv.push_back(nullptr);
    pid_t pid = 0;
    const int failed = ::posix_spawnp(&pid, argv.front(), &files, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&files);
    if (failed != 0) return -1;
    int status = 0;
    if (::waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) return -1;
    return WEXITSTATUS(status);
}

}  // namespace

temporary_folder::temporary_folder()
    : path_{(std::filesystem::temp_directory_path() / "larder-signing-test-XXXXXX").string()} {
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error{"mkdtemp"};
}

temporary_folder::~temporary_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string temporary_folder::write(const std::string& name, std::string_view bytes) const {
    auto path = path_ + "/" + name;
    replace_file(path, bytes).value();
    return path;
}

workshop::~workshop() {
    spawn_and_wait({"gpgconf", "--homedir", home(), "--kill", "all"}, "/dev/null", "/dev/null", "/dev/null");
}

std::string workshop::gpg(arguments args, std::string_view input) {
    const auto in = home_.write("input", input);
    const auto out = home() + "/output";
    const auto err = home() + "/errors";
    const arguments first{"gpg",      "--homedir",    home(), "--batch", "--yes", "--no-tty", "--pinentry-mode",
                          "loopback", "--passphrase", "",     "--quiet"};
    args.insert(args.begin(), first.begin(), first.end());
    const int status = spawn_and_wait(args, in, out, err);
    INFO(read_file(err).value());
    REQUIRE(status == 0);
    return read_file(out).value();
}

std::string workshop::key(const std::string& name, const std::string& algorithm, const std::string& expires,
                          const arguments& when) {
    if (const auto known = keys_.find(name); known != keys_.end()) return known->second;
    auto args = when;
    args.insert(args.end(), {"--status-fd", "1", "--quick-gen-key", name, algorithm, "sign", expires});
    const auto status = gpg(args);
    const auto at = status.find("KEY_CREATED ");
    REQUIRE(at != std::string::npos);
    return keys_[name] = status.substr(at + 14, 40);
}

std::string workshop::keyring(const std::vector<std::string>& names, const arguments& more) {
    auto args = more;
    args.push_back("--export");
    for (const auto& name : names) args.push_back(key(name));
    return gpg(args);
}

arguments workshop::as(const std::vector<std::string>& names, const arguments& more) const {
    auto args = more;
    for (const auto& name : names) args.insert(args.end(), {"-u", keys_.at(name)});
    return args;
}

std::string workshop::clearsign(std::string_view text, const std::vector<std::string>& names, const arguments& more) {
    for (const auto& name : names) key(name);
    auto args = as(names, more);
    args.push_back("--clearsign");
    return gpg(args, text);
}

std::string workshop::detach(std::string_view text, const std::vector<std::string>& names, const arguments& more) {
    for (const auto& name : names) key(name);
    auto args = as(names, more);
    args.insert(args.end(), {"--armor", "--detach-sign"});
    return gpg(args, text);
}

std::string workshop::dearmour(std::string_view armoured) { return gpg({"--dearmor"}, armoured); }

std::string workshop::armour(std::string_view packets) {
    auto text = gpg({"--enarmor"}, packets);
    for (const std::string_view kind : {"ARMORED FILE", "ARMORED FILE"})
        text.replace(text.find(kind), kind.size(), "SIGNATURE");
    return text;
}

void workshop::revoke(const std::string& name) {
    // gpg writes one with every key, its armour disarmed by a colon.
    auto certificate = read_file(home() + "/openpgp-revocs.d/" + key(name) + ".rev").value();
    certificate.erase(certificate.find(":-----BEGIN"), 1);
    gpg({"--import"}, certificate);
}

workshop& shop() {
    static workshop w;
    return w;
}

std::unique_ptr<verifier> trusting(const std::vector<std::string>& names) {
    const temporary_folder folder;
    return verifier::open({folder.write("trusted.gpg", shop().keyring(names))}).value();
}

std::string signature_of(const std::string& clearsigned) {
    return clearsigned.substr(clearsigned.find("-----BEGIN PGP SIGNATURE"));
}

std::string head_of(const std::string& clearsigned) {
    return clearsigned.substr(0, clearsigned.find("-----BEGIN PGP SIGNATURE"));
}

}  // namespace larder::signing::test
