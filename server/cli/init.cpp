#include "init.hpp"
#include "service_user.hpp"
#include <arpa/inet.h>
#include <array>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <ifaddrs.h>
#include <iostream>
#include <larder/base/file.hpp>
#include <larder/base/file_owner.hpp>
#include <larder/base/text.hpp>
#include <larder/config/draft.hpp>
#include <larder/config/load.hpp>
#include <memory>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

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

/// As text; empty for what is no IP address.
std::string text_of(const sockaddr* address, socklen_t size) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(address, size, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0) return {};
    return text.data();
}

std::vector<std::string> addresses_of_this_machine() {
    ifaddrs* raw = nullptr;
    if (::getifaddrs(&raw) != 0) return {};
    const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> list{raw, ::freeifaddrs};
    std::vector<std::string> all;
    for (const auto* i = list.get(); i; i = i->ifa_next) {
        const auto family = i->ifa_addr != nullptr ? i->ifa_addr->sa_family : AF_UNSPEC;
        if (family != AF_INET && family != AF_INET6) continue;
        const auto text = text_of(i->ifa_addr, family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
        if (!text.empty()) all.push_back(text.substr(0, text.find('%')));  // without the interface
    }
    return all;
}

std::vector<std::string> resolve(const std::string& host) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* raw = nullptr;
    if (::getaddrinfo(host.c_str(), nullptr, &hints, &raw) != 0) return {};
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> list{raw, ::freeaddrinfo};
    std::vector<std::string> addresses;
    for (const auto* a = list.get(); a; a = a->ai_next)
        if (auto text = text_of(a->ai_addr, a->ai_addrlen); !text.empty()) addresses.push_back(std::move(text));
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
    in.own_addresses = addresses_of_this_machine();
    return in;
}

/// The group that a running server reads with, when this is root, who else would write what it cannot
/// read: that of the store, or else of the configuration that is there. Nothing when neither tells.
std::optional<gid_t> group_of_server(const std::string& store, const std::string& config) {
    if (::geteuid() != 0) return std::nullopt;
    if (const auto owner = owner_of_store(store)) return owner->group;
    struct stat st {};
    if (::stat(config.c_str(), &st) == 0 && st.st_gid != 0) return st.st_gid;
    return std::nullopt;
}

/// One that the server can look into, whatever root's umask is; as installing the package makes them.
result<void> make_folder(const std::string& path, std::optional<gid_t> server, unsigned mode) {
    std::error_code failed;
    if (fs::exists(path, failed)) return {};
    LARDER_CHECK(make_folders(path));
    if (!server) return {};
    const bool for_all = (mode & 0001U) != 0;
    const unique_fd made{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (!made || ::fchown(made.get(), ::geteuid(), for_all ? ::getegid() : *server) != 0 ||
        ::fchmod(made.get(), mode) != 0)
        return errno_error(errno, "giving " + path + " its owner and mode");
    return {};
}

/// What takes a file's place stays as readable as that was: its owner, group and mode. A new secret can
/// also be read by the server's group.
result<void> write(const std::string& path, const std::string& bytes, unsigned mode, std::optional<gid_t> server) {
    struct stat was {};
    file_owner owner;
    if (::stat(path.c_str(), &was) == 0) {
        // Only root can give a file away: another user's stays with the one who now wrote it.
        if (::geteuid() == 0) owner.user = was.st_uid;
        if (was.st_gid != ::getegid()) owner.group = was.st_gid;
        mode = was.st_mode & 07777U;
    } else if (const bool secret = (mode & 0004U) == 0; secret && server) {
        owner.group = *server;
        mode |= 0040U;
    }
    return replace_file(path, bytes, mode, owner);
}

/// Keys and passwords first, so that the configuration never names what is not there.
result<void> write_all_of(const std::string& path, const std::string& store, const config::draft_result& made) {
    const auto server = group_of_server(store, path);
    LARDER_CHECK(make_folder(fs::path{path}.parent_path().string(), server, 0755));
    for (const auto& file : made.files) {
        LARDER_CHECK(make_folder(fs::path{file.path}.parent_path().string(), server, 0750));
        LARDER_CHECK(write(file.path, file.bytes, file.mode, server));
    }
    return write(path, made.text, 0644, server);
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
    } else if (const auto written = write_all_of(path, absolute(o.store_path), made); !written) {
        return failed(written.error().detail(), 1);
    }
    for (const auto& note : read.notes) std::cerr << "note: " << note << '\n';
    for (const auto& note : made.notes) std::cerr << "note: " << note << '\n';
    if (made.archives == 0) std::cerr << "note: no archive found; add one to " << path << " by hand\n";
    if (!to_stdout) std::cout << "Wrote " << path << " with " << made.archives << " archive(s).\n";
    return 0;
}

}  // namespace larder::cli
