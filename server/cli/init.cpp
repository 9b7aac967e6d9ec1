#include "init.hpp"
#include <arpa/inet.h>
#include <array>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <larder/base/file.hpp>
#include <larder/base/text.hpp>
#include <larder/config/draft.hpp>
#include <larder/config/load.hpp>
#include <memory>
#include <netdb.h>
#include <sys/socket.h>

namespace larder::cli {
namespace {

namespace fs = std::filesystem;

/// What a command prints; empty when it cannot be run. Only for commands spelt out here.
std::string output_of(const std::string& command) {
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe{::popen(command.c_str(), "re"), ::pclose};
    std::string out;
    std::array<char, 4096> part{};
    while (pipe) {
        const auto n = std::fread(part.data(), 1, part.size(), pipe.get());
        if (n == 0) break;
        out.append(part.data(), n);
    }
    return out;
}

std::vector<std::string> architectures_of_this_machine() {
    std::vector<std::string> all;
    const auto text = output_of("dpkg --print-architecture 2>/dev/null") +
                      output_of("dpkg --print-foreign-architectures 2>/dev/null");
    for (const auto a : words(text)) all.emplace_back(a);
    return all;
}

std::vector<std::string> resolve(const std::string& host) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* raw = nullptr;
    if (::getaddrinfo(host.c_str(), nullptr, &hints, &raw) != 0) return {};
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> list{raw, ::freeaddrinfo};
    std::vector<std::string> addresses;
    for (const auto* a = list.get(); a; a = a->ai_next) {
        std::array<char, NI_MAXHOST> text{};
        if (::getnameinfo(a->ai_addr, a->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) == 0)
            addresses.emplace_back(text.data());
    }
    return addresses;
}

std::string absolute(const std::string& path) {
    return path.empty() ? path : fs::absolute(path).lexically_normal().string();
}

config::apt_settings settings_of(const std::string& folder) {
    if (folder != "/etc/apt") return config::apt_settings_of(folder);
    return config::parse_apt_config(
        output_of("apt-config shell " + std::string{config::apt_config_arguments()} + " 2>/dev/null"));
}

config::draft_input input_of(const init_options& o, const config::apt_settings& apt, config::apt_sources& read) {
    config::draft_input in;
    in.architectures = architectures_of_this_machine();
    read = config::read_apt_sources(apt, in.architectures.empty() ? "" : in.architectures.front());
    in.sources = read.sources;
    in.trusted_keyrings = config::trusted_keyrings(apt);
    in.listen = o.listen;
    in.store_path = absolute(o.store_path);
    in.admin_socket = absolute(o.admin_socket);
    in.proxy = apt.proxy;
    in.check_valid_until = apt.check_valid_until;
    if (o.output != "-") in.folder = fs::path{absolute(o.output)}.parent_path().string();
    in.is_file = [](const std::string& path) {
        std::error_code failed;
        return fs::is_regular_file(path, failed);
    };
    in.resolve = resolve;
    return in;
}

result<void> write(const std::string& path, const std::string& bytes, unsigned mode) {
    LARDER_CHECK(make_folders(fs::path{path}.parent_path().string()));
    return replace_file(path, bytes, mode);
}

/// Keys and passwords first, so that the configuration never names what is not there.
result<void> write_all_of(const std::string& path, const config::draft_result& made) {
    for (const auto& file : made.files) LARDER_CHECK(write(file.path, file.bytes, file.mode));
    return write(path, made.text, 0644);
}

int failed(const std::string& what, int code) {
    std::cerr << "larder init: " << what << '\n';
    return code;
}

}  // namespace

int run_init(const init_options& o) {
    if (o.output.empty() || o.store_path.empty()) return failed("the output and the store need a path", 2);
    const bool to_stdout = o.output == "-";
    const auto path = to_stdout ? o.output : absolute(o.output);
    std::error_code ignored;
    if (!to_stdout && !o.force && fs::exists(path, ignored))
        return failed(path + " is there already; --force replaces it", 1);

    config::apt_sources read;
    const auto made = config::draft(input_of(o, settings_of(o.sources_dir), read));
    // What came from apt was checked on the way: what does not parse now came from the command line.
    if (const auto checked = config::parse(made.text, path, config::file_check::off); !checked)
        return failed("\n" + checked.error().detail(), 2);

    if (to_stdout) {
        std::cout << made.text;
        for (const auto& file : made.files) std::cerr << "not written, but named: " << file.path << '\n';
    } else if (const auto written = write_all_of(path, made); !written) {
        return failed(written.error().detail(), 1);
    }
    for (const auto& note : read.notes) std::cerr << "note: " << note << '\n';
    for (const auto& note : made.notes) std::cerr << "note: " << note << '\n';
    if (made.archives == 0) std::cerr << "note: no archive found; add one to " << path << " by hand\n";
    if (!to_stdout) std::cout << "Wrote " << path << " with " << made.archives << " archive(s).\n";
    return 0;
}

}  // namespace larder::cli
