#include "tools.hpp"
#include <catch2/catch.hpp>
#include <fcntl.h>
#include <filesystem>
#include <larder/base/file.hpp>
#include <spawn.h>
#include <sys/wait.h>

namespace larder::debs::test {
namespace {

/// In a shell, which changes to the folder first.
int spawn_and_wait(const std::vector<std::string>& command, const std::string& folder, const std::string& out,
                   const std::string& err) {
    std::vector<std::string> all{"sh", "-c", "cd \"$0\" && exec \"$@\"", folder};
    all.insert(all.end(), command.begin(), command.end());
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_addopen(&files, 2, err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    std::vector<char*> argv;
    for (auto& a : all) argv.push_back(a.data());
    argv.push_back(nullptr);
    std::vector<std::string> env{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "SOURCE_DATE_EPOCH=1700000000"};
    std::vector<char*> envp;
    for (auto& e : env) envp.push_back(e.data());
    envp.push_back(nullptr);
    pid_t pid = 0;
    const int failed = ::posix_spawnp(&pid, "sh", &files, nullptr, argv.data(), envp.data());
    posix_spawn_file_actions_destroy(&files);
    int status = 0;
    if (failed != 0 || ::waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) return -1;
    return WEXITSTATUS(status);
}

}  // namespace

std::string run(const std::vector<std::string>& command, const std::string& folder) {
    const scratch_folder answers;
    const int status = spawn_and_wait(command, folder, answers / "out", answers / "err");
    INFO(command.front() << ": " << read_file(answers / "err").value());
    REQUIRE(status == 0);
    return read_file(answers / "out").value();
}

void put(const std::string& path, std::string_view text) {
    std::filesystem::create_directories(std::filesystem::path{path}.parent_path());
    REQUIRE(replace_file(path, text));
}

std::string build_deb(const scratch_folder& folder, const std::string& name, const std::string& control,
                      const std::string& packed) {
    const auto root = folder / ("root-" + name);
    put(root + "/DEBIAN/control", control);
    put(root + "/usr/share/doc/" + name + "/copyright", "free\n");
    put(root + "/usr/share/" + name + "/a file with blanks", std::string(10'000, 'x'));
    put(root + "/usr/share/" + name + "/" + std::string(180, 'd') + "/" + std::string(120, 'n'), "a long path\n");
    std::filesystem::create_symlink("copyright", root + "/usr/share/doc/" + name + "/link");
    std::filesystem::permissions(root + "/DEBIAN", std::filesystem::perms{0755});
    auto file = name + ".deb";
    run({"dpkg-deb", "--root-owner-group", "--nocheck", "-Z" + packed, "-b", root, file}, folder.path());
    std::filesystem::remove_all(root);
    return folder / file;
}

std::string build_source(const scratch_folder& folder, const std::string& name, const std::string& version,
                         const std::string& more_fields) {
    const auto root = folder / ("source-" + name);
    const auto tree = root + "/" + name;
    const std::string maintainer = "Archive <archive@archive.example>";
    put(tree + "/debian/source/format", "3.0 (native)\n");
    put(tree + "/debian/changelog", name + " (" + version + ") stable; urgency=low\n\n  * First.\n\n -- " + maintainer +
                                        "  Tue, 14 Nov 2023 22:13:20 +0000\n");
    put(tree + "/debian/control", "Source: " + name + "\nMaintainer: " + maintainer +
                                      "\nSection: misc\nPriority: optional\nStandards-Version: 4.6.2\n" + more_fields +
                                      "\nPackage: " + name + "\nArchitecture: all\nDescription: a test\n of it\n");
    put(tree + "/debian/rules", "#!/usr/bin/make -f\n");
    run({"dpkg-source", "-b", tree}, root);
    run({"dpkg-genbuildinfo", "--build=source"}, tree);
    put(root + "/changes", run({"dpkg-genchanges", "--build=source"}, tree));
    std::filesystem::remove_all(tree);
    return root;
}

}  // namespace larder::debs::test
