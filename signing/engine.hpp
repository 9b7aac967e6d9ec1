#pragma once

#include <gpgme.h>
#include <larder/base/error.hpp>
#include <memory>
#include <string>
#include <string_view>

namespace larder::signing {

/// Throws engine_error, "doing what: why", unless `err` is none.
void check(gpgme_error_t err, std::string_view doing);

/// What GPGME says of an error, one line.
std::string explain(gpgme_error_t err);

/// Throws engine_error unless there is a gpg to run, at this moment.
void require_gpg();

struct context_deleter {
    void operator()(gpgme_ctx_t c) const noexcept { gpgme_release(c); }
};
using context = std::unique_ptr<gpgme_context, context_deleter>;

/// A context for OpenPGP that works in `home` and is offline. For one thread at a time.
context make_context(const std::string& home);

struct data_deleter {
    void operator()(gpgme_data_t d) const noexcept { gpgme_data_release(d); }
};
using data = std::unique_ptr<gpgme_data, data_deleter>;

/// Reads from `bytes`, which must outlive it.
data read_from(std::string_view bytes);
/// Grows in memory.
data write_to_memory();
/// What was written to it.
std::string take_bytes(data);

struct key_deleter {
    void operator()(gpgme_key_t k) const noexcept { gpgme_key_unref(k); }
};
using key = std::unique_ptr<_gpgme_key, key_deleter>;

}  // namespace larder::signing
