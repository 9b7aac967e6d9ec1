#include "format.hpp"
#include <larder/config/settings.hpp>

namespace larder::config {

std::string setting_doc::path() const {
    return section == "archive" || section == "token" ? "[[" + section + "]] " + key : section + "." + key;
}

std::vector<setting_doc> settings() {
    std::vector<setting_doc> docs;
    for_each_section([&docs]<class S>(const section<S>& sec) {
        const S defaults{};
        for (const auto& s : sec.settings)
            docs.push_back({.section = std::string{sec.name},
                            .key = std::string{s.key},
                            .type = std::visit([&](auto m) { return std::string{type_name(defaults.*m)}; }, s.where),
                            .range = range_text(s),
                            .default_value = s.needed == need::required ? "required" : value_text(s, defaults),
                            .purpose = std::string{s.purpose},
                            .example = std::string{s.example},
                            .when = s.when});
    });
    return docs;
}

}  // namespace larder::config
