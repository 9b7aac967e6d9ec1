#pragma once

#include <boost/system/result.hpp>
#include <larder/base/error.hpp>
#include <ostream>
#include <stdexcept>

namespace larder {

/// A value, or the error that a caller can answer. Ignoring one is a warning, and warnings are
/// errors. `*r` and `r.error()` are unchecked; `r.value()` throws `unanswered_error`.
template <class T>
class [[nodiscard]] result : public boost::system::result<T, error> {
public:
    using boost::system::result<T, error>::result;
};

/// For tests: whether it holds a value, or the error (Boost's own would demand a printable T).
template <class T>
std::ostream& operator<<(std::ostream& out, const result<T>& r) {
    return r.has_value() ? out << "a value" : out << r.error();
}

/// What `value()` throws: somebody expected a success and did not look.
class unanswered_error : public std::runtime_error {
public:
    explicit unanswered_error(const error& e) : std::runtime_error{e.message()}, error_{e} {}
    const error& why() const noexcept { return error_; }

private:
    error error_;
};

[[noreturn]] inline void throw_exception_from_error(const error& e, const boost::source_location&) {
    throw unanswered_error{e};
}

}  // namespace larder

#define LARDER_CAT_(a, b) a##b
#define LARDER_CAT(a, b) LARDER_CAT_(a, b)

/// `LARDER_TRY(auto x, f());` binds the value, or returns the error from this function.
/// Two statements, so never the body of an unbraced `if`.
#define LARDER_TRY(decl, expr) LARDER_TRY_(LARDER_CAT(larder_try_, __LINE__), decl, expr)
#define LARDER_TRY_(tmp, decl, expr)                    \
    auto tmp = (expr);                                  \
    if (tmp.has_error()) return std::move(tmp).error(); \
    decl = std::move(*tmp)

/// `LARDER_CHECK(f());` for a result<void>.
#define LARDER_CHECK(expr)                                                                                      \
    do {                                                                                                        \
        if (auto larder_check_r = (expr); larder_check_r.has_error()) return std::move(larder_check_r).error(); \
    } while (false)

/// The same two inside a coroutine; `expr` is one `co_await`, alone in its statement (see
/// docs/lessons/co-await-temporaries.md).
#define LARDER_CO_TRY(decl, expr) LARDER_CO_TRY_(LARDER_CAT(larder_try_, __LINE__), decl, expr)
#define LARDER_CO_TRY_(tmp, decl, expr)                    \
    auto tmp = (expr);                                     \
    if (tmp.has_error()) co_return std::move(tmp).error(); \
    decl = std::move(*tmp)
#define LARDER_CO_CHECK(expr) LARDER_CO_CHECK_(LARDER_CAT(larder_check_, __LINE__), expr)
#define LARDER_CO_CHECK_(tmp, expr) \
    auto tmp = (expr);              \
    if (tmp.has_error()) co_return std::move(tmp).error()
