#pragma once

#include <chat_gateway/base/scheduler.hpp>
#include <chat_gateway/base/unique_function.hpp>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace chat_gateway::net {

using executor = boost::asio::io_context::executor_type;
/// TCP or AF_UNIX.
using stream_socket =
    boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol, executor>;

/// One thread's world, run as ticks: wait for one event, run what is ready (bounded) and what it
/// posted here, run the end-of-tick hooks. Everything but post() and stop() is for the loop's own
/// thread, or for before run() and after it has returned.
class event_loop final : public scheduler {
public:
    event_loop();
    event_loop(const event_loop&) = delete;
    event_loop& operator=(const event_loop&) = delete;
    ~event_loop() override;

    boost::asio::io_context& context() { return context_; }

    /// Until stop(). What is posted later never runs; it is destroyed by discard(), on no other
    /// loop's thread.
    void run();
    void stop();
    /// After run(): destroys what was posted and did not run, while what it refers to still exists.
    void discard();

    /// The only door between loops: runs `task` here, FIFO per sender; one wake-up for what piles
    /// up in between, none and no lock for what comes from the loop's own thread. Thread-safe.
    void post(unique_function<void()> task);

    /// Whether the caller is on the loop's own thread, and nothing waits here that it has posted:
    /// what it would post now may as well be done at once.
    [[nodiscard]] bool may_run_here() const;

    /// Runs behind every tick, in order of registration.
    void at_end_of_tick(unique_function<void()> hook) { hooks_.push_back(std::move(hook)); }

    time_point now() const override { return steady_clock::now(); }
    timer_id after(steady_clock::duration delay, unique_function<void()> task) override;
    void cancel(timer_id id) override;

    /// Shared by everything on the loop; contents do not outlive the handler that uses it.
    std::array<char, 64 * 1024>& receive_buffer() { return *receive_buffer_; }

private:
    void run_own_tasks();
    void run_mailbox();
    void arm_timer();
    void run_timers();

    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<executor> work_;
    std::vector<unique_function<void()>> hooks_;
    std::unique_ptr<std::array<char, 64 * 1024>> receive_buffer_;

    std::deque<unique_function<void()>> own_tasks_;  ///< posted by this loop's own thread

    std::mutex mailbox_mutex_;
    std::deque<unique_function<void()>> mailbox_;
    std::deque<unique_function<void()>> running_;  ///< taken out of it, not run yet

    boost::asio::steady_timer timer_;
    std::map<std::pair<time_point, timer_id>, unique_function<void()>> timers_;
    std::map<timer_id, time_point> timer_times_;
    timer_id next_timer_ = 1;
    time_point armed_for_ = time_point::max();
};

}  // namespace chat_gateway::net
