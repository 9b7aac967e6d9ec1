#include <json_text.hpp>
#include <larder/net/pocket_export.hpp>

namespace larder::net {

std::string to_json(const pocket_export_report& report) {
    namespace json = boost::json;
    json::array suites;
    for (const auto& one : report.suites)
        suites.push_back(json::object{{"suite", one.suite},
                                      {"publication", one.publication},
                                      {"former", one.former},
                                      {"date", format_iso(one.date)}});
    return json_text(json::object{{"archive", report.archive},
                                  {"to", report.to},
                                  {"suites", std::move(suites)},
                                  {"files", report.files},
                                  {"bytes", report.bytes},
                                  {"written", report.written},
                                  {"written_bytes", report.written_bytes},
                                  {"kept", report.kept},
                                  {"pruned", report.pruned},
                                  {"dry_run", report.dry_run}});
}

}  // namespace larder::net
