#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

// Without libFuzzer: runs the target once on each file named, and on those in each folder named. Fails
// when there is none, so that a lost corpus is noticed.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

bool replay(const fs::path& path) {
    std::ifstream file{path, std::ios::binary};
    const std::string bytes{std::istreambuf_iterator<char>{file}, {}};
    if (!file) {
        std::fprintf(stderr, "cannot read %s\n", path.c_str());
        return false;
    }
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    int count = 0;
    for (int i = 1; i < argc; ++i) {
        const fs::path path{argv[i]};
        if (!fs::is_directory(path)) {
            if (!replay(path)) return 1;
            ++count;
            continue;
        }
        for (const auto& entry : fs::recursive_directory_iterator{path}) {
            if (!entry.is_regular_file()) continue;
            if (!replay(entry.path())) return 1;
            ++count;
        }
    }
    std::printf("%d inputs replayed\n", count);
    if (count == 0) std::fprintf(stderr, "no input found: name files, or folders that hold some\n");
    return count == 0 ? 1 : 0;
}
