#include "pockets/export/bucket_listing.hpp"
#include <expat.h>
#include <functional>
#include <larder/base/number.hpp>
#include <larder/base/text.hpp>
#include <map>
#include <memory>
#include <optional>

namespace larder::net::publishing {
namespace {

// A page has at most 1,000 objects, a key at most 1,024 bytes.
constexpr std::size_t most_objects = 1000, most_word = 8192, most_depth = 16, most_xml = 16 << 20;

/// Walks through a document: calls `end` with the path of each element that ends ("ListBucketResult/Contents/Key") and
/// its text.
class walker {
public:
    using ended = std::function<void(const std::string& path, const std::string& text)>;

    explicit walker(ended end) : end_{std::move(end)}, parser_{XML_ParserCreate(nullptr)} {
        XML_SetUserData(parser_.get(), this);
        XML_SetElementHandler(parser_.get(), &on_start, &on_end);
        XML_SetCharacterDataHandler(parser_.get(), &on_text);
        // No entities of its own: nothing grows while it is read.
        XML_SetStartDoctypeDeclHandler(parser_.get(), &on_doctype);
    }

    result<void> read(std::string_view xml) {
        if (xml.size() > most_xml) return error{errc::too_large, "more XML than any answer has"};
        const auto how = XML_Parse(parser_.get(), xml.data(), static_cast<int>(xml.size()), XML_TRUE);
        if (why_) return *why_;
        if (how == XML_STATUS_OK) return {};
        return error{errc::malformed, std::string{"no XML: "} + XML_ErrorString(XML_GetErrorCode(parser_.get()))};
    }
    void stop(errc code, const char* why) {
        if (!why_) why_ = error{code, why};
        XML_StopParser(parser_.get(), XML_FALSE);
    }

private:
    struct freer {
        void operator()(XML_Parser p) const noexcept { XML_ParserFree(p); }
    };
    static walker& of(void* self) { return *static_cast<walker*>(self); }

    static void on_start(void* self, const XML_Char* name, const XML_Char**) noexcept {
        auto& me = of(self);
        if (me.starts_.size() >= most_depth) return me.stop(errc::too_large, "XML that is nested too deep");
        me.starts_.push_back(me.path_.size());
        if (!me.path_.empty()) me.path_ += '/';
        me.path_ += name;
        if (me.path_.size() > most_word) return me.stop(errc::too_large, "XML with names that are too long");
        me.text_.clear();
    }
    static void on_end(void* self, const XML_Char*) noexcept {
        auto& me = of(self);
        me.end_(me.path_, me.text_);
        me.path_.resize(me.starts_.back());
        me.starts_.pop_back();
        me.text_.clear();
    }
    static void on_text(void* self, const XML_Char* text, int size) noexcept {
        auto& me = of(self);
        me.text_.append(text, static_cast<std::size_t>(size));
        if (me.text_.size() > most_word) me.stop(errc::too_large, "XML with words that are too long");
    }
    static void on_doctype(void* self, const XML_Char*, const XML_Char*, const XML_Char*, int) noexcept {
        of(self).stop(errc::malformed, "XML with a document type of its own");
    }

    ended end_;
    std::unique_ptr<std::remove_pointer_t<XML_Parser>, freer> parser_;
    std::string path_, text_;
    std::vector<std::size_t> starts_;
    std::optional<error> why_;
};

std::string without_quotes(std::string text) {
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
    return text;
}

}  // namespace

result<bucket_listing> read_bucket_listing(std::string_view xml) {
    bucket_listing page;
    listed_object one;
    bool is_listing = false, truncated = false, bad_size = false, too_many = false;
    walker in{[&](const std::string& path, const std::string& text) {
        if (path == "ListBucketResult/Contents/Key") one.key = text;
        if (path == "ListBucketResult/Contents/ETag") one.etag = without_quotes(text);
        if (path == "ListBucketResult/Contents/Size") {
            const auto size = number_in(text);
            bad_size = bad_size || !size;
            one.size = size.value_or(0);
        }
        if (path == "ListBucketResult/Contents") {
            too_many = too_many || page.objects.size() >= most_objects;
            if (!too_many) page.objects.push_back(std::move(one));
            one = {};
        }
        if (path == "ListBucketResult/IsTruncated") truncated = text == "true";
        if (path == "ListBucketResult/NextContinuationToken") page.next = text;
        if (path == "ListBucketResult") is_listing = true;
    }};
    LARDER_CHECK(in.read(xml));
    if (too_many) return error{errc::too_large, "a page of a bucket's listing has more objects than it may have"};
    if (!is_listing || bad_size || truncated == page.next.empty())
        return error{errc::malformed, "it is no page of a bucket's listing"};
    return page;
}

std::string read_bucket_error(std::string_view xml) {
    std::map<std::string, std::string> words;
    walker in{[&](const std::string& path, const std::string& text) { words[path] = text; }};
    if (!in.read(xml) || words["Error/Code"].empty()) return {};
    return printable(words["Error/Code"], 100) + ": " + printable(words["Error/Message"], 300);
}

}  // namespace larder::net::publishing
