#include "made.hpp"
#include "pack.hpp"
#include <cstdio>
#include <cstring>
#include <larder/index/byte_source.hpp>

namespace larder::debs::test {
namespace {

std::string octal(std::size_t n, int digits) {
    char text[32];
    std::snprintf(text, sizeof text, "%0*zo", digits, n);
    return text;
}

std::string tar_head(const tar_entry& e) {
    std::string head(512, '\0');
    const auto put = [&](std::size_t at, std::string_view text) { head.replace(at, text.size(), text); };
    put(0, e.path);
    put(100, "0000644");
    put(108, "0000000");
    put(116, "0000000");
    put(124, octal(e.text.size(), 11));
    put(136, "14510000000");
    put(148, "        ");
    head[156] = e.type;
    if (e.type == '1' || e.type == '2') put(157, "target");
    put(257, std::string_view{"ustar\0"
                              "00",
                              8});
    std::size_t sum = 0;
    for (const char c : head) sum += static_cast<unsigned char>(c);
    put(148, octal(sum, 6) + std::string{"\0 ", 2});
    return head;
}

}  // namespace

std::string ar(const members& all) {
    std::string out = "!<arch>\n";
    for (const auto& [name, bytes] : all) {
        char head[61];
        std::snprintf(head, sizeof head, "%-16s%-12d%-6d%-6d%-8s%-10zu`\n", name.c_str(), 0, 0, 0, "100644",
                      bytes.size());
        out += head + bytes;
        if (bytes.size() % 2 != 0) out += '\n';
    }
    return out;
}

std::string tar(const std::vector<tar_entry>& entries) {
    std::string out;
    for (const auto& e : entries) {
        out += tar_head(e) + e.text;
        out.resize((out.size() + 511) / 512 * 512, '\0');
    }
    return out + std::string(1024, '\0');
}

std::string control_tar(const std::string& control) { return tar({{"./", "", '5'}, {"./control", control}}); }

std::string deb(const std::string& control, const std::vector<tar_entry>& data) {
    return ar({{"debian-binary", "2.0\n"}, {"control.tar", control_tar(control)}, {"data.tar", tar(data)}});
}

std::string packed_deb(index::compression how, const std::string& control_ending, const std::string& data_ending) {
    return ar({{"debian-binary", "2.0\n"},
               {"control.tar" + control_ending, pack(how, control_tar())},
               {"data.tar" + data_ending, pack(how, tar({{"./usr/bin/hello"}}))}});
}

result<binary_package> read(std::string_view bytes, const std::string& name, const deb_limits& limits, file_list want,
                            std::size_t piece) {
    const auto source = index::memory_source(bytes, piece);
    return read_deb(*source, name, want, limits);
}

}  // namespace larder::debs::test
