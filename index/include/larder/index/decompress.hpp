#pragma once

#include <cstdint>
#include <larder/base/result.hpp>
#include <larder/index/byte_source.hpp>
#include <larder/index/kinds.hpp>
#include <memory>

namespace larder::index {

/// Unpacks what another source gives. As many members, streams or frames as there are, one after the
/// other (apt takes fewer: it rejects xz and bz2 of several streams, which is its upstream's loss).
///
/// next() fails with `malformed` when the input is damaged, cut short, empty, or followed by anything
/// else than another member; with `too_large` once there are more than `max_output` bytes (give it
/// the size that the Release names, so that a small file cannot become a large one), or when the
/// input demands more than 160 MiB of memory. Errors of the source are handed on. Only what comes
/// before the final empty piece may be used, and only if that came: a cut file may give pieces first.
///
/// Memory: 256 KiB for the output, and what the format demands: up to 64 MiB for xz -9, less for
/// others. This call itself fails with `too_large` or `unsupported` only when the library refuses to
/// start.
result<std::unique_ptr<byte_source>> decompress(std::unique_ptr<byte_source> in, compression, std::uint64_t max_output);

}  // namespace larder::index
