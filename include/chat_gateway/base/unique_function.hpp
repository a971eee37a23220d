#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace chat_gateway {

template <class Signature>
class unique_function;

/// A move-only std::function: holds handlers that own what they capture. Calling an empty one is a
/// broken invariant. (std::move_only_function is not in C++20.)
template <class R, class... Args>
class unique_function<R(Args...)> {
public:
    unique_function() = default;
    unique_function(std::nullptr_t) {}

    template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, unique_function> &&
             std::is_invocable_r_v<R, std::decay_t<F>&, Args...>) unique_function(F&& f)
        : target_(std::make_unique<holder<std::decay_t<F>>>(std::forward<F>(f))) {}

    R operator()(Args... args) { return target_->call(std::forward<Args>(args)...); }
    explicit operator bool() const noexcept { return target_ != nullptr; }

private:
    struct base {
        virtual ~base() = default;
        virtual R call(Args... args) = 0;
    };
    template <class F>
    struct holder final : base {
        explicit holder(F f) : function(std::move(f)) {}
        R call(Args... args) override { return function(std::forward<Args>(args)...); }
        F function;
    };
    std::unique_ptr<base> target_;
};

}  // namespace chat_gateway
