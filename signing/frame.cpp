#include "frame.hpp"
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <larder/base/file.hpp>
#include <sys/socket.h>

namespace larder::signing {
namespace {

constexpr std::uint32_t most_texts = 1000, most_text = 64U << 20;

error gone() { return {errc::io, "the process that signs has gone"}; }

result<void> send_all(int socket, const void* bytes, std::size_t size) {
    const auto* at = static_cast<const char*>(bytes);
    while (size != 0) {
        const auto n = ::send(socket, at, size, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return gone();
        at += n;
        size -= static_cast<std::size_t>(n);
    }
    return {};
}

result<void> receive_all(int socket, void* bytes, std::size_t size) {
    auto* at = static_cast<char*>(bytes);
    while (size != 0) {
        const auto n = ::recv(socket, at, size, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return gone();
        at += n;
        size -= static_cast<std::size_t>(n);
    }
    return {};
}

result<std::uint32_t> receive_number(int socket, std::uint32_t most) {
    std::uint32_t n = 0;
    LARDER_CHECK(receive_all(socket, &n, sizeof n));
    if (n > most) return error{errc::malformed, "an answer of the process that signs cannot be read"};
    return n;
}

/// Room for one descriptor beside a message.
union control {
    std::array<char, CMSG_SPACE(sizeof(int))> bytes;
    cmsghdr align;
};

}  // namespace

result<void> send_frame(int socket, const frame& what) {
    std::string bytes;
    const auto number = [&bytes](std::size_t n) {
        const auto narrow = static_cast<std::uint32_t>(n);
        bytes.append(reinterpret_cast<const char*>(&narrow), sizeof narrow);
    };
    number(what.size());
    for (const auto& text : what) {
        number(text.size());
        bytes += text;
    }
    return send_all(socket, bytes.data(), bytes.size());
}

result<frame> receive_frame(int socket) {
    frame all;
    LARDER_TRY(const auto count, receive_number(socket, most_texts));
    for (std::uint32_t i = 0; i < count; ++i) {
        LARDER_TRY(const auto size, receive_number(socket, most_text));
        all.emplace_back(size, '\0');
        LARDER_CHECK(receive_all(socket, all.back().data(), size));
    }
    return all;
}

result<void> send_descriptor(int socket, int descriptor) {
    char one = 0;
    iovec part{&one, 1};
    control beside{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = beside.bytes.data();
    message.msg_controllen = beside.bytes.size();
    auto* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(head), &descriptor, sizeof descriptor);
    for (;;) {
        if (::sendmsg(socket, &message, MSG_NOSIGNAL) == 1) return {};
        if (errno != EINTR) return gone();
    }
}

int receive_descriptor(int socket) {
    char one = 0;
    iovec part{&one, 1};
    control beside{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = beside.bytes.data();
    message.msg_controllen = beside.bytes.size();
    for (;;) {
        const auto n = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return -1;
        break;
    }
    const auto* head = CMSG_FIRSTHDR(&message);
    if (head == nullptr || head->cmsg_type != SCM_RIGHTS) return -1;
    int found = -1;
    std::memcpy(&found, CMSG_DATA(head), sizeof found);
    return found;
}

}  // namespace larder::signing
