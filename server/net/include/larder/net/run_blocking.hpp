#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <larder/net/engine.hpp>

namespace larder::net {

template <class T>
T run_blocking(engine& e, awaitable<T> work) {
    return asio::co_spawn(e.parts().loop, std::move(work), asio::use_future).get();
}

}  // namespace larder::net
