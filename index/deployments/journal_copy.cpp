#include <larder/base/number.hpp>
#include <larder/base/text.hpp>
#include <larder/deployments/journal_copy.hpp>

namespace larder::deployments {
namespace {

constexpr std::string_view seal_format = "Larder-Journal-Seal: 1\n", copy_format = "Larder-Journal-Copy: 1\n\n";
constexpr std::string_view begin_seal = "-----BEGIN PGP SIGNED MESSAGE-----\n",
                           begin_key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n";

error no_copy(const std::string& why) { return {errc::malformed, "no copy of a journal: " + why}; }

}  // namespace

std::string seal_ref(std::uint64_t number) {
    const auto digits = std::to_string(number);
    return std::string{seal_prefix} + std::string(digits.size() < 10 ? 10 - digits.size() : 0, '0') + digits;
}

std::string journal_seal::write() const {
    return std::string{seal_format} + "Number: " + std::to_string(number) + "\nEntry: " + entry.hex() +
           "\nWhen: " + format_timestamp(when) + "\n";
}

result<journal_seal> journal_seal::read(std::string_view text) {
    const error odd{errc::malformed, "a seal of the journal cannot be read"};
    if (!text.starts_with(seal_format)) return odd;
    journal_seal seal;
    for (const auto line : split(text.substr(seal_format.size()), '\n')) {
        const auto colon = line.find(": ");
        if (colon == std::string_view::npos) continue;
        const auto name = line.substr(0, colon), value = line.substr(colon + 2);
        if (name == "Number") {
            const auto number = number_in(value);
            if (!number) return odd;
            seal.number = *number;
        } else if (name == "Entry") {
            LARDER_TRY(seal.entry, digest::from_hex(value));
        } else if (name == "When") {
            LARDER_TRY(seal.when, parse_timestamp(value));
        }
    }
    if (seal.number == 0) return odd;
    return seal;
}

std::string journal_copy::write() const {
    std::string out{copy_format};
    for (const auto& one : entries) (out += one.write()) += "\n";
    return out + seal + key;
}

result<journal_copy> journal_copy::read(std::string_view text) {
    if (!text.starts_with(copy_format)) return no_copy("it does not begin with Larder-Journal-Copy: 1");
    text.remove_prefix(copy_format.size());
    journal_copy made;
    while (!text.empty() && !text.starts_with("-----BEGIN")) {
        const auto end = text.find("\n\n");
        if (end == std::string_view::npos) return no_copy("it ends within an entry");
        auto entry = journal_entry::read(text.substr(0, end + 1));
        if (!entry) return entry.error().in("entry " + std::to_string(made.entries.size() + 1));
        if (entry->write() != text.substr(0, end + 1))
            return no_copy("entry " + std::to_string(made.entries.size() + 1) + " is not as Larder writes it");
        made.entries.push_back(std::move(*entry));
        text.remove_prefix(end + 2);
    }
    const auto key = text.find(begin_key);
    if (key == std::string_view::npos) {
        if (!text.empty()) return no_copy("the key of its seal is missing");
        return made;
    }
    made.seal = text.substr(0, key);
    made.key = text.substr(key);
    if (!made.seal.empty() && !made.seal.starts_with(begin_seal)) return no_copy("its seal is no signed text");
    return made;
}

result<std::vector<digest>> journal_copy::check_chain() const {
    std::vector<digest> all;
    for (const auto& one : entries) {
        const auto before = all.empty() ? std::optional<digest>{} : std::optional{all.back()};
        if (one.number != all.size() + 1 || one.previous != before)
            return error{errc::digest_mismatch, "the journal's entry " + std::to_string(all.size() + 1) +
                                                    " does not follow the one before it"};
        all.push_back(sha256(one.write()));
    }
    return all;
}

result<std::uint64_t> check_seal(const journal_seal& seal, const std::vector<digest>& entries) {
    if (seal.number <= entries.size() && entries[seal.number - 1] == seal.entry) return seal.number;
    return error{errc::digest_mismatch, "entry " + std::to_string(seal.number) +
                                            " was another when it was signed, at " + format_iso(seal.when) +
                                            (seal.number > entries.size() ? ": it is missing" : "")};
}

}  // namespace larder::deployments
