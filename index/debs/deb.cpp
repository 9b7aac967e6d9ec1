#include "ar_reader.hpp"
#include "data_paths.hpp"
#include "tar_reader.hpp"
#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/debs/deb.hpp>
#include <larder/index/decompress.hpp>
#include <larder/index/version.hpp>

namespace larder::debs {
namespace {

using index::compression;

/// How `member` is packed, if it is STEM or STEM with an ending that stands for a compression.
std::optional<compression> packed_as(std::string_view member, std::string_view stem) {
    if (member == stem) return compression::none;
    const auto kind = index::compression_of(member);
    if (kind == compression::none || index::without_compression(member) != stem) return {};
    return kind;
}

class deb_reader {
public:
    deb_reader(index::byte_source& in, file_list want, const deb_limits& limits)
        : ar_{in, limits.file}, want_{want}, limits_{limits} {}

    result<binary_package> run(file_kind kind) {
        LARDER_CHECK(ar_.magic());
        LARDER_CHECK(format());
        LARDER_TRY(const auto first, needed_member("control.tar"));
        LARDER_CHECK(in_member(first, control(first)));
        LARDER_TRY(const auto second, needed_member("data.tar"));
        LARDER_CHECK(in_member(second, data(second)));
        LARDER_TRY(const auto another, next_member());
        if (another) return error{errc::malformed, "member '" + printable(another->name) + "' stands behind data.tar"};
        made_.kind = kind;
        made_.content = ar_.content();
        made_.size = ar_.size();
        LARDER_CHECK(fields());
        return std::move(made_);
    }

private:
    using member = detail::ar_reader::member;

    static result<void> in_member(const member& m, result<void> done) {
        if (!done) return done.error().in(printable(m.name));
        return {};
    }

    /// debian-binary: "2.0\n", and perhaps further lines (deb(5)).
    result<void> format() {
        LARDER_TRY(const auto first, ar_.next());
        if (!first || first->name != "debian-binary")
            return error{errc::malformed, "it is no package: its first member is not debian-binary"};
        const auto text = ar_.read_all(1024);
        if (!text) return text.error().in("debian-binary");
        const auto line = text->substr(0, text->find('\n'));
        const bool digits = line.size() > 2 && line.find_first_not_of("0123456789", 2) == std::string::npos;
        if (line.size() == text->size() || !digits || line[1] != '.')
            return error{errc::malformed, "debian-binary: no version of the format"};
        if (line[0] != '2') return error{errc::unsupported, "a package of format " + line + ", not 2.x"};
        return {};
    }

    /// The next one that means something here, or nothing.
    result<std::optional<member>> next_member() {
        for (;;) {
            LARDER_TRY(auto m, ar_.next());
            if (!m || !m->name.starts_with('_')) return m;
        }
    }

    result<member> needed_member(const std::string& stem) {
        LARDER_TRY(auto m, next_member());
        if (!m) return error{errc::malformed, "it has no member " + stem};
        if (!m->name.starts_with(stem))
            return error{errc::malformed, "member '" + printable(m->name) + "' stands where " + stem + " should"};
        if (m->size == 0) return error{errc::malformed, "member " + printable(m->name) + " is empty"};
        return std::move(*m);
    }

    result<std::unique_ptr<detail::tar_reader>> unpacked(const member& m, compression how, std::uint64_t most) {
        const auto fair = std::max(limits_.ratio_from, m.size > most / limits_.ratio ? most : m.size * limits_.ratio);
        LARDER_TRY(auto plain, index::decompress(ar_.rest_of_member(), how, std::min(most, fair)));
        return std::make_unique<detail::tar_reader>(std::move(plain),
                                                    detail::tar_limits{limits_.entries, limits_.path});
    }

    result<void> control(const member& m) {
        const auto how = packed_as(m.name, "control.tar");
        // dpkg has never taken the other two here.
        if (!how || *how == compression::bz2 || *how == compression::lzma || *how == compression::lz4)
            return error{errc::unsupported, "dpkg does not unpack it: .gz, .xz, .zst or nothing behind control.tar"};
        LARDER_TRY(const auto tar, unpacked(m, *how, limits_.control_tar));
        bool found = false;
        for (;;) {
            LARDER_TRY(const auto entry, tar->next());
            if (!entry) break;
            if (entry->path != "./control" && entry->path != "control") continue;
            if (std::exchange(found, true)) return error{errc::malformed, "two entries are called 'control'"};
            if (!entry->is_file) return error{errc::malformed, "'control' is no ordinary file"};
            LARDER_CHECK(take_control(*tar));
        }
        if (!found) return error{errc::malformed, "no entry is called 'control'"};
        return {};
    }

    result<void> take_control(detail::tar_reader& tar) {
        const auto text = tar.read_all(limits_.control.bytes);
        if (!text) return text.error().in("control");
        auto read = paragraph::read(*text, limits_.control);
        if (!read) return read.error().in("control");
        made_.control = std::move(*read);
        return {};
    }

    result<void> data(const member& m) {
        const auto how = packed_as(m.name, "data.tar");
        if (!how || *how == compression::lz4)
            return error{errc::unsupported,
                         "dpkg does not unpack it: .gz, .xz, .zst, .bz2, .lzma or nothing behind data.tar"};
        if (want_ == file_list::skipped) return {};
        LARDER_TRY(const auto tar, unpacked(m, *how, limits_.data_tar));
        LARDER_TRY(made_.files, detail::data_paths(*tar, limits_.paths));
        return {};
    }

    /// What an archive needs of the control data, checked.
    result<void> fields() {
        const auto& c = made_.control;
        LARDER_TRY(made_.name, c.need("Package"));
        LARDER_TRY(made_.version, c.need("Version"));
        LARDER_TRY(made_.architecture, c.need("Architecture"));
        LARDER_CHECK(check_package_name(made_.name));
        LARDER_CHECK(index::check_version(made_.version));
        LARDER_CHECK(check_architecture(made_.architecture));
        LARDER_CHECK(c.need("Maintainer"));
        LARDER_CHECK(c.need("Description"));
        const auto source = c.get("Source");
        LARDER_TRY(made_.source, read_source_name(source.empty() ? made_.name : source, made_.version));
        const auto type = c.get("Package-Type");
        if (!type.empty() && type != to_string(made_.kind))
            return error{errc::malformed, "its Package-Type is '" + printable(type, 40) + "', its name ends with ." +
                                              std::string{to_string(made_.kind)}};
        return {};
    }

    detail::ar_reader ar_;
    file_list want_;
    const deb_limits& limits_;
    binary_package made_;
};

}  // namespace

result<binary_package> read_deb(index::byte_source& in, std::string_view file, file_list want,
                                const deb_limits& limits) {
    const auto name = printable(file.substr(file.rfind('/') + 1));
    const auto kind = kind_of_file(file);
    if (kind != file_kind::deb && kind != file_kind::udeb && kind != file_kind::ddeb)
        return error{errc::unsupported, name + ": no binary package: its name ends with none of .deb, .udeb and .ddeb"};
    auto read = deb_reader{in, want, limits}.run(kind);
    if (!read) return read.error().in(name);
    return read;
}

}  // namespace larder::debs
